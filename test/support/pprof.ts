import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "./program.js";

/** Reads profiles as their users do, with `go tool pprof`. */
export interface PprofReader {
  /** Its text for these options, such as `-top`. @throws Error with what it complained about */
  report(profile: Uint8Array, ...options: string[]): Promise<string>;
  /** What share of the samples that have this label each of its values has, 0 to 1. */
  shares(profile: Uint8Array, label: string, ...options: string[]): Promise<ReadonlyMap<string, number>>;
  /** Removes what it has written. */
  close(): void;
}

export function openPprof(): PprofReader {
  const folder = mkdtempSync(path.join(tmpdir(), "test-pprof-"));
  let files = 0;

  async function report(profile: Uint8Array, ...options: string[]): Promise<string> {
    const file = path.join(folder, `${++files}.pb.gz`);
    writeFileSync(file, profile);
    return run("go", ["tool", "pprof", "-symbolize=none", ...options, file]).output;
  }

  return {
    report,
    async shares(profile, label, ...options) {
      const text = await report(profile, "-tags", ...options);
      const shares = new Map<string, number>();
      let total = 0;
      let inside = false;
      for (const line of text.split("\n")) {
        const head = /^ *(\S+): Total/.exec(line);
        if (head !== null) inside = head[1] === label;
        const value = /^ +[\d.]+\S* \( *<?([\d.]+)%\): (\S.*)$/.exec(line);
        if (!inside || value === null) continue;
        shares.set(value[2] ?? "", Number(value[1]));
        total += Number(value[1]);
      }
      return new Map([...shares].map(([name, amount]) => [name, amount / total]));
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

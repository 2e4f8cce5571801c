import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { until } from "./until.js";

/** `sluice serve` in a process of its own, on ports that the system picks. */
export interface Served {
  readonly pid: number;
  /** @param door `rtmp`, `http` or `ops` */
  port(door: string): number;
  /** The log so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Processor time that it has used so far, milliseconds, in ticks of 10. Only on Linux. */
  cpuMs(): number;
  kill(): Promise<void>;
}

const DOORS = ["rtmp", "http", "ops"];
/** Linux's USER_HZ: fixed in what it shows to programs. */
const TICK_MS = 10;

/** Settles once it listens. What was built is what runs. */
export async function serve(...flags: string[]): Promise<Served> {
  const ports = DOORS.map((door) => `--${door}-port=0`);
  const child = spawn(process.execPath, ["dist/cli/main.js", "serve", ...ports, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines = (): Record<string, unknown>[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const listening = (): Record<string, unknown>[] => lines().filter(({ msg }) => msg === "listening");
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await until(() => ended() || DOORS.every((door) => listening().some(({ protocol }) => protocol === door)));
  if (ended()) throw new Error(`it ended before it listened:\n${out}`);
  return {
    pid: child.pid ?? 0,
    port: (door) => Number(listening().find(({ protocol }) => protocol === door)?.port),
    get lines() {
      return lines();
    },
    cpuMs() {
      const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

import { readReport } from "../../src/server/qos/read-report.js";
import { allowMediaError, type FuzzTarget, type Random } from "../target.js";

const KEYS = ["v", "sid", "sn", "ts", "sta", "pr", "bl", "mtp", "ltc", "dfa", "bs", "bsa", "bsda", "ec"];
const OURS = ["path", "rtt", "target", "bytes", "received", "decoded", "jumps", "reconnects"];

export const target: FuzzTarget = {
  name: "report",
  cases(random) {
    const text = JSON.stringify(anyReport(random));
    const bytes = new TextEncoder().encode(text);
    return random.chance(0.5) ? random.mutate(bytes) : bytes;
  },
  run(bytes) {
    allowMediaError(() => {
      const { sessionId, report } = readReport(new TextDecoder().decode(bytes), 1);
      if (!/^[\w-]{1,64}$/.test(sessionId)) throw new Error(`session ${sessionId}`);
      for (const [name, value] of Object.entries(report)) {
        if (typeof value === "number" && !(value >= 0 && Number.isFinite(value))) throw new Error(name);
      }
      // 16 errors of 64 characters, and twenty figures.
      if (JSON.stringify(report).length > 2_500) throw new Error("more is kept than was allowed");
    });
  },
};

/** Mostly a valid one, with a value here and there that is none. */
function anyReport(random: Random): object {
  const keys = [...KEYS, ...OURS.map((key) => `sluice-${key}`)].filter(() => random.chance(0.8));
  const valid: Record<string, unknown> = { v: 2, sid: "abc", sta: "p", bs: true, ec: ["timeout"] };
  const odd = (): unknown =>
    random.pick([
      -1,
      1e308,
      "x",
      "",
      null,
      true,
      [],
      {},
      ["a"],
      "constructor",
      "x".repeat(random.int(5_000)),
    ]);
  const entries = keys.map((key): [string, unknown] => {
    const usual = valid[key] ?? (key === "sluice-path" ? "mse" : random.int(2 ** 31));
    return [key, random.chance(0.05) ? odd() : usual];
  });
  return Object.fromEntries([["__proto__", 1], ...entries]);
}

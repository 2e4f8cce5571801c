import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../support/until.js";

/** What `npm test` has built: signals need a process of its own. */
const MAIN = "dist/cli/main.js";

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
});

interface Running {
  readonly pid: number;
  readonly out: () => string;
  readonly port: (protocol: string) => number;
  readonly exited: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

/** `sluice serve` in a process of its own, once it listens. */
async function serve(...flags: string[]): Promise<Running> {
  const started = spawn(
    process.execPath,
    [MAIN, "serve", "--rtmp-port=0", "--http-port=0", "--ops-port=0", ...flags],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  child = started;
  let out = "";
  started.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  const exited = new Promise<number | null>((resolve) => started.once("exit", resolve));
  const lines = (): Record<string, unknown>[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const listens = (): boolean => lines().filter(({ msg }) => msg === "listening").length === 3;
  await until(() => listens() || started.exitCode !== null);
  if (!listens()) throw new Error(`it ended before it listened:\n${out}`);
  return {
    pid: started.pid ?? 0,
    out: () => out,
    port: (protocol) => Number(lines().find((line) => line.protocol === protocol)?.port),
    exited,
    signal: (name) => void started.kill(name),
  };
}

/** How nice a thread is, 0 for most: field 19 of its `stat` (proc_pid_stat(5)), the name in parentheses being the second. */
function niceOf(process: number, thread: string): number {
  const stat = readFileSync(`/proc/${process}/task/${thread}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
}

describe("sluice serve, as a process", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("ends in order and with code 0 at %s", async (name) => {
    const { out, signal, exited } = await serve();
    signal(name);
    expect(await exited).toBe(0);
    expect(out()).toContain('"msg":"closed"');
  });

  it.runIf(process.platform === "linux")("lets its event loop go before its other threads", async () => {
    const { pid } = await serve("--workers=2");
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
    expect(children).toHaveLength(2);
    for (const one of [pid, ...children]) {
      const others = readdirSync(`/proc/${one}/task`).filter((thread) => Number(thread) !== one);
      const own = niceOf(one, `${one}`);
      // V8's four are there from the start; what begins later is like whoever began it.
      const giving = others.filter((thread) => niceOf(one, thread) > own);
      expect(giving.length).toBeGreaterThanOrEqual(4);
    }
  });

  it("takes a signal that comes twice at once for one, as npm passes Ctrl+C on", async () => {
    const { signal, exited } = await serve();
    signal("SIGINT");
    signal("SIGINT");
    expect(await exited).toBe(0);
  });

  it("does not wait for anyone at the second signal", async () => {
    const { signal, exited, out } = await serve("--shutdown-delay-ms=600000");
    signal("SIGTERM");
    // One that comes within half a second of the first is taken for the same.
    const again = setInterval(() => signal("SIGTERM"), 600);
    const code = await exited;
    clearInterval(again);
    expect([code, out().includes('"msg":"closed"')]).toEqual([1, false]);
  });
});

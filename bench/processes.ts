import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The server has one core; whoever loads it, publisher included, another. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const STOP_MS = 3_000;
const OPEN_MS = 15_000;

/** A Node.js process of ours. */
export interface Program {
  readonly pid: number;
  /** The next line on standard output that `wanted` makes something of. @throws Error when it ends before */
  line<T>(wanted: (line: string) => T | undefined): Promise<T>;
  /** Ends it, politely at first. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

/** Whether processes can be given a core each: elsewhere the figures are noisier. */
export function canPin(): boolean {
  return availableParallelism() >= 2 && spawnSync("taskset", ["--version"]).status === 0;
}

/** The file of a program beside this one, as it was translated. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** @param core undefined leaves it to the system */
export function startNode(args: readonly string[], core: number | undefined): Program {
  const command = [process.execPath, ...args];
  // taskset replaces itself with the program: the pid is the program's.
  if (core !== undefined) command.unshift("taskset", "-c", String(core));
  const child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", "inherit"] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${command.join(" ")}`);
  running.add(child);
  const exited = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    return `${args[0]} ended with ${String(signal ?? code)}`;
  });
  const lines = createInterface(child.stdout);
  return {
    pid,
    line: (wanted) =>
      new Promise((resolve, reject) => {
        lines.on("line", (line) => {
          const found = wanted(line);
          if (found !== undefined) resolve(found);
        });
        exited.then((how) => reject(new Error(how)), reject);
      }),
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** A port that nobody listens on, for programs that cannot pick one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Settles once somebody listens there. */
export async function untilOpen(port: number): Promise<void> {
  for (const end = performance.now() + OPEN_MS; performance.now() < end; await sleep(50)) {
    const socket = dial(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
  }
  throw new Error(`nothing listens on port ${port} after ${OPEN_MS / 1000} s`);
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** Another program at work. What it says on standard error belongs to the failure message, when it fails. */
export interface Program {
  readonly child: ChildProcess;
  /** All of its standard output, once it has ended by itself with code 0. @throws Error with what it complained about */
  readonly output: Promise<string>;
  /** What it has said on standard error so far. */
  readonly complaints: string;
  /** Ends it at once, as `kill -9` does, and settles when it is gone. */
  kill(): Promise<void>;
}

const running = new Set<Program>();

export function run(program: string, args: readonly string[]): Program {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const output = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      running.delete(handle);
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ${args.join(" ")}: ended with ${signal ?? code}\n${stderr}`));
    });
  });
  // Who kills it does not want to hear of it.
  output.catch(() => {});
  const handle: Program = {
    child,
    output,
    get complaints() {
      return stderr;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "close");
      child.kill("SIGKILL");
      await gone;
    },
  };
  running.add(handle);
  return handle;
}

/** Ends what a failed test left behind: for `afterAll`. */
export async function killPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()));
}

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { ServerOptions } from "../../src/server/index.js";
import { compareFigures, type Figures } from "./figures.js";
import type { Answers, Question } from "./server.js";

/** A server in its own process, with the demo clip on `live/demo`, and a view of what it holds. */
export interface MeasuredServer {
  readonly rtmpPort: number;
  readonly httpPort: number;
  ask<Q extends Question>(question: Q): Promise<Answers[Q]>;
  /** Waits until it has no more connections and viewers than told, and measures. */
  settle(left: Left): Promise<Figures>;
  /**
   * The same, and again for a while as long as it holds more than before: what is let go of may be gone a moment
   * later, such as the timer of Node's that keeps the date for a second.
   */
  settleAgain(before: Figures, left: Left): Promise<Figures>;
  /** Ends it in order. @throws Error when its process does not end by itself then */
  close(): Promise<void>;
  kill(): void;
}

/** What may still be there. */
export interface Left {
  readonly sockets: number;
  readonly viewers: number;
}

const POLL_MS = 50;
/** The demo's cached group of pictures grows and goes every two seconds: measured is when it is smallest. */
const SAMPLES = 5;
const SAMPLE_MS = 450;
/** What is under way when things are counted, such as a look at the kernel's table, is gone in the end: a leak is not. */
const PATIENCE_MS = 60_000;
const END_MS = 20_000;

export async function startMeasuredServer(options: ServerOptions = {}): Promise<MeasuredServer> {
  const program = await bundle();
  const child = fork(program, [JSON.stringify(options)], {
    // V8 would throw code away that has not run for a while: the heap would shrink and grow with it.
    execArgv: [
      "--expose-gc",
      "--no-flush-bytecode",
      "--enable-source-maps",
      "--disable-warning=ExperimentalWarning",
    ],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.once("exit", () => rmSync(program, { force: true }));
  const ask = asker(child);
  const { rtmp, http } = await ask("ports");
  // Nobody watches yet, and nothing but the demo is there.
  const idle = await ask("quiet");

  async function settle({ sockets, viewers }: Left): Promise<Figures> {
    for (;;) {
      const now = await ask("quiet");
      if (now.sockets <= idle.sockets + sockets && now.streams <= 1 && now.viewers <= viewers) break;
      await pause(POLL_MS);
    }
    let least = await ask("memory");
    for (let i = 1; i < SAMPLES; i++) {
      await pause(SAMPLE_MS);
      const memory = await ask("memory");
      if (memory.memory < least.memory) least = memory;
    }
    // Counting walks the whole heap: once is enough.
    return { ...least, ...(await ask("things")) };
  }

  return {
    rtmpPort: rtmp,
    httpPort: http,
    ask,
    settle,
    async settleAgain(before, left) {
      const until = performance.now() + PATIENCE_MS;
      for (;;) {
        const figures = await settle(left);
        if (compareFigures(before, figures).length === 0 || performance.now() > until) return figures;
      }
    },
    async close() {
      const gone = once(child, "exit");
      await ask("close");
      const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
      const [code, signal] = await gone;
      clearTimeout(timer);
      if (code !== 0)
        throw new Error(`the server ended with ${signal ?? `code ${code}`}: something kept it alive`);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

/** One file that Node can run, from the sources as they are. */
async function bundle(): Promise<string> {
  const outfile = path.resolve(`.cache/soak/server-${process.pid}-${Date.now()}.mjs`);
  await build({
    entryPoints: ["test/soak/server.ts"],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20.19",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return outfile;
}

function asker(child: ChildProcess): MeasuredServer["ask"] {
  let last = 0;
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  child.on("message", ({ id, answer }: { id: number; answer: unknown }) => {
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  child.on("exit", (code, signal) => {
    for (const { reject } of waiting.values())
      reject(new Error(`the server ended with ${signal ?? `code ${code}`}`));
    waiting.clear();
  });
  return (question) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      child.send({ question, id });
    });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

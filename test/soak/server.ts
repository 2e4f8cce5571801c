import { EventEmitter } from "node:events";
import { readdirSync } from "node:fs";
import { queryObjects } from "node:v8";
import { createServer, type ServerOptions } from "../../src/server/index.js";
import type { Counts, Figures } from "./figures.js";

/**
 * A server in a process of its own that its parent can look into: the channel belongs to the tests, the product has
 * no such thing. Needs --expose-gc.
 */

export type Question = "ports" | "counts" | "quiet" | "memory" | "things" | "close";

type Memory = Pick<Figures, "memory" | "heapUsed" | "external">;

export interface Answers {
  ports: { readonly rtmp: number; readonly http: number };
  counts: Counts;
  /** Sockets, streams and viewers, without a collection: to see whether all have gone. */
  quiet: { readonly sockets: number; readonly streams: number; readonly viewers: number };
  memory: Memory;
  things: Omit<Figures, keyof Memory>;
  close: null;
}

/** process.getActiveResourcesInfo's names of connections. */
const SOCKETS = ["TCPSocketWrap", "PipeWrap"];

const options = JSON.parse(process.argv[2] ?? "{}") as ServerOptions;
const live = createServer({
  logger: false,
  ...options,
  rtmp: { host: "127.0.0.1", port: 0, ...options.rtmp },
  http: { host: "127.0.0.1", port: 0, ...options.http },
});
const counts = { publish: 0, unpublish: 0, play: 0, stop: 0 };
for (const event of ["publish", "unpublish", "play", "stop"] as const) {
  live.on(event, () => {
    counts[event] += 1;
  });
}

const { rtmp, http } = await live.listen();
const demo = new AbortController();
const playing = live.playFile("assets/demo.flv", "live/demo", { loop: true, signal: demo.signal });

/** Nothing is copied here: what is measured is not to be disturbed by the measuring. */
const timer = setTimeout(() => {}, 0);
const Timer = timer.constructor;

const viewers = (): number => live.streams().reduce((sum, stream) => sum + stream.viewers, 0);

const answers: { readonly [Q in Question]: () => Answers[Q] | Promise<Answers[Q]> } = {
  ports: () => ({ rtmp: rtmp?.port ?? 0, http: http?.port ?? 0 }),
  counts: () => counts,
  quiet: () => ({
    sockets: process.getActiveResourcesInfo().filter((name) => SOCKETS.includes(name)).length,
    streams: live.streams().length,
    viewers: viewers(),
  }),
  async memory() {
    for (let i = 0; i < 2; i++) {
      // A turn between them: what a finalizer lets go of is free only then.
      await new Promise((resolve) => setTimeout(resolve, 20));
      globalThis.gc?.();
    }
    const { heapUsed, external } = process.memoryUsage();
    return { memory: heapUsed + external, heapUsed, external };
  },
  things() {
    return {
      handles: process.getActiveResourcesInfo().length,
      descriptors: descriptors(),
      listeners: listeners(),
      emitters: queryObjects(EventEmitter as never, { format: "count" }) as unknown as number,
      signals: queryObjects(AbortSignal as never, { format: "count" }) as unknown as number,
      timers: queryObjects(Timer as never, { format: "count" }) as unknown as number,
      streams: live.streams().length,
      viewers: viewers(),
    };
  },
  async close() {
    demo.abort();
    await playing;
    await live.close();
    return null;
  },
};

function descriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function listeners(): number {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
  const emitters = [process, ..._getActiveHandles.call(process)].filter(
    (each) => each instanceof EventEmitter,
  );
  let sum = 0;
  for (const emitter of emitters as EventEmitter[]) {
    for (const name of emitter.eventNames()) sum += emitter.listenerCount(name);
  }
  return sum;
}

process.on("message", async ({ question, id }: { question: Question; id: number }) => {
  const answer = await answers[question]();
  process.send?.({ id, answer });
  if (question !== "close") return;
  // Nothing is left that keeps it alive: it ends by itself, or has leaked a handle.
  process.off("disconnect", abandon);
  process.disconnect();
});
process.on("disconnect", abandon);

/** Whoever asked is gone: nobody would end this process. */
function abandon(): void {
  process.exit(1);
}

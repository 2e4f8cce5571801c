import type { Hub } from "../../hub/hub.js";
import { readPackets } from "../../hub/packet-reader.js";
import { Refused } from "../../hub/refused.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Stream } from "../../hub/stream.js";
import type { Packet } from "../../media/model/packet.js";
import type { Exchange } from "../contract/exchange.js";
import type { Logger } from "../contract/logger.js";
import { parseStreamKey } from "../net/stream-name.js";
import { BoundedMap } from "../qos/bounded-map.js";
import { RateLimiter } from "../qos/rate-limiter.js";
import { refuse } from "./answer.js";

export interface SnapshotsInit {
  /** Where the streams are, those of other processes too. */
  readonly hub: Hub;
  /** A key frame as JPEG. What it throws may have a `code`: `busy`, `no-engine`, `unsupported`, … */
  readonly encode: (keyFrame: Packet, signal: AbortSignal) => Promise<Uint8Array>;
  readonly scheduler: Scheduler;
  readonly log: Logger;
}

/** `GET /api/v1/streams/APP/NAME/snapshot.jpg`. */
export interface Snapshots {
  serve(exchange: Exchange, key: string): Promise<void>;
  /** A publisher has gone: the picture is none of what comes next. */
  forget(key: string): void;
  close(): void;
}

/** A stream's picture is not asked after more often. */
const FRESH_MICROS = 1_000_000;
/** Where no group of pictures is cached, the next key frame is waited for. */
const KEY_WAIT_MS = 5_000;
/** Pictures that are kept, a few hundred kilobytes each. */
const MAX_KEPT = 100;
/** New pictures of all streams of this process. */
const RATE = { perSecond: 10, burst: 20, maxKeys: 1 };

interface Shot {
  readonly jpeg: Uint8Array;
  readonly packet: Packet;
}

/** Why there is no picture, as the API answers it. */
interface Problem {
  readonly status: 404 | 503;
  readonly error: string;
  readonly message: string;
  readonly retry: boolean;
}

interface Entry {
  shot: Shot | undefined;
  /** The last answer, where it was no picture. */
  problem: Problem | undefined;
  /** When it was last looked for, microseconds. */
  at: number;
  pending: Promise<void> | undefined;
}

export function createSnapshots({ hub, encode, scheduler, log }: SnapshotsInit): Snapshots {
  const entries = new BoundedMap<Entry>(MAX_KEPT);
  const rate = new RateLimiter(RATE);
  const closing = new AbortController();

  /** One at a time for each stream: who comes meanwhile waits for the same. */
  async function refresh(key: string, entry: Entry): Promise<void> {
    try {
      // Who has begun to publish and has not said what is waited for; for another process's stream the hub waits by itself.
      const isPublished = (): boolean => hub.stream(key)?.publisher !== undefined;
      const stream = await hub.whenLive(key, isPublished() ? KEY_WAIT_MS : 0, closing.signal);
      if (stream === undefined && !isPublished())
        throw problem(404, "not-found", `Nobody publishes ${key}.`, false);
      const packet = stream && (await keyFrameOf(stream, scheduler, closing.signal));
      if (packet === undefined) throw problem(503, "no-key-frame", `${key} has sent no key frame yet.`, true);
      if (entry.shot === undefined || !sameFrame(entry.shot.packet, packet)) {
        if (!rate.take("all", scheduler.now())) {
          throw problem(503, "busy", "Too many pictures are being made.", true);
        }
        entry.shot = { jpeg: await encode(packet, closing.signal), packet };
      }
      entry.problem = undefined;
    } catch (error) {
      entry.problem = explain(error, key);
      // A picture that is a little old is better than none; what is not there may be, the next moment.
      if (entry.problem.status === 404) {
        entry.shot = undefined;
        if (entries.get(key) === entry) entries.delete(key);
      }
      if (!isProblem(error)) log.warn({ err: error, stream: key }, "no snapshot could be made");
    } finally {
      entry.at = scheduler.now();
      entry.pending = undefined;
    }
  }

  return {
    async serve(exchange, key) {
      if (parseStreamKey(key) === undefined) {
        refuse(exchange, 404, "not-found", `There is no stream ${key}.`);
        return;
      }
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = { shot: undefined, problem: undefined, at: Number.NEGATIVE_INFINITY, pending: undefined };
        entries.set(key, entry);
      }
      if (entry.pending !== undefined || scheduler.now() - entry.at >= FRESH_MICROS) {
        entry.pending ??= refresh(key, entry);
        await entry.pending;
      }
      if (entry.shot !== undefined) replyPicture(exchange, entry.shot);
      else if (entry.problem !== undefined) replyProblem(exchange, entry.problem);
    },
    forget: (key) => entries.delete(key),
    close: () => closing.abort(),
  };
}

/** The newest key frame that is cached, or else the next one; undefined where none came in time. */
async function keyFrameOf(
  stream: Stream,
  scheduler: Scheduler,
  signal: AbortSignal,
): Promise<Packet | undefined> {
  const over = new AbortController();
  const cancel = scheduler.after(KEY_WAIT_MS, () => over.abort());
  // It is no viewer, and need not outlive this publisher.
  const request = { format: undefined, selection: { video: true, audio: false }, onePublication: true };
  try {
    const ends = AbortSignal.any([signal, over.signal]);
    for await (const packet of readPackets((sink) => stream.subscribe({ ...request, sink }), ends)) {
      if (packet.track.kind === "video" && packet.key) return packet;
    }
    return undefined;
  } finally {
    cancel();
  }
}

function sameFrame(a: Packet, b: Packet): boolean {
  return a === b || (a.dts === b.dts && a.receivedAt === b.receivedAt && a.data.length === b.data.length);
}

function replyPicture(exchange: Exchange, { jpeg, packet }: Shot): void {
  const etag = `"${packet.receivedAt.toString(36)}-${packet.dts.toString(36)}"`;
  const headers = {
    // Whoever may have it asks again, and is told in a few bytes where it is still the same.
    "Cache-Control": "private, no-cache",
    ETag: etag,
    "Last-Modified": new Date(packet.receivedAt / 1_000).toUTCString(),
    "X-Content-Type-Options": "nosniff",
  };
  if (exchange.headers["if-none-match"] === etag) exchange.reply(304, headers);
  else exchange.reply(200, { ...headers, "Content-Type": "image/jpeg" }, jpeg);
}

function replyProblem(exchange: Exchange, { status, error, message, retry }: Problem): void {
  refuse(exchange, status, error, message, retry ? { "Retry-After": "1" } : {});
}

class ProblemError extends Error {
  readonly problem: Problem;

  constructor(found: Problem) {
    super(found.message);
    this.name = "ProblemError";
    this.problem = found;
  }
}

function problem(status: 404 | 503, error: string, message: string, retry: boolean): ProblemError {
  return new ProblemError({ status, error, message, retry });
}

function isProblem(error: unknown): boolean {
  return error instanceof ProblemError || error instanceof Refused || codeOf(error) === "busy";
}

function explain(error: unknown, key: string): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Refused) {
    if (error.code === "no-tracks") {
      return {
        status: 404,
        error: "no-picture",
        message: `${key} has no picture, only sound.`,
        retry: false,
      };
    }
    return { status: 503, error: error.code, message: `${error.message}.`, retry: true };
  }
  const code = codeOf(error) ?? "failed";
  const message = error instanceof Error ? error.message : "It could not be made.";
  return { status: 503, error: code, message, retry: code === "busy" || code === "timeout" };
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

import type { Hardware } from "../../av/task.js";
import type { Hub } from "../../hub/hub.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { Logger } from "../contract/logger.js";
import { mediaJob, type Tracer } from "../contract/trace.js";
import { linkPublisher } from "../observe/trace/link-publisher.js";
import { type EncoderEnd, type EncoderInit, encodeRendition } from "./encoder.js";
import { createEncoderChoice } from "./encoder-choice.js";
import type { MadeRendition } from "./ffmpeg-arguments.js";

export interface MakerInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Each run of an encoder is a job, with a span of its own. */
  readonly tracer: Tracer;
  /** Another id with each call: what a job is called in the log and in its span. */
  readonly newId: () => string;
  /** Those that are to be made. */
  readonly renditions: readonly MadeRendition[];
  /** Encoders at once. */
  readonly maxEncoders: number;
  /** FFmpeg: a path, or a name to look for in PATH. */
  readonly program: string;
  /** What is to encode, where it can. */
  readonly hardware: Hardware;
  /** Takes a name for a publisher, also from other processes. @throws Refused */
  readonly publish: (name: string, init: PublisherInit) => Promise<Publisher>;
  /** Another one for tests. */
  readonly encode?: (init: EncoderInit) => Promise<EncoderEnd>;
}

/** Makes renditions of streams for as long as somebody wants them. */
export interface Maker {
  /** Whether a stream of this name would be made if somebody asked for it now, or is being made. */
  can(name: string): boolean;
  /** Somebody wants it. */
  want(name: string): void;
  /** Ends all of them; settles when no process is left. Idempotent. */
  close(): Promise<void>;
}

interface Making {
  readonly source: string;
  readonly rendition: MadeRendition;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  /** Looks since somebody last wanted it. */
  idleLooks: number;
}

const LOOK_MS = 1_000;
/** Nobody has wanted it for so many looks: it ends. */
const IDLE_LOOKS = 10;
/** After it has failed: how long until it is tried again, twice as long each time. */
const FIRST_RETRY_MS = 500;
const MAX_TRIES = 3;
/** Then it is not made for so long: viewers get the stream itself. */
const BLOCKED_MS = 60_000;
/** One that ran so long was well: it may fail anew. */
const WELL_MS = 30_000;
/** How long the source may take to come, where it is to come from another process. */
const SOURCE_MS = 5_000;
const MAX_BLOCKED = 1_000;

export function createMaker(init: MakerInit): Maker {
  const { hub, scheduler, log, renditions, maxEncoders, program, publish, encode = encodeRendition } = init;
  const { tracer, newId, hardware } = init;
  const closing = new AbortController();
  const encoders = createEncoderChoice({ program, hardware, log, signal: closing.signal });
  const makings = new Map<string, Making>();
  /** Until when what has failed is left alone, the scheduler's clock. */
  const blocked = new Map<string, number>();
  let cancelLooks: Cancel | undefined;
  let closed = false;

  /** NAME_480p is made from NAME. */
  function parse(name: string): { readonly source: string; readonly rendition: MadeRendition } | undefined {
    const rendition = renditions.find(
      (each) => name.endsWith(`_${each.name}`) && !name.endsWith(`/_${each.name}`),
    );
    return rendition && { source: name.slice(0, -rendition.name.length - 1), rendition };
  }

  function isBlocked(name: string): boolean {
    const until = blocked.get(name);
    if (until === undefined || until > scheduler.now()) return until !== undefined;
    blocked.delete(name);
    return false;
  }

  function block(name: string): void {
    blocked.delete(name);
    blocked.set(name, scheduler.now() + BLOCKED_MS * 1000);
    const [oldest] = blocked.keys();
    if (blocked.size > MAX_BLOCKED && oldest !== undefined) blocked.delete(oldest);
  }

  /** Whether there is a picture to make another of. Of what another process has that is not known before it comes. */
  function hasPicture(source: string): boolean {
    const stream = hub.stream(source);
    if (stream?.live === true) return stream.tracks.some(({ kind }) => kind === "video");
    return hub.isLive(source);
  }

  function can(name: string): boolean {
    if (closed || makings.has(name)) return !closed;
    const parsed = parse(name);
    return (
      parsed !== undefined && makings.size < maxEncoders && !isBlocked(name) && hasPicture(parsed.source)
    );
  }

  function want(name: string): void {
    const making = makings.get(name);
    if (making !== undefined) {
      making.idleLooks = 0;
      return;
    }
    const parsed = parse(name);
    // An encoder that sends it itself is on its way, or there.
    if (parsed === undefined || hub.stream(name)?.publisher !== undefined || !can(name)) return;
    const abort = new AbortController();
    const begun = { ...parsed, abort, idleLooks: 0 };
    const done = make(name, begun).then(
      () => ended(name),
      (error: unknown) => {
        log.error({ name, err: error }, "making a rendition failed");
        ended(name);
      },
    );
    makings.set(name, { ...begun, done });
    cancelLooks ??= scheduler.every(LOOK_MS, look);
  }

  async function make(name: string, { source, rendition, abort }: Omit<Making, "done">): Promise<void> {
    const { signal } = abort;
    let tries = 0;
    while (!signal.aborted) {
      const stream = await hub.whenLive(source, SOURCE_MS, signal);
      if (stream === undefined || signal.aborted || !hasPicture(source)) return;
      const startedAt = scheduler.now();
      const job = mediaJob(newId());
      const attributes = { "sluice.stream": name, "sluice.source": source, ...job };
      const span = tracer.start("transcode", { attributes });
      linkPublisher(span, stream);
      const { traceId, spanId } = span.context;
      const fields = { name, ...job, trace_id: traceId, span_id: spanId };
      log.info({ ...fields, source, bitrate: rendition.bitrate }, "making a rendition");
      try {
        const end = await encode({
          rendition,
          source: stream,
          program,
          encoders,
          scheduler,
          publish: (given) => publish(name, given),
          signal,
        });
        const reason = signal.aborted ? "aborted" : end;
        span.event("end", { "sluice.reason": reason });
        log.info({ ...fields, end: reason }, "a rendition is not made any more");
        // The source may come back while viewers are kept for it.
        if (end === "taken" || (end === "source" && !hub.wants(name))) return;
        tries = 0;
      } catch (error) {
        span.fail("transcode-failed", error instanceof Error ? error.message : String(error));
        if (scheduler.now() - startedAt > WELL_MS * 1000) tries = 0;
        // Once for each row of failures: what follows from it is the same again.
        if (tries === 0) log.error({ ...fields, err: error }, "making a rendition failed");
        tries += 1;
        if (tries >= MAX_TRIES) {
          block(name);
          log.warn({ name, tries, blockedMs: BLOCKED_MS }, "a rendition is left unmade for a while");
          return;
        }
      } finally {
        span.end();
      }
      if (tries > 0) await pause(FIRST_RETRY_MS * 2 ** tries, signal);
    }
  }

  function ended(name: string): void {
    makings.delete(name);
    if (makings.size > 0) return;
    cancelLooks?.();
    cancelLooks = undefined;
  }

  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const cancel = scheduler.after(ms, end);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    });
  }

  function look(): void {
    for (const [name, making] of makings) {
      making.idleLooks = hub.wants(name) ? 0 : making.idleLooks + 1;
      if (making.idleLooks >= IDLE_LOOKS) making.abort.abort();
    }
  }

  // A source that comes back finds the viewers of its renditions waiting.
  const off = hub.on("tracks", ({ stream }) => {
    for (const rendition of renditions) {
      const name = `${stream.name}_${rendition.name}`;
      if (hub.wants(name)) want(name);
    }
  });

  return {
    can,
    want,
    async close() {
      closed = true;
      off();
      for (const { abort } of makings.values()) abort.abort();
      closing.abort();
      await Promise.all([...makings.values()].map(({ done }) => done));
    },
  };
}

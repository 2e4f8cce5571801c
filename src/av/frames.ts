import { chooseEngine, type Engine, type EngineIo } from "./engine.js";
import { AvError, abortedError } from "./error.js";
import { requireReadable } from "./open.js";
import { type AvOptions, jobDesk, limitsOf } from "./options.js";
import { isNetwork, parseSource } from "./source.js";
import type { FrameSelection, FrameSize, ImageFormat, Limits, RawFrame } from "./task.js";

/** A picture, and ways to write it. */
export interface Frame extends RawFrame {
  /** @throws AvError */
  png(): Promise<Uint8Array>;
  /** @param quality 1 to 100, 85 by default @throws AvError */
  jpeg(quality?: number): Promise<Uint8Array>;
  /** @param quality 1 to 100, 80 by default @throws AvError */
  webp(quality?: number): Promise<Uint8Array>;
}

/** Which pictures: at most one of `count`, `everyMs`, `atMs` and `keyframes`; all of them without any. */
export interface FramesOptions extends AvOptions {
  /**
   * So many, one in the middle of each of as many equal parts of the duration. Only what they need is decoded. Of a
   * source without an end the next so many. Beside `everyMs` or `keyframes` it is how many at most.
   */
  readonly count?: number;
  /** The first picture at or after 0, and each multiple of this. */
  readonly everyMs?: number;
  /** The picture shown at each of these times from the start of the file, in this order. */
  readonly atMs?: number | readonly number[];
  readonly keyframes?: boolean;
  /** Pixels. One side alone keeps the shape; both are a box into which the picture is fitted. As it is by default. */
  readonly size?: { readonly width?: number; readonly height?: number };
  /** `auto`, the default: a picture of a high dynamic range (PQ, HLG) is brought into the standard one. `none` leaves it. */
  readonly toneMap?: "auto" | "none";
}

/** Between two pictures of a network source, and before the first. */
const NETWORK_STALL_MS = 15_000;
const FILE_STALL_MS = 60_000;
const IMAGE_TIMEOUT_MS = 30_000;
const MAX_SIDE = 16_384;
const MAX_TIMES = 10_000;
const JPEG_QUALITY = 85;
const WEBP_QUALITY = 80;

/**
 * The pictures of a file, or of what is at an http, rtmp or rtsp address, decoded as they are asked for: a consumer
 * that takes its time holds the decoder back, and at most a few pictures are in memory. Leaving the loop ends it.
 *
 * `stallTimeoutMs` is 15 s by default for a network source and 60 s for a file; there is no `timeoutMs`.
 *
 * @throws TypeError at once for wrong arguments, and AvError for an address of another kind; other AvErrors when iterated
 */
export function frames(input: string, options: FramesOptions = {}): AsyncGenerator<Frame, void, undefined> {
  const source = parseSource(input);
  const select = selectionOf(options);
  const size = sizeOf(options.size);
  const { toneMap = "auto" } = options;
  if (toneMap !== "auto" && toneMap !== "none") throw new TypeError("toneMap must be auto or none");
  const limits = limitsOf(options, { stallTimeoutMs: isNetwork(source) ? NETWORK_STALL_MS : FILE_STALL_MS });
  const desk = jobDesk(options);

  async function* iterate(): AsyncGenerator<Frame, void, undefined> {
    const { signal, leave } = await desk.enter("frames", options.signal);
    try {
      await requireReadable(source);
      const engine = await chooseEngine(options);
      const task = { source, select, size, toneMap: toneMap === "auto" ? ("source" as const) : undefined };
      let some = false;
      for await (const raw of engine.frames(task, { signal, limits })) {
        some = true;
        yield createFrame(raw, engine, { signal, limits });
        if (signal.aborted) throw abortedError(signal);
      }
      if (!some) throw new AvError("not-media", `${input}: no picture in it could be decoded`);
    } catch (error) {
      leave(error);
      throw error;
    } finally {
      leave();
    }
  }
  return iterate();
}

/** @internal */
export function createFrame(raw: RawFrame, engine: Engine, io: EngineIo): Frame {
  const { width, height, data } = raw;
  const limits: Limits = { ...io.limits, timeoutMs: IMAGE_TIMEOUT_MS };
  const encode = (format: ImageFormat, quality: number): Promise<Uint8Array> => {
    if (!(quality >= 1 && quality <= 100)) throw new TypeError("quality must be a number from 1 to 100");
    return engine.image({ format, quality, width, height }, data, { signal: io.signal, limits });
  };
  return {
    ...raw,
    png: async () => encode("png", 100),
    jpeg: async (quality = JPEG_QUALITY) => encode("jpeg", quality),
    webp: async (quality = WEBP_QUALITY) => encode("webp", quality),
  };
}

function selectionOf({ count, everyMs, atMs, keyframes }: FramesOptions): FrameSelection {
  const limit = count === undefined ? undefined : positive("count", count);
  if ([everyMs, atMs, keyframes || undefined].filter((each) => each !== undefined).length > 1) {
    throw new TypeError("everyMs, atMs and keyframes: only one of them");
  }
  if (keyframes) return { kind: "keyframes", limit };
  if (everyMs !== undefined) {
    if (!(everyMs >= 1)) throw new TypeError("everyMs must be at least 1");
    return { kind: "every", everyUs: Math.round(everyMs * 1000), limit };
  }
  if (atMs !== undefined) {
    if (count !== undefined) throw new TypeError("atMs says how many: count is not for it");
    const times = typeof atMs === "number" ? [atMs] : atMs;
    if (times.length === 0 || times.length > MAX_TIMES)
      throw new TypeError(`atMs must be 1 to ${MAX_TIMES} times`);
    if (!times.every((time) => time >= 0 && Number.isFinite(time))) {
      throw new TypeError("atMs must be times from 0");
    }
    return { kind: "at", atUs: times.map((time) => Math.round(time * 1000)) };
  }
  return limit === undefined ? { kind: "all", limit } : { kind: "count", count: limit };
}

function sizeOf(size: FramesOptions["size"]): FrameSize | undefined {
  if (size === undefined) return undefined;
  const side = (name: "width" | "height"): number | undefined => {
    const value = size[name];
    if (value === undefined) return undefined;
    if (positive(`size.${name}`, value) > MAX_SIDE)
      throw new TypeError(`size.${name} is more than ${MAX_SIDE}`);
    return value;
  };
  const wanted = { width: side("width"), height: side("height") };
  if (wanted.width === undefined && wanted.height === undefined)
    throw new TypeError("size needs a width or a height");
  return wanted;
}

function positive(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${name} must be a whole number from 1`);
  return value;
}

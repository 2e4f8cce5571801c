import { chooseTracks } from "./choose-tracks.js";
import type { VideoFormat } from "./codecs.js";
import { refuseUnheld } from "./container.js";
import { type Converted, convertFile, type OutputOptions } from "./convert-file.js";
import type { Engine, EngineIo } from "./engine.js";
import { AvError, abortedError } from "./error.js";
import type { Job } from "./job.js";
import type { VideoTrackInfo } from "./media-info.js";
import { nutFrameHeader, nutHeader } from "./nut.js";
import { type PictureOptions, planPicture } from "./picture-options.js";
import { parseSource, type Source } from "./source.js";
import type { RawFrame } from "./task.js";
import { soundFor } from "./transcode.js";

export interface TransformOptions
  extends OutputOptions,
    Pick<PictureOptions, "bitrate" | "crf" | "preset" | "hw" | "audio" | "audioBitrate"> {
  /** `h264` by default, `vp9` for WebM. */
  readonly video?: VideoFormat;
}

/**
 * Is given each picture in the order shown, and gives what takes its place: a frame, its pixels alone (RGBA, as many as
 * the frame has), or nothing, which leaves it out.
 *
 * It may write into `frame.data` and give it back. All frames that it gives have one size, which may be another than
 * the input's, and times that rise. The next frame comes once its promise has settled.
 */
export type FrameTransform = (
  frame: RawFrame,
  context: TransformContext,
) => TransformedFrame | Promise<TransformedFrame>;

export type TransformedFrame = RawFrame | Uint8Array | undefined;

export interface TransformContext {
  /** Of this picture, from 0. */
  readonly index: number;
  /** Fires when the job ends before its time. */
  readonly signal: AbortSignal;
}

/** Ticks per second of a picture's clock that does not say: MPEG's. */
const DEFAULT_CLOCK = 90_000;
const DEFAULT_FPS = 25;

/**
 * Decodes a file, has each picture changed by a function, and encodes what it gives. The sound is copied.
 *
 * Each picture keeps its time, in a variable frame rate too. A few frames are in memory at once: the decoder waits for
 * the function, and the function for the encoder.
 *
 * @throws TypeError; `done` rejects with AvError: one of `failed` whose cause is what the function threw. There is no
 * output then
 */
export function transform(
  input: string,
  output: string,
  change: FrameTransform,
  options: TransformOptions = {},
): Job<Converted> {
  const source = parseSource(input);
  if (source.kind !== "file")
    throw new TypeError(
      "input must be a file: the sound of an address that goes on would be of another time",
    );
  if (typeof change !== "function") throw new TypeError("change must be a function");
  planPicture(options, "mp4");
  return convertFile(
    "transform",
    [source],
    output,
    options,
    async ({ engine, infos: [info], container, io }) => {
      const { video: track, audio: sound, notes } = chooseTracks(input, info!, undefined, "first");
      if (track === undefined) throw new AvError("not-media", `${input}: no video in it`);
      const plan = planPicture(options, container);
      if (typeof plan.video !== "object") throw new TypeError("video must be a codec");
      const audio =
        sound === undefined ? "none" : soundFor(container, plan.audio, sound.codec, engine.version);
      const made = [
        { ...track, codec: plan.video.codec },
        ...(sound === undefined
          ? []
          : [{ ...sound, codec: typeof audio === "object" ? audio.codec : sound.codec }]),
      ];
      refuseUnheld(container, made, engine.version);
      const own = new AbortController();
      const signal = AbortSignal.any([io.signal, own.signal]);
      const changed = changedFrames(
        { engine, source, change, pixelAspect: shapeOf(track) },
        { ...io, signal },
      );
      return {
        task: {
          inputs: [{ source: { kind: "bytes", format: "nut" } }],
          // The frames' times count from the file's beginning; its sound's are the file's own.
          soundFrom: { source, shiftUs: -(info!.startUs ?? 0) },
          keepTimestamps: true,
          video: {
            ...plan.video,
            clock: track.timeBase?.den ?? DEFAULT_CLOCK,
            frameUs: Math.round(1_000_000 / (track.fps ?? DEFAULT_FPS)),
          },
          audio,
        },
        totalUs: info!.durationUs,
        notes,
        // The encoder waits for the function, however long that takes; the decoder is watched.
        io: { input: changed.bytes, limits: { ...io.limits, stallTimeoutMs: 0 } },
        async release() {
          own.abort();
          await changed.over;
        },
      };
    },
  );
}

/** The shape of a picture's pixels once it is turned as its file says. */
function shapeOf({ pixelAspect = 1, rotation }: VideoTrackInfo): number {
  return rotation % 180 === 0 ? pixelAspect : 1 / pixelAspect;
}

interface Changing {
  readonly engine: Engine;
  readonly source: Source;
  readonly change: FrameTransform;
  readonly pixelAspect: number;
}

/** The changed pictures as the bytes that an engine reads, and when the decoder is gone. */
function changedFrames(
  { engine, source, change, pixelAspect }: Changing,
  io: EngineIo,
): { bytes: AsyncIterable<Uint8Array>; over: Promise<void> } {
  let end = (): void => {};
  let begun = false;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  async function* bytes(): AsyncGenerator<Uint8Array> {
    begun = true;
    let index = 0;
    let first: RawFrame | undefined;
    let last = -1;
    try {
      const select = { kind: "all", limit: undefined } as const;
      const task = { source, select, size: undefined, toneMap: "source" } as const;
      for await (const frame of engine.frames(task, io)) {
        const given = await untilAborted(
          Promise.resolve(change(frame, { index, signal: io.signal })),
          io.signal,
        );
        index += 1;
        if (given === undefined) continue;
        const changed = given instanceof Uint8Array ? { ...frame, data: given } : given;
        requireFrame(changed, first ?? changed, last);
        if (first === undefined) {
          // What has another size has pixels of its own.
          const same = changed.width === frame.width && changed.height === frame.height;
          yield nutHeader(changed.width, changed.height, same ? pixelAspect : 1);
        }
        first ??= changed;
        last = changed.pts;
        yield nutFrameHeader(changed.pts, changed.data.length);
        yield changed.data;
      }
      if (first === undefined) throw new AvError("failed", "the function gave no picture at all");
    } finally {
      end();
    }
  }
  return {
    bytes: { [Symbol.asyncIterator]: bytes },
    get over() {
      // One that nobody has asked for a picture has no decoder.
      return begun ? ended : Promise.resolve();
    },
  };
}

function requireFrame({ pts, width, height, data }: RawFrame, first: RawFrame, last: number): void {
  if (!(data instanceof Uint8Array) || data.length !== width * height * 4)
    throw new TypeError(
      `the function gave ${data?.length} bytes for a picture of ${width}x${height} in RGBA`,
    );
  if (width !== first.width || height !== first.height)
    throw new TypeError(`the function gave ${width}x${height} after ${first.width}x${first.height}`);
  if (!Number.isSafeInteger(pts) || pts <= last)
    throw new TypeError(`the function gave a picture at ${pts} µs after one at ${last} µs`);
}

/** A function that never comes back must not keep the decoder. */
function untilAborted<T>(given: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortedError(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void given.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

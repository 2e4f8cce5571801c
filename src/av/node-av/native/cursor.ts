import { MAX_PIXELS } from "../../ffmpeg/pam.js";
import { createDecoder } from "./decoder.js";
import { type Input, readOnly, type Tools } from "./input.js";
import {
  type Frame,
  fromMicroseconds,
  PACKET_KEY,
  type Packet,
  SEEK_BACKWARD,
  type Stream,
  toMicroseconds,
} from "./library.js";
import { packetsOf } from "./packets.js";

/** One picture of a track, held until the cursor moves on. */
export interface Shown {
  /** Microseconds from the beginning of the file; of a live source from the first picture that was seen. */
  readonly pts: number;
  readonly frame: Frame;
}

/** A place in a video track. Between a picture and the next it does nothing. */
export interface Cursor {
  /** The next picture in the order of showing; undefined at the end. */
  next(): Promise<Shown | undefined>;
  /** The picture that is shown at a time: the last that is not after it; before the first, the first. */
  shownAt(timeUs: number): Promise<Shown | undefined>;
  /** The first picture that is not before a time. */
  firstFrom(timeUs: number): Promise<Shown | undefined>;
  close(): Promise<void>;
}

/** A seek that lands after the time asked for is tried again from so much before it, microseconds. */
const STEPS_BACK_US = [0, 2_000_000, 10_000_000, 30_000_000, Number.POSITIVE_INFINITY];
/** What is further ahead than this, and than key frames are apart, is sought; what is nearer is decoded in passing. */
const SEEK_BEYOND_US = 3_000_000;
/** Two times within this are the same: containers in milliseconds round by half of one. */
export const SAME_US = 500;

export function createCursor(tools: Tools, input: Input, stream: Stream, keyFramesOnly: boolean): Cursor {
  const { library, check } = tools;
  readOnly(input, [stream]);
  // The decoder leaves the others out, not the demuxer: FFmpeg 8.1's for MP4 loses count of the presentation times then.
  const decoder = createDecoder(library, stream, input.name, check, { keyFramesOnly, maxPixels: MAX_PIXELS });
  let origin = input.durationUs === undefined ? undefined : input.startUs;
  let seekable = input.durationUs !== undefined && input.seekable;
  let coming = frames();
  /** Whether what comes begins with the file's first picture. */
  let fromBeginning = true;
  /** The newest key frame's time in the file, and the longest way from one to the next so far. */
  let keyUs: number | undefined;
  let groupUs = 0;
  /** The newest picture, and the one before it: a picture is known to be the one shown once its successor is there. */
  let newest: Shown | undefined;
  let previous: Shown | undefined;
  let spare = [newFrame(), newFrame()];

  function newFrame(): Frame {
    const frame = new library.Frame();
    frame.alloc();
    return frame;
  }

  async function* frames(): AsyncGenerator<Frame, void, undefined> {
    for await (const packet of packetsOf(tools, input)) {
      if (packet.streamIndex !== stream.index) continue;
      measure(packet);
      yield* decoder.decode(packet);
    }
    yield* decoder.decode(undefined);
  }

  function measure(packet: Packet): void {
    const time = toMicroseconds(packet.pts, stream.timeBase);
    if (time === undefined) return;
    if (keyUs !== undefined) groupUs = Math.max(groupUs, time - keyUs);
    if ((packet.flags & PACKET_KEY) !== 0) keyUs = time;
  }

  async function advance(): Promise<Shown | undefined> {
    const { value, done } = await coming.next();
    if (done === true || value === undefined) return undefined;
    const time = toMicroseconds(value.pts, stream.timeBase) ?? newest?.pts ?? 0;
    origin ??= time;
    const frame = previous?.frame ?? (spare.pop() as Frame);
    frame.unref();
    check(frame.ref(value));
    previous = newest;
    newest = { pts: time - origin, frame };
    return newest;
  }

  function forget(): void {
    spare = [...spare, ...[previous, newest].flatMap((shown) => (shown === undefined ? [] : [shown.frame]))];
    previous = undefined;
    newest = undefined;
  }

  async function seek(timeUs: number): Promise<void> {
    await coming.return();
    const time = fromMicroseconds(timeUs + (origin ?? 0), stream.timeBase);
    if ((await input.format.seekFrame(stream.index, time, SEEK_BACKWARD)) < 0) seekable = false;
    else {
      decoder.reset();
      fromBeginning = timeUs === 0;
    }
    forget();
    keyUs = undefined;
    coming = frames();
  }

  /** Moves so that the next picture is the first, or is not after `timeUs`. */
  async function approach(timeUs: number): Promise<void> {
    const ahead = newest === undefined ? timeUs : timeUs - newest.pts;
    if (!seekable || (ahead >= 0 && ahead <= Math.max(SEEK_BEYOND_US, groupUs))) {
      if (newest === undefined) await advance();
      return;
    }
    for (const back of STEPS_BACK_US) {
      const from = Math.max(0, timeUs - back);
      await seek(from);
      const first = await advance();
      if (!seekable || from === 0 || (first !== undefined && first.pts <= timeUs)) return;
    }
  }

  return {
    next: advance,
    async shownAt(askedUs) {
      const timeUs = askedUs + SAME_US;
      const isBehind = previous === undefined ? !fromBeginning : previous.pts > timeUs;
      if (newest === undefined || newest.pts <= timeUs || isBehind) await approach(timeUs);
      while (newest !== undefined && newest.pts <= timeUs && (await advance()) !== undefined);
      const after = newest as Shown | undefined;
      return after === undefined || after.pts <= timeUs ? after : (previous ?? after);
    },
    async firstFrom(askedUs) {
      const timeUs = Math.max(0, askedUs - SAME_US);
      await approach(timeUs);
      while (newest !== undefined && newest.pts < timeUs) {
        if ((await advance()) === undefined) return undefined;
      }
      return newest;
    },
    async close() {
      await coming.return();
      forget();
      for (const frame of spare) frame.free();
      decoder.close();
    },
  };
}

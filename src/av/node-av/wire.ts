import type { AvErrorCode } from "../error.js";
import { MAX_PIXELS } from "../ffmpeg/pam.js";

// What we and a process with node-av in it say to each other; pure, for both ends.
//
//   its standard input   the job: length (4 bytes, big-endian), JSON in UTF-8; then the raw bytes that the job reads
//   its standard output  what the job makes: JSON for a probe, pictures (below), a file's bytes; nothing else
//   its descriptor 3     lines of JSON: progress, a few times a second
//   its standard error   FFmpeg's words, and as the last line the outcome in JSON
//
//   picture = length (4 bytes, of what follows), width, height (4 bytes each), pts (8 bytes, a double of whole
//             microseconds), width * height * 4 bytes RGBA. All big-endian.
//
// Back-pressure is the pipe's own: the process blocks in its write while nobody reads. Nothing is queued.

/** Both ends come from one package: another version at the other end is a broken installation, and is refused. */
export const WIRE_VERSION = 1;

const LENGTH_BYTES = 4;
const PICTURE_HEADER_BYTES = 16;
const BYTES_PER_PIXEL = 4;
/** A job is a few kilobytes; a long concatenation is more. */
const MAX_JOB_BYTES = 4 * 1024 * 1024;
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_NAME = 64;

/** The other end did not keep to the format. */
export class WireError extends Error {
  /** It stopped in the middle: what it had said so far was right. */
  readonly truncated: boolean;

  constructor(message: string, truncated = false) {
    super(message);
    this.name = "WireError";
    this.truncated = truncated;
  }
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Whole microseconds. */
  readonly pts: number;
  /** RGBA, rows without padding. */
  readonly data: Uint8Array;
}

/** The bytes of a job. `body` is plain data. */
export function encodeJob(body: object): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ ...body, v: WIRE_VERSION }));
  if (json.length > MAX_JOB_BYTES) throw new WireError(`a job of ${json.length} bytes is too long`);
  const bytes = new Uint8Array(LENGTH_BYTES + json.length);
  new DataView(bytes.buffer).setUint32(0, json.length);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads the job and not a byte more: what follows is another's to read.
 *
 * @param read the next so many bytes, all of them
 */
export function readJob(read: (bytes: number) => Uint8Array): Record<string, unknown> {
  const start = read(LENGTH_BYTES);
  const length = new DataView(start.buffer, start.byteOffset).getUint32(0);
  if (length > MAX_JOB_BYTES) throw new WireError(`a job of ${length} bytes is too long`);
  const job = parseObject(new TextDecoder().decode(read(length)));
  if (job === undefined) throw new WireError("the job is not JSON");
  if (job.v !== WIRE_VERSION)
    throw new WireError(`a job of version ${job.v} for a process of ${WIRE_VERSION}`);
  return job;
}

/** What goes before a picture's pixels. */
export function pictureHead({ width, height, pts, data }: Picture): Uint8Array {
  const head = new Uint8Array(LENGTH_BYTES + PICTURE_HEADER_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, PICTURE_HEADER_BYTES + data.length);
  view.setUint32(4, width);
  view.setUint32(8, height);
  view.setFloat64(12, pts);
  return head;
}

/**
 * The pictures of a byte stream, one at a time: more is read when the consumer asks for a picture that has not come in
 * whole. A picture's bytes are its own.
 *
 * @throws WireError when the stream breaks the format or ends inside a picture
 */
export async function* readPictures(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Picture, void, undefined> {
  const reader = createPictureReader();
  for await (const chunk of chunks) yield* reader.push(chunk);
  reader.end();
}

/** Cuts bytes into pictures; see {@link readPictures}. Chunks are borrowed until the picture that they belong to is out. */
export function createPictureReader(): {
  push(chunk: Uint8Array): Generator<Picture, void, undefined>;
  /** @throws WireError when bytes of an unfinished picture are held */
  end(): void;
} {
  const head = new Uint8Array(LENGTH_BYTES + PICTURE_HEADER_BYTES);
  let headBytes = 0;
  /** What came of the pixels, as it came: what is promised may never come, so nothing is reserved for it. */
  let pieces: Uint8Array[] = [];
  let missing = 0;

  return {
    *push(chunk) {
      let rest = chunk;
      while (rest.length > 0) {
        if (headBytes < head.length) {
          const part = rest.subarray(0, head.length - headBytes);
          head.set(part, headBytes);
          headBytes += part.length;
          rest = rest.subarray(part.length);
          if (headBytes < head.length) return;
          missing = pixelBytes(head);
        }
        const part = rest.subarray(0, missing);
        pieces.push(part);
        missing -= part.length;
        rest = rest.subarray(part.length);
        if (missing > 0) return;
        const done = pieces;
        pieces = [];
        headBytes = 0;
        yield pictureOf(head, done);
      }
    },
    end() {
      if (headBytes > 0) throw new WireError("the pictures end inside one", true);
    },
  };
}

/** How many bytes of pixels a picture's head promises. */
function pixelBytes(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset);
  const bytes = view.getUint32(4) * view.getUint32(8) * BYTES_PER_PIXEL;
  if (bytes === 0 || bytes > MAX_PIXELS * BYTES_PER_PIXEL)
    throw new WireError(`a picture of ${bytes} bytes is refused`);
  if (view.getUint32(0) !== PICTURE_HEADER_BYTES + bytes)
    throw new WireError("a picture's length contradicts its size");
  if (!Number.isSafeInteger(view.getFloat64(12)))
    throw new WireError("a picture's time is not in whole microseconds");
  return bytes;
}

function pictureOf(head: Uint8Array, pieces: readonly Uint8Array[]): Picture {
  const view = new DataView(head.buffer, head.byteOffset);
  const [width, height, pts] = [view.getUint32(4), view.getUint32(8), view.getFloat64(12)];
  const data = new Uint8Array(width * height * BYTES_PER_PIXEL);
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  return { width, height, pts, data };
}

/** What a job that writes a file has to tell; others leave it at 0. */
export interface Done {
  readonly durationUs: number;
  readonly bytes: number;
  readonly videoEncoder?: string;
  readonly startUs?: number;
}

/** How a job ended, as the process itself says. */
export type Outcome =
  | {
      readonly t: "done";
      readonly durationUs: number;
      readonly bytes: number;
      readonly videoEncoder?: string;
    }
  | { readonly t: "failure"; readonly code: AvErrorCode; readonly message: string }
  /** FFmpeg gave up, with these words. */
  | { readonly t: "ffmpeg"; readonly message: string }
  /** node-av could not be loaded: the job has not begun. */
  | { readonly t: "unavailable"; readonly message: string };

const CODES: readonly AvErrorCode[] = [
  "not-found",
  "denied",
  "unreachable",
  "not-media",
  "corrupt",
  "unsupported",
  "timeout",
  "memory",
  "failed",
];

/** The outcome line of a process's standard error; undefined where it did not get so far. */
export function readOutcome(stderr: string): Outcome | undefined {
  const line = stderr.trimEnd().split("\n").at(-1) ?? "";
  const value = parseObject(line);
  if (value === undefined) return undefined;
  const message = typeof value.message === "string" ? value.message.slice(0, MAX_MESSAGE_CHARACTERS) : "";
  switch (value.t) {
    case "done":
      return {
        t: "done",
        ...(count(value.startUs) === undefined ? {} : { startUs: Number(value.startUs) }),
        durationUs: count(value.durationUs) ?? 0,
        bytes: count(value.bytes) ?? 0,
        ...(typeof value.videoEncoder === "string"
          ? { videoEncoder: value.videoEncoder.slice(0, MAX_NAME) }
          : {}),
      };
    case "failure":
      return { t: "failure", code: CODES.find((code) => code === value.code) ?? "failed", message };
    case "ffmpeg":
    case "unavailable":
      return { t: value.t, message };
    default:
      return undefined;
  }
}

/** A line of progress; undefined where it is none. */
export function readProgress(
  line: string,
):
  | { readonly timeUs: number; readonly frames: number | undefined; readonly bytes: number | undefined }
  | undefined {
  const value = parseObject(line);
  const timeUs = count(value?.timeUs);
  if (value === undefined || timeUs === undefined) return undefined;
  return { timeUs, frames: count(value.frames), bytes: count(value.bytes) };
}

/** A whole number from 0 that a number holds exactly. */
function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

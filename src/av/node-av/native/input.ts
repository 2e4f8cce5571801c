import { inputArgs } from "../../ffmpeg/input.js";
import { type Source, sourceName } from "../../source.js";
import { type Check, createCheck, Failure } from "./failure.js";
import {
  DISCARD_ALL,
  DISPOSITION_ATTACHED_PICTURE,
  type FormatContext,
  type Library,
  NO_TIMESTAMP,
  type Stream,
  toMicroseconds,
  VIDEO,
} from "./library.js";
import { commandOptions } from "./options.js";

/** What a job works with: the library, and its checks. */
export interface Tools {
  readonly library: Library;
  readonly check: Check;
}

export function createTools(library: Library): Tools {
  return { library, check: createCheck(library) };
}

export interface Input {
  readonly format: FormatContext;
  readonly streams: readonly Stream[];
  /** As errors call it. */
  readonly name: string;
  /** The first timestamp of the file, microseconds; 0 where it has none. */
  readonly startUs: number;
  /** Undefined where it has no end that is known. */
  readonly durationUs: number | undefined;
  /** Whether it can be read from any place, as often as we like. */
  readonly seekable: boolean;
  /** Whether it is a file, which never keeps anybody waiting. */
  readonly isLocal: boolean;
  close(): Promise<void>;
}

const MICROSECOND = { num: 1, den: 1_000_000 };

/** What FFmpeg 8 tells a server that it understands in FLV, so that it is sent (rtmpproto.c's rtmp_enhanced_codecs). */
const ENHANCED = "hvc1,av01,vp09";

/**
 * Opens what a job reads. What may be opened is written once, for FFmpeg's command line (`../../ffmpeg/input.ts`): the
 * same options are handed to the library here.
 *
 * @throws Failure
 */
export async function openInput(
  { library, check }: Tools,
  source: Source,
  before: readonly string[] = [],
): Promise<Input> {
  const name = sourceName(source);
  const args = commandOptions(inputArgs(source, before));
  const [url = "", demuxer] = [args.named.get("i"), args.named.get("f")];
  const format = new library.FormatContext();
  const known = demuxer === undefined ? null : library.InputFormat.findInputFormat(demuxer);
  if (known === null && demuxer !== undefined) {
    throw new Failure("unsupported", `${name}: this FFmpeg does not read ${demuxer}`);
  }
  const options = {
    ...args.without("i", "f"),
    ...(source.kind === "rtmp" ? { rtmp_enhanced_codecs: ENHANCED } : {}),
  };
  check(await format.openInput(url, known, library.Dictionary.fromObject(options)));
  check(await format.findStreamInfo(null));
  const { streams } = format;
  if (streams.length === 0) throw new Failure("not-media", `${name}: no audio or video in it`);
  const duration = toMicroseconds(format.duration, MICROSECOND);
  return {
    format,
    streams,
    name,
    startUs: format.startTime === NO_TIMESTAMP ? 0 : Number(format.startTime),
    durationUs: duration !== undefined && duration > 0 ? duration : undefined,
    isLocal: source.kind === "file" || source.kind === "lavfi",
    seekable: source.kind === "file" || source.kind === "http",
    close: () => format.closeInput(),
  };
}

/** The first picture that moves: a cover is not the video. */
export function videoOf({ streams, name }: Input): Stream {
  const stream = streams.find(
    ({ codecpar, disposition }) =>
      codecpar.codecType === VIDEO && (disposition & DISPOSITION_ATTACHED_PICTURE) === 0,
  );
  if (stream === undefined) throw new Failure("not-media", `${name}: there is no picture in it, only sound`);
  return stream;
}

/** The others are not read, where the container lets them be skipped. */
export function readOnly(input: Input, wanted: readonly Stream[]): void {
  for (const stream of input.streams) {
    if (!wanted.some(({ index }) => index === stream.index)) stream.discard = DISCARD_ALL;
  }
}

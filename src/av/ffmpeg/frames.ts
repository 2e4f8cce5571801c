import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import type { MediaInfo, VideoTrackInfo } from "../media-info.js";
import { type Source, sourceName } from "../source.js";
import type { FrameSize, FramesTask, RawFrame } from "../task.js";
import { everySelect, pictureFilters } from "./filters.js";
import type { Ffmpeg } from "./find.js";
import { readFrames } from "./pictures.js";
import { ffmpegProbe } from "./probe.js";

/** Two times within this are the same: containers in milliseconds round by half of one. */
const SAME_US = 500;
/** What a picture may have been shown for before the time at which it is wanted. */
const WINDOWS_US = [1_000_000, 10_000_000, 60_000_000];
/** Where nobody knows a frame rate. */
const SLOW_FPS = 10;
/** Packets that are looked at to learn how far apart key frames are. */
const LOOK_PACKETS = 1_000;
/** With longer groups than these, or unknown ones, seeking costs about as much as reading on. */
const SEEK_GROUPS = 2;
const SEEK_BLIND_US = 60_000_000;
const AHEAD_US = 1_000_000;

/** The pictures of a source, decoding no more than it takes to have them. */
export function ffmpegFrames(programs: Ffmpeg, task: FramesTask, io: EngineIo): AsyncGenerator<RawFrame> {
  const { source, select, size } = task;
  const all = (limit: number | undefined, expression?: string): AsyncGenerator<RawFrame> =>
    readFrames(programs, { source, filters: pictureFilters(expression, size), limit }, io);
  switch (select.kind) {
    case "all":
      return all(select.limit);
    case "keyframes":
      return readFrames(
        programs,
        { source, filters: pictureFilters(undefined, size), limit: select.limit, keyframesOnly: true },
        io,
      );
    case "count":
      return spread(programs, task, select.count, io, () => all(select.count));
    case "every":
      return every(programs, task, select, io, () => all(select.limit, everySelect(select.everyUs)));
    case "at":
      return at(programs, task, select.atUs, io);
  }
}

/** What can be read from any place, as often as we like. */
function isSeekable(source: Source): boolean {
  return source.kind === "file" || source.kind === "http";
}

async function* spread(
  programs: Ffmpeg,
  { source, size }: FramesTask,
  count: number,
  io: EngineIo,
  readOn: () => AsyncGenerator<RawFrame>,
): AsyncGenerator<RawFrame> {
  const info = isSeekable(source) ? await pictureInfo(programs, source, 0, io) : undefined;
  const { durationUs } = info ?? {};
  if (info === undefined || durationUs === undefined) {
    yield* readOn();
    return;
  }
  // In the middle of each of as many equal parts: neither the first picture, which is often black, nor after the last.
  for (let i = 0; i < count; i++) {
    const time = Math.floor((durationUs * (2 * i + 1)) / (2 * count));
    yield await shownAt(programs, source, size, time, info, io);
  }
}

async function* at(
  programs: Ffmpeg,
  { source, size }: FramesTask,
  times: readonly number[],
  io: EngineIo,
): AsyncGenerator<RawFrame> {
  const name = sourceName(source);
  const info = isSeekable(source) ? await pictureInfo(programs, source, 0, io) : undefined;
  if (info?.durationUs === undefined) {
    throw new AvError("unsupported", `${name}: it has no beginning from which a time could be counted`);
  }
  for (const time of times) {
    if (time > info.durationUs) {
      throw new AvError(
        "not-found",
        `${name}: no picture at ${seconds(time)}, it is ${seconds(info.durationUs)} long`,
      );
    }
    yield await shownAt(programs, source, size, time, info, io);
  }
}

async function* every(
  programs: Ffmpeg,
  { source, size }: FramesTask,
  {
    everyUs,
    limit = Number.POSITIVE_INFINITY,
  }: { readonly everyUs: number; readonly limit: number | undefined },
  io: EngineIo,
  readOn: () => AsyncGenerator<RawFrame>,
): AsyncGenerator<RawFrame> {
  const info = isSeekable(source) ? await pictureInfo(programs, source, LOOK_PACKETS, io) : undefined;
  const { durationUs = 0 } = info ?? {};
  const groupUs = info && pictureOf(info)?.gop?.longestUs;
  const worthIt = groupUs === undefined ? everyUs >= SEEK_BLIND_US : everyUs >= SEEK_GROUPS * groupUs;
  if (durationUs === 0 || !worthIt) {
    yield* readOn();
    return;
  }
  // A transport stream is sought in by time alone: what comes before the next key frame cannot be decoded.
  const before = info?.format.startsWith("mpeg") ? (groupUs ?? 0) + AHEAD_US : 0;
  let last: number | undefined;
  for (let time = 0, count = 0; time < durationUs && count < limit; time += everyUs) {
    const frame = await firstFrom(programs, source, size, Math.max(0, time - SAME_US), before, io);
    // The picture ends before the sound does; or a gap was longer than the interval.
    if (frame === undefined || frame.pts === last) continue;
    last = frame.pts;
    count += 1;
    yield frame;
  }
}

async function firstFrom(
  programs: Ffmpeg,
  source: Source,
  size: FrameSize | undefined,
  fromUs: number,
  beforeUs: number,
  io: EngineIo,
): Promise<RawFrame | undefined> {
  // FFmpeg rounds where it begins to the container's clock, which in AVI is a picture long.
  const select = `gte(t,${(fromUs / 1_000_000).toFixed(6)})`;
  const run = { source, fromUs: fromUs - beforeUs, filters: pictureFilters(select, size), limit: 1 };
  for await (const frame of readFrames(programs, run, io)) return frame;
  return undefined;
}

/** The picture that a player shows at this time: the last that is not later, or the first of all. */
async function shownAt(
  programs: Ffmpeg,
  source: Source,
  size: FrameSize | undefined,
  time: number,
  info: MediaInfo,
  io: EngineIo,
): Promise<RawFrame> {
  const fps = pictureOf(info)?.fps ?? SLOW_FPS;
  let first: RawFrame | undefined;
  // From two pictures before it, which are decoded on the way from the key frame anyway; from further back where
  // pictures stand still for longer, and in the end from the beginning.
  for (const window of [Math.ceil(2_000_000 / fps), ...WINDOWS_US, time]) {
    const fromUs = Math.max(0, time - window);
    let shown: RawFrame | undefined;
    const run = { source, fromUs, filters: pictureFilters(undefined, size) };
    for await (const frame of readFrames(programs, run, io)) {
      first = frame;
      if (frame.pts > time + SAME_US) break;
      shown = frame;
    }
    if (shown !== undefined) return shown;
    if (fromUs === 0) break;
  }
  if (first !== undefined) return first;
  throw new AvError("corrupt", `${sourceName(source)}: no picture can be decoded at ${seconds(time)}`);
}

async function pictureInfo(
  programs: Ffmpeg,
  source: Source,
  packets: number,
  io: EngineIo,
): Promise<MediaInfo> {
  const info = await ffmpegProbe(programs, { source, packets }, io);
  if (pictureOf(info) === undefined) {
    throw new AvError("not-media", `${sourceName(source)}: there is no picture in it, only sound`);
  }
  return info;
}

function pictureOf({ tracks }: MediaInfo): VideoTrackInfo | undefined {
  for (const track of tracks) if (track.kind === "video" && !track.attachedPicture) return track;
  return undefined;
}

function seconds(us: number): string {
  return `${(us / 1_000_000).toFixed(3).replace(/\.?0+$/, "")} s`;
}

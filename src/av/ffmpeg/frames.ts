import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import type { MediaInfo, VideoTrackInfo } from "../media-info.js";
import { type Source, sourceName } from "../source.js";
import type { FramesTask, RawFrame } from "../task.js";
import { builtIn } from "./built-in.js";
import { everySelect, pictureFilters } from "./filters.js";
import type { Ffmpeg } from "./find.js";
import { type PicturesRun, readFrames } from "./pictures.js";
import { ffmpegProbe } from "./probe.js";
import { hdrColor, TONE_MAP_FILTERS } from "./tone-map.js";

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

/** A source that is read from, as often as it takes. */
interface Reader {
  readonly name: string;
  /** What was found in it; undefined where it was not looked at. */
  readonly info: MediaInfo | undefined;
  /** Its first packets too. */
  look(packets: number): Promise<MediaInfo>;
  /** One run of ffmpeg. @param select an expression of FFmpeg's select filter */
  read(run: Omit<PicturesRun, "source" | "filters">, select?: string): AsyncGenerator<RawFrame>;
}

/** The pictures of a source, decoding no more than it takes to have them. */
export async function* ffmpegFrames(
  programs: Ffmpeg,
  task: FramesTask,
  io: EngineIo,
): AsyncGenerator<RawFrame> {
  const { select } = task;
  const reader = await createReader(programs, task, io);
  switch (select.kind) {
    case "all":
      yield* reader.read({ limit: select.limit });
      return;
    case "keyframes":
      yield* reader.read({ limit: select.limit, keyframesOnly: true });
      return;
    case "count":
      yield* spread(reader, select.count);
      return;
    case "every":
      yield* every(reader, select.everyUs, select.limit);
      return;
    case "at":
      yield* at(reader, select.atUs);
      return;
  }
}

async function createReader(programs: Ffmpeg, task: FramesTask, io: EngineIo): Promise<Reader> {
  const { source, select, size, toneMap } = task;
  const look = async (packets: number): Promise<MediaInfo> => {
    const info = await ffmpegProbe(programs, { source, packets }, io);
    if (pictureOf(info) === undefined)
      throw new AvError("not-media", `${sourceName(source)}: there is no picture in it, only sound`);
    return info;
  };
  // Where all that comes is read, an address is not asked twice.
  const readsOn = select.kind === "all" || select.kind === "keyframes";
  const isLooked = readsOn ? toneMap === "source" && source.kind === "file" : isSeekable(source);
  const info = isLooked ? await look(0) : undefined;
  const asked = toneMap === "source" ? info && hdrColor(pictureOf(info)?.color ?? {}) : toneMap;
  const hdr = asked !== undefined && (await mapsTones(programs)) ? asked : undefined;
  return {
    name: sourceName(source),
    info,
    look,
    read: (run, expression) =>
      readFrames(programs, { ...run, source, filters: pictureFilters(expression, size, hdr) }, io),
  };
}

/** Whether this FFmpeg has the filters for it. */
export async function mapsTones({ ffmpeg }: Ffmpeg): Promise<boolean> {
  const filters = await builtIn(ffmpeg, "filters");
  return TONE_MAP_FILTERS.every((name) => filters.has(name));
}

/** What can be read from any place, as often as we like. */
function isSeekable(source: Source): boolean {
  return source.kind === "file" || source.kind === "http";
}

async function* spread(reader: Reader, count: number): AsyncGenerator<RawFrame> {
  const durationUs = reader.info?.durationUs;
  if (durationUs === undefined) {
    yield* reader.read({ limit: count });
    return;
  }
  // In the middle of each of as many equal parts: neither the first picture, which is often black, nor after the last.
  for (let i = 0; i < count; i++) {
    yield await shownAt(reader, Math.floor((durationUs * (2 * i + 1)) / (2 * count)));
  }
}

async function* at(reader: Reader, times: readonly number[]): AsyncGenerator<RawFrame> {
  const { name, info } = reader;
  const durationUs = info?.durationUs;
  if (durationUs === undefined) {
    throw new AvError("unsupported", `${name}: it has no beginning from which a time could be counted`);
  }
  for (const time of times) {
    if (time > durationUs) {
      throw new AvError(
        "not-found",
        `${name}: no picture at ${seconds(time)}, it is ${seconds(durationUs)} long`,
      );
    }
    yield await shownAt(reader, time);
  }
}

async function* every(
  reader: Reader,
  everyUs: number,
  limit: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<RawFrame> {
  const { durationUs = 0 } = reader.info ?? {};
  // What has no end is not looked at for longer: it is not sought in.
  const info = durationUs > 0 ? await reader.look(LOOK_PACKETS) : undefined;
  const groupUs = info && pictureOf(info)?.gop?.longestUs;
  const worthIt = groupUs === undefined ? everyUs >= SEEK_BLIND_US : everyUs >= SEEK_GROUPS * groupUs;
  if (info === undefined || !worthIt) {
    yield* reader.read({ limit: Number.isFinite(limit) ? limit : undefined }, everySelect(everyUs));
    return;
  }
  // A transport stream is sought in by time alone: what comes before the next key frame cannot be decoded.
  const before = info.format.startsWith("mpeg") ? (groupUs ?? 0) + AHEAD_US : 0;
  let last: number | undefined;
  for (let time = 0, count = 0; time < durationUs && count < limit; time += everyUs) {
    const frame = await firstFrom(reader, Math.max(0, time - SAME_US), before);
    // The picture ends before the sound does; or a gap was longer than the interval.
    if (frame === undefined || frame.pts === last) continue;
    last = frame.pts;
    count += 1;
    yield frame;
  }
}

async function firstFrom(reader: Reader, fromUs: number, beforeUs: number): Promise<RawFrame | undefined> {
  // FFmpeg rounds where it begins to the container's clock, which in AVI is a picture long.
  const select = `gte(t,${(fromUs / 1_000_000).toFixed(6)})`;
  for await (const frame of reader.read({ fromUs: fromUs - beforeUs, limit: 1 }, select)) return frame;
  return undefined;
}

/** The picture that a player shows at this time: the last that is not later, or the first of all. */
async function shownAt(reader: Reader, time: number): Promise<RawFrame> {
  const fps = (reader.info && pictureOf(reader.info)?.fps) ?? SLOW_FPS;
  let first: RawFrame | undefined;
  // From two pictures before it, which are decoded on the way from the key frame anyway; from further back where
  // pictures stand still for longer, and in the end from the beginning.
  for (const window of [Math.ceil(2_000_000 / fps), ...WINDOWS_US, time]) {
    const fromUs = Math.max(0, time - window);
    let shown: RawFrame | undefined;
    for await (const frame of reader.read({ fromUs })) {
      first = frame;
      if (frame.pts > time + SAME_US) break;
      shown = frame;
    }
    if (shown !== undefined) return shown;
    if (fromUs === 0) break;
  }
  if (first !== undefined) return first;
  throw new AvError("corrupt", `${reader.name}: no picture can be decoded at ${seconds(time)}`);
}

function pictureOf({ tracks }: MediaInfo): VideoTrackInfo | undefined {
  for (const track of tracks) if (track.kind === "video" && !track.attachedPicture) return track;
  return undefined;
}

function seconds(us: number): string {
  return `${(us / 1_000_000).toFixed(3).replace(/\.?0+$/, "")} s`;
}

import type { EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import type { MediaInfo, TrackInfo } from "../media-info.js";
import { feed, runChild } from "../process.js";
import { isNetwork, type Source, sourceName } from "../source.js";
import type { ProbeTask } from "../task.js";
import { readColor, readHdr } from "./color.js";
import { explain } from "./explain.js";
import type { Ffmpeg } from "./find.js";
import { measureGop } from "./gop.js";
import { inputArgs } from "./input.js";
import { type Probed, type ProbedPacket, type ProbedStream, parseProbed } from "./probed.js";
import { bounded, fraction, micros, ratio, whole } from "./values.js";

/** Of a source without an end so much is looked at: it comes no faster than it is made. */
const LIVE_SECONDS = 5;
/** What ffprobe tells of a file with hundreds of streams; more is no file that anybody made to be watched. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const PACKET_ENTRIES = "packet=stream_index,pts_time,dts_time,duration_time,size,flags";
const NO_LANGUAGE = new Set(["und", ""]);
const DEGREES = 360;

/** What ffprobe says of a source, in one go: a live one is dialled once. */
export async function ffmpegProbe(programs: Ffmpeg, task: ProbeTask, io: EngineIo): Promise<MediaInfo> {
  const { source, packets } = task;
  const look = isNetwork(source) ? `%+${LIVE_SECONDS}` : `%+#${packets}`;
  const probed = await ffprobe(programs, source, io, [
    ...["-show_format", "-show_streams", "-show_data_hash", "CRC32"],
    ...(packets > 0 ? ["-show_entries", PACKET_ENTRIES, "-read_intervals", look] : []),
  ]);
  const info = mediaInfo(probed);
  if (info.tracks.length === 0)
    throw new AvError("not-media", `${sourceName(source)}: no audio or video in it`);
  return source.kind === "file" ? withFrameData(programs, source, io, info, probed) : info;
}

async function ffprobe(
  { ffprobe }: Ffmpeg,
  source: Source,
  { signal, limits, input }: EngineIo,
  sections: readonly string[],
): Promise<Probed> {
  const child = runChild({
    name: "ffprobe",
    subject: sourceName(source),
    command: ffprobe,
    args: ["-hide_banner", "-loglevel", "error", "-print_format", "json", ...sections, ...inputArgs(source)],
    stdin: source.kind === "bytes",
    signal,
    ...limits,
  });
  const fed = input === undefined ? undefined : feed(child, input);
  const slices: Uint8Array[] = [];
  let bytes = 0;
  for await (const slice of child.stdout) {
    slices.push(slice);
    bytes += slice.length;
    if (bytes > MAX_JSON_BYTES) {
      child.stop(
        new AvError("unsupported", `${sourceName(source)}: it has more to tell than anybody would read`),
      );
    }
  }
  const end = await child.done;
  await fed;
  if (end.code !== 0) throw explain(end, sourceName(source));
  return parseProbed(Buffer.concat(slices).toString("utf8"));
}

/** @internal */
export function mediaInfo({ format, streams, packets }: Probed): MediaInfo {
  const name = format.format_name ?? "";
  const tracks = streams.map((stream) => trackInfo(stream, packets));
  const durationUs = micros(format.duration);
  const startUs = micros(format.start_time);
  const bitrate = whole(format.bit_rate) ?? sum(tracks.map((track) => track.bitrate));
  const size = whole(format.size);
  return {
    format: name,
    container: containerOf(name, format.tags?.major_brand, tracks),
    ...(durationUs === undefined || durationUs <= 0 ? {} : { durationUs }),
    ...(startUs === undefined ? {} : { startUs }),
    ...(bitrate === undefined ? {} : { bitrate }),
    ...(size === undefined ? {} : { size }),
    tracks,
    tags: bounded(format.tags ?? {}),
  };
}

function trackInfo(stream: ProbedStream, packets: readonly ProbedPacket[]): TrackInfo {
  const mine = packets.filter((packet) => packet.stream_index === stream.index);
  const durationUs = micros(stream.duration);
  const startUs = micros(stream.start_time);
  const bitrate = whole(stream.bit_rate) ?? measuredBitrate(mine);
  const tags = stream.tags ?? {};
  const language = tags.language ?? "";
  const common = {
    index: stream.index,
    codec: stream.codec_name ?? "unknown",
    // "[0][0][0][0]" where the container has none.
    ...(stream.codec_tag_string === undefined || stream.codec_tag_string.startsWith("[")
      ? {}
      : { codecTag: stream.codec_tag_string }),
    ...(stream.profile === undefined || stream.profile === "unknown" ? {} : { profile: stream.profile }),
    ...(bitrate === undefined ? {} : { bitrate }),
    ...(durationUs === undefined ? {} : { durationUs }),
    ...(startUs === undefined ? {} : { startUs }),
    ...timeBaseOf(stream),
    ...(stream.extradata_hash === undefined ? {} : { configHash: stream.extradata_hash }),
    ...(NO_LANGUAGE.has(language) ? {} : { language }),
    ...(tags.title === undefined ? {} : { title: tags.title }),
    default: stream.disposition?.default === 1,
  };
  if (stream.codec_type === "video") return { ...common, ...video(stream, mine), kind: "video" };
  if (stream.codec_type === "audio") {
    const bits = whole(stream.bits_per_raw_sample) || stream.bits_per_sample;
    return {
      ...common,
      kind: "audio",
      sampleRate: whole(stream.sample_rate) ?? 0,
      channels: stream.channels ?? 0,
      ...(stream.channel_layout === undefined ? {} : { channelLayout: stream.channel_layout }),
      ...(bits ? { bitsPerSample: bits } : {}),
    };
  }
  const { codec_type } = stream;
  return { ...common, kind: codec_type === "subtitle" || codec_type === "attachment" ? codec_type : "data" };
}

function timeBaseOf({ time_base = "" }: ProbedStream): Pick<TrackInfo, "timeBase"> {
  const [num, den] = time_base.split("/").map(Number);
  return num && den ? { timeBase: { num, den } } : {};
}

function video(stream: ProbedStream, packets: readonly ProbedPacket[]) {
  const fps = fraction(stream.avg_frame_rate) ?? fraction(stream.r_frame_rate);
  const pixelAspect = ratio(stream.sample_aspect_ratio);
  const bitDepth = whole(stream.bits_per_raw_sample) ?? depthOf(stream.pix_fmt);
  const gop = packets.length === 0 ? undefined : measureGop(packets);
  const hdr = readHdr(stream.color_transfer, stream.side_data_list ?? []);
  return {
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    ...(stream.level === undefined || stream.level < 0 ? {} : { level: stream.level }),
    ...(fps === undefined ? {} : { fps }),
    ...(stream.has_b_frames === undefined ? {} : { reorder: stream.has_b_frames }),
    ...(pixelAspect === undefined || pixelAspect === 1 ? {} : { pixelAspect }),
    ...(stream.pix_fmt === undefined ? {} : { pixelFormat: stream.pix_fmt }),
    ...(bitDepth === undefined ? {} : { bitDepth }),
    rotation: rotationOf(stream),
    attachedPicture: stream.disposition?.attached_pic === 1,
    interlaced: !["progressive", "unknown", undefined].includes(stream.field_order),
    color: readColor(stream),
    ...(hdr === undefined ? {} : { hdr }),
    ...(gop === undefined ? {} : { gop }),
  };
}

/** A display matrix turns counterclockwise; the tag of older files clockwise. */
function rotationOf({ side_data_list = [], tags = {} }: ProbedStream): number {
  const matrix = side_data_list.find(({ rotation }) => rotation !== undefined)?.rotation;
  const degrees = matrix === undefined ? Number(tags.rotate ?? 0) : -Number(matrix);
  if (!Number.isFinite(degrees)) return 0;
  return (((Math.round(degrees / 90) * 90) % DEGREES) + DEGREES) % DEGREES;
}

/** `yuv420p10le` and `p010le` have 10 bits, `yuv420p` 8. */
function depthOf(pixelFormat: string | undefined): number | undefined {
  if (pixelFormat === undefined) return undefined;
  const digits = /p0?(9|10|12|14|16)(le|be)?$/.exec(pixelFormat)?.[1];
  return digits === undefined ? 8 : Number(digits);
}

/** Of the packets that were looked at, bits per second, for a file that does not say; at least a second of them. */
function measuredBitrate(packets: readonly ProbedPacket[]): number | undefined {
  const times = packets.map((packet) => micros(packet.dts_time ?? packet.pts_time) ?? Number.NaN);
  const known = times.filter((time) => !Number.isNaN(time));
  const first = known[0];
  const last = known.at(-1);
  if (first === undefined || last === undefined || last - first < 1_000_000) return undefined;
  // The last one's duration is not in the span, so its bytes are not counted either.
  const bytes = packets.slice(0, -1).reduce((total, { size }) => total + (whole(size) ?? 0), 0);
  return Math.round((bytes * 8_000_000) / (last - first));
}

function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 || known.length < values.length ? undefined : known.reduce((a, b) => a + b, 0);
}

const WEBM = new Set(["vp8", "vp9", "av1", "opus", "vorbis"]);

function containerOf(format: string, brand: string | undefined, tracks: readonly TrackInfo[]): string {
  if (format.startsWith("mov,")) return brand?.startsWith("qt") ? "mov" : "mp4";
  if (format.startsWith("matroska")) return tracks.every(({ codec }) => WEBM.has(codec)) ? "webm" : "mkv";
  return format === "live_flv" ? "flv" : (format.split(",")[0] ?? format);
}

/** HEVC and AV1 may have what HDR displays need in their frames alone: the first is decoded where it is missing. */
async function withFrameData(
  programs: Ffmpeg,
  source: Source,
  io: EngineIo,
  info: MediaInfo,
  probed: Probed,
): Promise<MediaInfo> {
  const track = info.tracks.find(({ kind }) => kind === "video");
  if (track?.kind !== "video" || track.hdr === undefined || track.hdr.maxLuminance !== undefined) return info;
  const stream = probed.streams.find(({ index }) => index === track.index);
  const { frames } = await ffprobe(programs, source, io, [
    ...["-select_streams", String(track.index), "-show_frames", "-read_intervals", "%+#1"],
  ]);
  const found = [...(stream?.side_data_list ?? []), ...(frames[0]?.side_data_list ?? [])];
  const hdr = readHdr(stream?.color_transfer, found) ?? track.hdr;
  return { ...info, tracks: info.tracks.map((each) => (each === track ? { ...track, hdr } : each)) };
}

import type { AudioTrackInfo, MediaInfo, TrackInfo, VideoTrackInfo } from "../av/media-info.js";
import { formatTime } from "./time.js";

/** What is in a file, for a person. */
export function mediaTable(input: string, info: MediaInfo): string {
  const names = info.format.split(",").length > 1 ? ` (${info.format})` : "";
  const head: readonly (readonly [string, string | undefined])[] = [
    ["container", `${info.container}${names}`],
    ["duration", info.durationUs === undefined ? "unknown, or without end" : formatTime(info.durationUs)],
    ["start", info.startUs ? formatTime(info.startUs) : undefined],
    ["size", info.size === undefined ? undefined : bytes(info.size)],
    ["bitrate", bits(info.bitrate)],
    ["title", info.tags.title],
  ];
  const rows = [
    ["track", "kind", "codec", ""],
    ...info.tracks.map((track) => [String(track.index), track.kind, codec(track), details(track)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = [
    input,
    ...head.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(9)}  ${value}`])),
    "",
    ...rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd()),
  ];
  return `${lines.map(plain).join("\n")}\n`;
}

function codec(track: TrackInfo): string {
  const level = track.kind === "video" ? levelOf(track) : undefined;
  return [track.codec, track.profile, level].filter((part) => part !== undefined).join(" ");
}

/** As the codecs' specifications write it: H.264 Annex A, H.265 Annex A, AV1 Annex A. */
function levelOf({ codec, level }: VideoTrackInfo): string | undefined {
  if (level === undefined) return undefined;
  if (codec === "h264") return (level / 10).toFixed(1);
  if (codec === "hevc") return (level / 30).toFixed(1);
  if (codec === "av1") return `${2 + (level >> 2)}.${level & 3}`;
  return undefined;
}

function details(track: TrackInfo): string {
  const own =
    track.kind === "video" ? videoDetails(track) : track.kind === "audio" ? audioDetails(track) : [];
  return [...own, bits(track.bitrate), track.language, track.title]
    .filter((part) => part !== undefined)
    .join(", ");
}

function videoDetails(track: VideoTrackInfo): (string | undefined)[] {
  const { fps, gop, hdr, rotation, color } = track;
  return [
    `${track.width}x${track.height}${track.interlaced ? " interlaced" : ""}`,
    track.pixelAspect === undefined ? undefined : `pixels ${track.pixelAspect.toFixed(3)}:1`,
    rotation === 0 ? undefined : `turned by ${rotation}°`,
    fps === undefined ? undefined : `${Number(fps.toFixed(3))} fps`,
    track.pixelFormat,
    hdr === undefined ? color.transfer : hdrDetails(track),
    gop?.averageUs === undefined
      ? undefined
      : `key frame every ${(gop.averageUs / 1_000_000).toFixed(2)} s (${gop.averageFrames} frames)`,
    gop?.bFrames ? "B-frames" : undefined,
    track.attachedPicture ? "cover" : undefined,
  ];
}

function hdrDetails({ hdr, color }: VideoTrackInfo): string {
  const name = { pq: "HDR PQ", hlg: "HDR HLG", "dolby-vision": "Dolby Vision" }[hdr?.kind ?? "pq"];
  const nits = hdr?.maxLuminance === undefined ? "" : ` to ${hdr.maxLuminance} cd/m²`;
  return `${name}${color.primaries === undefined ? "" : ` ${color.primaries}`}${nits}`;
}

function audioDetails(track: AudioTrackInfo): string[] {
  return [`${track.sampleRate} Hz`, track.channelLayout ?? `${track.channels} channels`];
}

function bits(perSecond: number | undefined): string | undefined {
  if (perSecond === undefined) return undefined;
  return perSecond >= 1_000_000
    ? `${(perSecond / 1_000_000).toFixed(2)} Mbit/s`
    : `${Math.round(perSecond / 1_000)} kbit/s`;
}

function bytes(count: number): string {
  return count >= 1_000_000 ? `${(count / 1_000_000).toFixed(1)} MB` : `${Math.ceil(count / 1_000)} kB`;
}

/** A file's tags may bring control characters, which a terminal would obey. */
function plain(line: string): string {
  return line.replace(/\p{Cc}/gu, " ");
}

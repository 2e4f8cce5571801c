import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { Probed, ProbedPacket, ProbedStream, SideData } from "../../ffmpeg/probed.js";
import { isNetwork, type Source } from "../../source.js";
import type { ProbeTask } from "../../task.js";
import { MATRIX, nameOf, PRIMARIES, RANGE, TRANSFER } from "./color-names.js";
import { createDecoder } from "./decoder.js";
import { type Input, openInput, type Tools } from "./input.js";
import {
  DISPOSITION_ATTACHED_PICTURE,
  DISPOSITION_DEFAULT,
  PACKET_KEY,
  type Packet,
  type Rational,
  type Stream,
  toMicroseconds,
  VIDEO,
} from "./library.js";
import { packetsOf } from "./packets.js";
import { frameSideData, streamSideData } from "./side-data.js";

// Says what ffprobe says, in its own shape: one reader makes the same answer of both.

/** Of a source without an end so much is looked at: it comes no faster than it is made. */
const LIVE_US = 5_000_000;
/** A stream's first picture is there after so many of its packets, or is not to be had. */
const FIRST_PICTURE_PACKETS = 32;

export async function probe(tools: Tools, { source, packets }: ProbeTask): Promise<Probed> {
  const input = await openInput(tools, source);
  try {
    const streams = input.streams.map((stream) => streamOf(tools, stream));
    const looked = await look(tools, input, streams, packets, isNetwork(source) ? LIVE_US : undefined);
    return { format: formatOf(input, source), frames: [], ...looked };
  } finally {
    await input.close();
  }
}

function formatOf({ format, startUs, durationUs }: Input, source: Source): Probed["format"] {
  const size = source.kind === "file" ? String(statSync(source.path).size) : undefined;
  return {
    ...(format.iformat?.name ? { format_name: format.iformat.name } : {}),
    ...(durationUs === undefined ? {} : { duration: seconds(durationUs) }),
    start_time: seconds(startUs),
    ...(size === undefined ? {} : { size }),
    ...(format.bitRate > 0n ? { bit_rate: String(format.bitRate) } : {}),
    tags: format.metadata?.getAll() ?? {},
  };
}

function streamOf({ library }: Tools, stream: Stream): ProbedStream {
  const { codecpar } = stream;
  const kind = library.avGetMediaTypeString(codecpar.codecType) ?? "unknown";
  const codec = library.Codec.findDecoder(codecpar.codecId);
  const codecName = library.avGetCodecName(codecpar.codecId) ?? undefined;
  const profile = codec?.profiles?.find((each) => each.profile === codecpar.profile)?.name;
  const start = toMicroseconds(stream.startTime, stream.timeBase);
  const duration = toMicroseconds(stream.duration, stream.timeBase);
  return {
    index: stream.index,
    codec_type: kind,
    ...(codecName === undefined ? {} : { codec_name: codecName }),
    ...(codecpar.codecTag === 0 || codecpar.codecTagString === null
      ? {}
      : { codec_tag_string: codecpar.codecTagString }),
    ...(profile === undefined ? {} : { profile }),
    time_base: text(stream.timeBase, "/"),
    ...(codecpar.extradata === null ? {} : { extradata_hash: hashOf(codecpar.extradata) }),
    ...(kind === "video" ? videoOf(library, stream) : {}),
    ...(kind === "audio" ? audioOf(library, stream, codecName ?? "") : {}),
    ...(codecpar.bitRate > 0n ? { bit_rate: String(codecpar.bitRate) } : {}),
    ...(codecpar.bitsPerRawSample > 0 ? { bits_per_raw_sample: String(codecpar.bitsPerRawSample) } : {}),
    ...(start === undefined ? {} : { start_time: seconds(start) }),
    ...(duration === undefined || duration <= 0 ? {} : { duration: seconds(duration) }),
    disposition: {
      default: stream.disposition & DISPOSITION_DEFAULT ? 1 : 0,
      attached_pic: stream.disposition & DISPOSITION_ATTACHED_PICTURE ? 1 : 0,
    },
    tags: stream.metadata?.getAll() ?? {},
    side_data_list: streamSideData(codecpar),
  };
}

function videoOf(library: Tools["library"], stream: Stream): Partial<ProbedStream> {
  const { codecpar } = stream;
  const pixels = library.avGetPixFmtName(codecpar.format);
  const aspect = stream.sampleAspectRatio.num > 0 ? stream.sampleAspectRatio : codecpar.sampleAspectRatio;
  return {
    width: codecpar.width,
    height: codecpar.height,
    level: codecpar.level,
    has_b_frames: codecpar.videoDelay,
    ...(pixels === null ? {} : { pix_fmt: pixels }),
    ...(codecpar.fieldOrder === undefined
      ? {}
      : { field_order: codecpar.fieldOrder > 1 ? "interlaced" : "progressive" }),
    ...(aspect.num > 0 ? { sample_aspect_ratio: text(aspect, ":") } : {}),
    avg_frame_rate: text(stream.avgFrameRate, "/"),
    r_frame_rate: text(stream.rFrameRate, "/"),
    ...nameOf("color_primaries", PRIMARIES, codecpar.colorPrimaries),
    ...nameOf("color_transfer", TRANSFER, codecpar.colorTrc),
    ...nameOf("color_space", MATRIX, codecpar.colorSpace),
    ...nameOf("color_range", RANGE, codecpar.colorRange),
  };
}

function audioOf(library: Tools["library"], { codecpar }: Stream, codec: string): Partial<ProbedStream> {
  const layout = library.avChannelLayoutDescribe(codecpar.channelLayout);
  return {
    sample_rate: String(codecpar.sampleRate),
    channels: codecpar.channels,
    ...(layout === null ? {} : { channel_layout: layout }),
    bits_per_sample: /^(pcm|adpcm)_/.test(codec) ? codecpar.bitsPerCodedSample : 0,
  };
}

/** The first packets, and of a picture with a high dynamic range what its first frame alone says. */
async function look(
  tools: Tools,
  input: Input,
  streams: readonly ProbedStream[],
  count: number,
  untilUs: number | undefined,
): Promise<Pick<Probed, "packets" | "streams">> {
  const packets: ProbedPacket[] = [];
  const hdr = input.streams.find((stream) => lacksLight(stream, streams[stream.index]));
  const decoder = hdr && createDecoder(tools.library, hdr, input.name, tools.check, { threads: 1 });
  let found: readonly SideData[] | undefined;
  let left = decoder === undefined ? 0 : FIRST_PICTURE_PACKETS;
  let first: number | undefined;
  const wants = (): boolean => packets.length < count || (found === undefined && left > 0);
  try {
    if (!wants()) return { packets, streams };
    for await (const packet of packetsOf(tools, input)) {
      const stream = input.streams[packet.streamIndex];
      if (stream === undefined) continue;
      const time = toMicroseconds(packet.dts, stream.timeBase) ?? toMicroseconds(packet.pts, stream.timeBase);
      first ??= time;
      if (untilUs !== undefined && time !== undefined && first !== undefined && time - first >= untilUs)
        break;
      if (packets.length < count) packets.push(packetOf(packet, stream.timeBase));
      if (stream.index === hdr?.index && found === undefined && left-- > 0) {
        for (const frame of decoder?.decode(packet) ?? []) found ??= frameSideData(frame);
      }
      if (!wants()) break;
    }
  } finally {
    decoder?.close();
  }
  const more = found ?? [];
  return {
    packets,
    streams: streams.map((stream) =>
      stream.index === hdr?.index
        ? { ...stream, side_data_list: [...(stream.side_data_list ?? []), ...more] }
        : stream,
    ),
  };
}

function lacksLight({ codecpar }: Stream, said: ProbedStream | undefined): boolean {
  const high = said?.color_transfer === "smpte2084" || said?.color_transfer === "arib-std-b67";
  const knows = said?.side_data_list?.some(({ max_luminance }) => max_luminance !== undefined) === true;
  return codecpar.codecType === VIDEO && high && !knows;
}

function packetOf(packet: Packet, timeBase: Rational): ProbedPacket {
  const pts = toMicroseconds(packet.pts, timeBase);
  const dts = toMicroseconds(packet.dts, timeBase);
  const duration = toMicroseconds(packet.duration, timeBase);
  return {
    stream_index: packet.streamIndex,
    ...(pts === undefined ? {} : { pts_time: seconds(pts) }),
    ...(dts === undefined ? {} : { dts_time: seconds(dts) }),
    ...(duration === undefined || duration === 0 ? {} : { duration_time: seconds(duration) }),
    size: String(packet.size),
    flags: packet.flags & PACKET_KEY ? "K__" : "___",
  };
}

/** Whole microseconds as ffprobe writes them. */
function seconds(microseconds: number): string {
  const sign = microseconds < 0 ? "-" : "";
  const digits = String(Math.abs(microseconds)).padStart(7, "0");
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

function hashOf(bytes: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function text({ num, den }: Rational, sign: string): string {
  return `${num}${sign}${den}`;
}

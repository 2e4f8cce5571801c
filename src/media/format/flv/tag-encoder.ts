import type { ByteWriter } from "../../bytes/writer.js";
import type { Packet } from "../../model/packet.js";
import { MICROS_PER_MS } from "../../model/time.js";
import type { AudioCodec, AudioTrack, Track, VideoCodec, VideoTrack } from "../../model/track.js";
import {
  AAC_RAW,
  AAC_SEQUENCE_HEADER,
  AVC_NALU,
  AVC_SEQUENCE_HEADER,
  EX_CODED_FRAMES,
  EX_SEQUENCE_START,
  EX_VIDEO_CODED_FRAMES_X,
  FOURCC_AAC,
  FOURCC_AV1,
  FOURCC_AVC,
  FOURCC_HEVC,
  FOURCC_MP3,
  FOURCC_OPUS,
  FOURCC_VP9,
  FRAME_INTER,
  FRAME_KEY,
  SOUND_AAC,
  SOUND_EX_HEADER,
  SOUND_MP3,
  SOUND_MP3_8K,
  TAG_AUDIO,
  TAG_SCRIPT,
  TAG_VIDEO,
  VIDEO_AVC,
  VIDEO_HEVC,
} from "./constants.js";

/**
 * How codecs are written: what the readers of a stream understand.
 *
 * - `standard`: AVC, AAC and MP3 in FLV's own tags, which every reader knows; HEVC, AV1, VP9 and Opus, for which FLV
 *   has none, with Enhanced RTMP's FourCC.
 * - `codecid12`: HEVC as codec id 12, the older agreement among Chinese players; all else as `standard`.
 * - `enhanced`: everything with a FourCC.
 */
export type FlvDialect = "standard" | "codecid12" | "enhanced";

const VIDEO_FOURCC: Readonly<Record<VideoCodec, number>> = {
  avc: FOURCC_AVC,
  hevc: FOURCC_HEVC,
  av1: FOURCC_AV1,
  vp9: FOURCC_VP9,
};
const AUDIO_FOURCC: Readonly<Record<AudioCodec, number>> = {
  aac: FOURCC_AAC,
  opus: FOURCC_OPUS,
  mp3: FOURCC_MP3,
};

/** The tag type, which is also the RTMP message type, of a track's configurations and packets: 8, 9 or 18. */
export function tagTypeOf(track: Track): number {
  if (track.kind === "video") return TAG_VIDEO;
  return track.kind === "audio" ? TAG_AUDIO : TAG_SCRIPT;
}

/** The number that stands for a track's codec in this dialect, as onMetaData's `videocodecid` and `audiocodecid` have it. */
export function codecIdOf(track: VideoTrack | AudioTrack, dialect: FlvDialect): number {
  if (track.kind === "video") return legacyVideoId(track.codec, dialect) ?? VIDEO_FOURCC[track.codec];
  return legacySoundFormat(track, dialect) ?? AUDIO_FOURCC[track.codec];
}

/**
 * Appends the body of a track's sequence header.
 *
 * @returns false, with nothing appended, where the codec has none (MP3, script data)
 */
export function writeConfigBody(track: Track, dialect: FlvDialect, out: ByteWriter): boolean {
  if (track.kind === "data" || track.config.description === undefined) return false;
  if (track.kind === "video") {
    const id = legacyVideoId(track.codec, dialect);
    if (id === undefined) {
      out.u8(0x80 | (FRAME_KEY << 4) | EX_SEQUENCE_START);
      out.u32(VIDEO_FOURCC[track.codec]);
    } else {
      out.u8((FRAME_KEY << 4) | id);
      out.u8(AVC_SEQUENCE_HEADER);
      out.u24(0);
    }
  } else {
    const format = legacySoundFormat(track, dialect);
    if (format === undefined) {
      out.u8((SOUND_EX_HEADER << 4) | EX_SEQUENCE_START);
      out.u32(AUDIO_FOURCC[track.codec]);
    } else {
      out.u8(soundFlags(track, format));
      out.u8(AAC_SEQUENCE_HEADER);
    }
  }
  out.write(track.config.description);
  return true;
}

/**
 * A time in microseconds as a tag's or RTMP message's timestamp: whole milliseconds since `zero`, not yet wrapped to 32
 * bits. What lies before `zero` gets 0: readers disagree on whether the 32 bits have a sign.
 */
export function tagTimestamp(micros: number, zero: number): number {
  return Math.max(0, Math.floor((micros - zero) / MICROS_PER_MS));
}

/**
 * A packet's composition time in milliseconds. It is the difference of the two converted times, so that timestamp plus
 * composition time is the presentation time to the millisecond, whatever was rounded off.
 */
export function compositionTimeOf(packet: Packet, zero: number): number {
  return Math.floor((packet.pts - zero) / MICROS_PER_MS) - tagTimestamp(packet.dts, zero);
}

/**
 * Appends what stands before `packet.data` in a packet's body: head and data together are the body.
 *
 * @param compositionTime presentation time minus decode time in milliseconds; it is kept within signed 24 bits
 */
export function writePacketHead(
  packet: Packet,
  compositionTime: number,
  dialect: FlvDialect,
  out: ByteWriter,
): void {
  const track = packet.track;
  if (track.kind === "video") writeVideoHead(track.codec, packet.key, compositionTime, dialect, out);
  else if (track.kind === "audio") writeAudioHead(track, dialect, out);
}

/** Appends a packet's whole body: `writePacketHead`, then its data. */
export function writePacketBody(
  packet: Packet,
  compositionTime: number,
  dialect: FlvDialect,
  out: ByteWriter,
): void {
  writePacketHead(packet, compositionTime, dialect, out);
  out.write(packet.data);
}

function writeVideoHead(
  codec: VideoCodec,
  key: boolean,
  compositionTime: number,
  dialect: FlvDialect,
  out: ByteWriter,
): void {
  const frameType = (key ? FRAME_KEY : FRAME_INTER) << 4;
  const id = legacyVideoId(codec, dialect);
  if (id !== undefined) {
    out.u8(frameType | id);
    out.u8(AVC_NALU);
    out.u24(clampI24(compositionTime));
    return;
  }
  // Only AVC and HEVC have a composition time (Enhanced RTMP v2, ExVideoTagBody); X stands for zero.
  const reorders = codec === "avc" || codec === "hevc";
  const implied = reorders && compositionTime === 0;
  out.u8(0x80 | frameType | (implied ? EX_VIDEO_CODED_FRAMES_X : EX_CODED_FRAMES));
  out.u32(VIDEO_FOURCC[codec]);
  if (reorders && !implied) out.u24(clampI24(compositionTime));
}

function writeAudioHead(track: AudioTrack, dialect: FlvDialect, out: ByteWriter): void {
  const format = legacySoundFormat(track, dialect);
  if (format === undefined) {
    out.u8((SOUND_EX_HEADER << 4) | EX_CODED_FRAMES);
    out.u32(AUDIO_FOURCC[track.codec]);
    return;
  }
  out.u8(soundFlags(track, format));
  if (format === SOUND_AAC) out.u8(AAC_RAW);
}

function legacyVideoId(codec: VideoCodec, dialect: FlvDialect): number | undefined {
  if (dialect === "enhanced") return undefined;
  if (codec === "avc") return VIDEO_AVC;
  return codec === "hevc" && dialect === "codecid12" ? VIDEO_HEVC : undefined;
}

function legacySoundFormat(track: AudioTrack, dialect: FlvDialect): number | undefined {
  if (dialect === "enhanced") return undefined;
  if (track.codec === "aac") return SOUND_AAC;
  if (track.codec !== "mp3") return undefined;
  return track.config.sampleRate === 8000 ? SOUND_MP3_8K : SOUND_MP3;
}

/**
 * SoundFormat, SoundRate, SoundSize and SoundType in one byte. AAC always says 44 kHz stereo (section E.4.2.1); MP3 the
 * next lower of the four rates that there are, its frames tell the true one.
 */
function soundFlags(track: AudioTrack, format: number): number {
  if (format === SOUND_AAC) return (SOUND_AAC << 4) | 0x0f;
  const { sampleRate, numberOfChannels } = track.config;
  const rate = sampleRate >= 44100 ? 3 : sampleRate >= 22050 ? 2 : sampleRate >= 11025 ? 1 : 0;
  return (format << 4) | (rate << 2) | 2 | (numberOfChannels > 1 ? 1 : 0);
}

function clampI24(value: number): number {
  return Math.max(-0x80_0000, Math.min(0x7f_ffff, value));
}

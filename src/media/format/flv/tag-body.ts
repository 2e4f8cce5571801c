import { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";
import type { AudioCodec, VideoCodec } from "../../model/track.js";
import {
  AAC_RAW,
  AAC_SEQUENCE_HEADER,
  AVC_END_OF_SEQUENCE,
  AVC_NALU,
  AVC_SEQUENCE_HEADER,
  EX_AUDIO_MULTICHANNEL_CONFIG,
  EX_AUDIO_MULTITRACK,
  EX_CODED_FRAMES,
  EX_SEQUENCE_END,
  EX_SEQUENCE_START,
  EX_VIDEO_CODED_FRAMES_X,
  EX_VIDEO_METADATA,
  EX_VIDEO_MPEG2TS_SEQUENCE_START,
  EX_VIDEO_MULTITRACK,
  FOURCC_AAC,
  FOURCC_AV1,
  FOURCC_AVC,
  FOURCC_HEVC,
  FOURCC_MP3,
  FOURCC_OPUS,
  FOURCC_VP9,
  FRAME_COMMAND,
  FRAME_KEY,
  fourCcText,
  SOUND_AAC,
  SOUND_EX_HEADER,
  SOUND_MP3,
  SOUND_MP3_8K,
  VIDEO_AV1,
  VIDEO_AVC,
  VIDEO_HEVC,
} from "./constants.js";
import { type ExBody, type ExKind, readExBody } from "./enhanced.js";

/** What one track's share of a video or audio body is, legacy and enhanced alike. */
export interface TagUnit<Codec> {
  readonly part: "config" | "frame";
  /** Absent where we do not carry the codec; `codecName` then tells which. */
  readonly codec: Codec | undefined;
  readonly codecName: string;
  /** 0 outside Enhanced RTMP's Multitrack. */
  readonly trackId: number;
  /** A view of the body, never empty. */
  readonly data: Uint8Array;
  /** Enhanced RTMP's TimestampOffsetNano, in microseconds, rounded. */
  readonly offset: number;
}

export interface VideoUnit extends TagUnit<VideoCodec> {
  /** Whether the tag says key frame. */
  readonly keyFlag: boolean;
  /** Milliseconds, signed. */
  readonly compositionTime: number;
}

export type AudioUnit = TagUnit<AudioCodec>;

const VIDEO_KIND: ExKind = { multitrack: EX_VIDEO_MULTITRACK, metadata: EX_VIDEO_METADATA };
const AUDIO_KIND: ExKind = { multitrack: EX_AUDIO_MULTITRACK };

const LEGACY_VIDEO_CODECS: ReadonlyMap<number, VideoCodec> = new Map([
  [VIDEO_AVC, "avc"],
  [VIDEO_HEVC, "hevc"],
  [VIDEO_AV1, "av1"],
]);
const EX_VIDEO_CODECS: ReadonlyMap<number, VideoCodec> = new Map([
  [FOURCC_AVC, "avc"],
  [FOURCC_HEVC, "hevc"],
  [FOURCC_AV1, "av1"],
  [FOURCC_VP9, "vp9"],
]);
const EX_AUDIO_CODECS: ReadonlyMap<number, AudioCodec> = new Map([
  [FOURCC_AAC, "aac"],
  [FOURCC_OPUS, "opus"],
  [FOURCC_MP3, "mp3"],
]);

/** CodecID and SoundFormat of the FLV specification (sections E.4.3.1 and E.4.2.1) that we do not carry. */
const VIDEO_NAMES: Readonly<Record<number, string>> = {
  1: "JPEG",
  2: "Sorenson H.263",
  3: "Screen video",
  4: "On2 VP6",
  5: "On2 VP6 with alpha",
  6: "Screen video 2",
};
const SOUND_NAMES: Readonly<Record<number, string>> = {
  0: "PCM, platform endian",
  1: "ADPCM",
  3: "PCM, little endian",
  4: "Nellymoser 16 kHz",
  5: "Nellymoser 8 kHz",
  6: "Nellymoser",
  7: "G.711 A-law",
  8: "G.711 mu-law",
  11: "Speex",
  15: "device-specific sound",
};

/**
 * Reads the body of a video tag: VIDEODATA (section E.4.3) or ExVideoTagHeader and ExVideoTagBody (Enhanced RTMP v2).
 * Empty bodies, commands, ends of sequences and metadata frames (HDR colour information) give nothing.
 */
export function readVideoBody(body: Uint8Array): VideoUnit[] {
  if (body.length === 0) return [];
  const reader = new ByteReader(body);
  const first = reader.u8();
  if ((first & 0x80) !== 0) return readExVideoBody(reader, (first >> 4) & 0x07, first & 0x0f);
  const frameType = first >> 4;
  if (frameType === FRAME_COMMAND) return [];
  const codecId = first & 0x0f;
  const codec = LEGACY_VIDEO_CODECS.get(codecId);
  if (codec === undefined) {
    throw new MediaError("unsupported", `video codec ${VIDEO_NAMES[codecId] ?? `id ${codecId}`}`);
  }
  if (reader.remaining === 0) return [];
  const packetType = reader.u8();
  // Some encoders end a sequence without the composition time.
  if (packetType === AVC_END_OF_SEQUENCE) return [];
  if (packetType !== AVC_SEQUENCE_HEADER && packetType !== AVC_NALU) {
    throw new MediaError("malformed", `AVCPacketType ${packetType}`);
  }
  const compositionTime = reader.i24();
  if (reader.remaining === 0) return [];
  return [
    {
      part: packetType === AVC_NALU ? "frame" : "config",
      codec,
      codecName: codec,
      trackId: 0,
      data: reader.rest(),
      offset: 0,
      keyFlag: frameType === FRAME_KEY,
      compositionTime,
    },
  ];
}

function readExVideoBody(reader: ByteReader, frameType: number, packetType: number): VideoUnit[] {
  const body = readExBody(reader, VIDEO_KIND, packetType, frameType);
  const part = videoPart(body.packetType);
  if (part === undefined) return [];
  const units: VideoUnit[] = [];
  for (const { trackId, fourCc, payload } of body.parts) {
    const codec = EX_VIDEO_CODECS.get(fourCc);
    let data = payload;
    let compositionTime = 0;
    // Only AVC and HEVC (and VVC, which we do not carry) have a composition time here.
    if (body.packetType === EX_CODED_FRAMES && (codec === "avc" || codec === "hevc")) {
      const inner = new ByteReader(payload);
      compositionTime = inner.i24();
      data = inner.rest();
    }
    if (data.length === 0) continue;
    const keyFlag = frameType === FRAME_KEY;
    units.push({ ...common(body, part, fourCc), codec, trackId, data, keyFlag, compositionTime });
  }
  return units;
}

function videoPart(packetType: number): "config" | "frame" | undefined {
  switch (packetType) {
    case EX_SEQUENCE_START:
      return "config";
    case EX_CODED_FRAMES:
    case EX_VIDEO_CODED_FRAMES_X:
      return "frame";
    case EX_SEQUENCE_END:
    case EX_VIDEO_METADATA:
      return undefined;
    case EX_VIDEO_MPEG2TS_SEQUENCE_START:
      throw new MediaError("unsupported", "video as MPEG-2 TS inside FLV");
    default:
      throw new MediaError("unsupported", `VideoPacketType ${packetType}`);
  }
}

/**
 * Reads the body of an audio tag: AUDIODATA (section E.4.2) or ExAudioTagHeader and ExAudioTagBody (Enhanced RTMP v2).
 * Empty bodies (silence), ends of sequences and channel layouts give nothing.
 */
export function readAudioBody(body: Uint8Array): AudioUnit[] {
  if (body.length === 0) return [];
  const reader = new ByteReader(body);
  const first = reader.u8();
  const format = first >> 4;
  if (format === SOUND_EX_HEADER) return readExAudioBody(reader, first & 0x0f);
  if (format !== SOUND_AAC && format !== SOUND_MP3 && format !== SOUND_MP3_8K) {
    throw new MediaError("unsupported", `audio codec ${SOUND_NAMES[format] ?? `format ${format}`}`);
  }
  if (reader.remaining === 0) return [];
  const codec = format === SOUND_AAC ? "aac" : "mp3";
  let part: "config" | "frame" = "frame";
  if (codec === "aac") {
    const packetType = reader.u8();
    if (packetType !== AAC_SEQUENCE_HEADER && packetType !== AAC_RAW) {
      throw new MediaError("malformed", `AACPacketType ${packetType}`);
    }
    if (packetType === AAC_SEQUENCE_HEADER) part = "config";
  }
  if (reader.remaining === 0) return [];
  return [{ part, codec, codecName: codec, trackId: 0, data: reader.rest(), offset: 0 }];
}

function readExAudioBody(reader: ByteReader, packetType: number): AudioUnit[] {
  const body = readExBody(reader, AUDIO_KIND, packetType);
  const part = audioPart(body.packetType);
  if (part === undefined) return [];
  const units: AudioUnit[] = [];
  for (const { trackId, fourCc, payload } of body.parts) {
    if (payload.length === 0) continue;
    units.push({
      ...common(body, part, fourCc),
      codec: EX_AUDIO_CODECS.get(fourCc),
      trackId,
      data: payload,
    });
  }
  return units;
}

function audioPart(packetType: number): "config" | "frame" | undefined {
  switch (packetType) {
    case EX_SEQUENCE_START:
      return "config";
    case EX_CODED_FRAMES:
      return "frame";
    // The codecs that we carry describe their channels themselves.
    case EX_AUDIO_MULTICHANNEL_CONFIG:
    case EX_SEQUENCE_END:
      return undefined;
    default:
      throw new MediaError("unsupported", `AudioPacketType ${packetType}`);
  }
}

function common(
  body: ExBody,
  part: "config" | "frame",
  fourCc: number,
): Pick<TagUnit<never>, "part" | "codecName" | "offset"> {
  return { part, codecName: fourCcText(fourCc), offset: Math.round(body.offsetNano / 1000) };
}

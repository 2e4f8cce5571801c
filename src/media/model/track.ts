/** What a track carries. A `data` track is transparent: it never counts as part of a stream's track set. */
export type TrackKind = "video" | "audio" | "data";

/** Video codecs that are carried: H.264, H.265, AV1 and VP9. */
export type VideoCodec = "avc" | "hevc" | "av1" | "vp9";
/** Audio codecs that are carried. */
export type AudioCodec = "aac" | "opus" | "mp3";
/** How a data track's packets are written: AMF0 values, a name first, as in FLV's script tags. */
export type DataCodec = "amf0";

/**
 * How to decode a video track; the shape of WebCodecs' `VideoDecoderConfig`, plus what muxers and logs need.
 * Sizes are in pixels after cropping.
 */
export interface VideoConfig {
  /** RFC 6381 codec string, such as `avc1.64001f`. */
  readonly codec: string;
  /** The decoder configuration record (avcC, hvcC, av1C or vpcC content); absent where the codec has none. */
  readonly description?: Uint8Array;
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Frames per second as signalled in the bitstream; absent where it is not. */
  readonly frameRate?: number;
  /** Bytes of each NAL unit's length prefix (AVC and HEVC only). */
  readonly nalLengthSize?: 1 | 2 | 4;
  /** How many frames may precede another in decode order and follow it in output order; absent where unknown. */
  readonly reorderDepth?: number;
}

/** How to decode an audio track; the shape of WebCodecs' `AudioDecoderConfig`, plus what muxers need. */
export interface AudioConfig {
  /** RFC 6381 codec string, such as `mp4a.40.2`, `opus` or `mp3`. */
  readonly codec: string;
  /** AudioSpecificConfig for AAC, OpusHead ("identification header", RFC 7845 section 5.1) for Opus; absent for MP3. */
  readonly description?: Uint8Array;
  /** Output sampling rate in Hz: for HE-AAC the rate after SBR. */
  readonly sampleRate: number;
  /** Output channels: for HE-AAC v2 the count after parametric stereo. */
  readonly numberOfChannels: number;
  /** Output samples (per channel, at `sampleRate`) in one packet; absent where packets differ, as in Opus. */
  readonly samplesPerFrame?: number;
}

/**
 * One elementary stream with the configuration in force. Immutable: a changed configuration is a new Track with the
 * same id, so that every packet, in a cache, a slow reader or a recording, keeps the one it was encoded with.
 */
export type Track = VideoTrack | AudioTrack | DataTrack;

/** A picture. */
export interface VideoTrack {
  readonly id: number;
  readonly kind: "video";
  readonly codec: VideoCodec;
  readonly config: VideoConfig;
}

/** A sound. */
export interface AudioTrack {
  readonly id: number;
  readonly kind: "audio";
  readonly codec: AudioCodec;
  readonly config: AudioConfig;
}

/** Timed data: each packet holds one AMF0 script body, its name first (`onTextData`, `onCuePoint`, …). */
export interface DataTrack {
  readonly id: number;
  readonly kind: "data";
  readonly codec: DataCodec;
  readonly config: { readonly codec: "amf0" };
}

/** The ids our demuxers give: one track of each kind. */
export const VIDEO_TRACK_ID = 1;
export const AUDIO_TRACK_ID = 2;
export const DATA_TRACK_ID = 3;

import type { Source } from "./source.js";

// What an engine is asked to do, as plain data: it crosses to another process as JSON.

/** Bounds of one job. 0 is none. */
export interface Limits {
  /** From its start to its end, milliseconds. */
  readonly timeoutMs: number;
  /** Nothing came for so long while somebody waited for it, milliseconds. */
  readonly stallTimeoutMs: number;
  /** Resident memory of the engine's process, bytes; watched on Linux. */
  readonly memoryBytes: number;
}

export interface ProbeTask {
  readonly source: Source;
  /** At most so many of the first packets are looked at for the interval of key frames. 0 leaves it out. */
  readonly packets: number;
}

/** A picture. */
export interface RawFrame {
  /** Microseconds from the start of the file, or of what came of a live source. */
  readonly pts: number;
  readonly width: number;
  readonly height: number;
  /** RGBA, 8 bits each, rows from the top without padding: width * height * 4 bytes. They belong to the frame. */
  readonly data: Uint8Array;
}

/** Which pictures. */
export type FrameSelection =
  /** All in order, at most `limit` of them. */
  | { readonly kind: "all"; readonly limit: number | undefined }
  /** So many, evenly spread over the duration; the first so many where it has no end. */
  | { readonly kind: "count"; readonly count: number }
  /** The first at or after 0, `everyUs`, twice that, … */
  | { readonly kind: "every"; readonly everyUs: number; readonly limit: number | undefined }
  /** The one shown at each of these times, microseconds. */
  | { readonly kind: "at"; readonly atUs: readonly number[] }
  | { readonly kind: "keyframes"; readonly limit: number | undefined };

/** Pixels. One side alone keeps the shape; both are a box that the picture is fitted into. */
export interface FrameSize {
  readonly width: number | undefined;
  readonly height: number | undefined;
}

/** Colours of a high dynamic range, by FFmpeg's names. */
export interface HdrColor {
  readonly transfer: "smpte2084" | "arib-std-b67";
  readonly primaries: string;
}

export interface FramesTask {
  readonly source: Source;
  readonly select: FrameSelection;
  readonly size: FrameSize | undefined;
  /**
   * A picture of a high dynamic range is brought into the standard one, where the engine can: of these colours, or of
   * those that the source says it has. Undefined leaves it as it is.
   */
  readonly toneMap?: HdrColor | "source" | undefined;
}

export type ImageFormat = "png" | "jpeg" | "webp";

export interface ImageTask {
  readonly format: ImageFormat;
  /** 1 to 100, for JPEG and WebP. */
  readonly quality: number;
  readonly width: number;
  readonly height: number;
}

export type Container = "mp4" | "fmp4" | "flv" | "mkv" | "webm" | "mpegts" | "avi" | "rawvideo";
export type VideoCodec = "h264" | "hevc" | "vp9" | "av1" | "rawvideo";
export type AudioCodec = "aac" | "opus" | "mp3";
export type Hardware = "none" | "auto" | "nvenc" | "vaapi";

export interface ConvertInput {
  readonly source: Source;
  /** Microseconds from its beginning. A copied picture begins at the key frame at or before it: `startUs` tells which. */
  readonly fromUs?: number;
  /** Nothing from here on, microseconds from its beginning. */
  readonly toUs?: number;
  /** Read no faster than it plays. */
  readonly realtime?: boolean;
  /** Added to its times, microseconds; with `keepTimestamps` only. */
  readonly shiftUs?: number;
  /** Pictures without a container: the shape of `source.format` "rawvideo". */
  readonly raw?: { readonly width: number; readonly height: number; readonly fps: number };
}

/** Where a corner picture or a text goes. */
export type Place = "top-left" | "top-right" | "bottom-left" | "bottom-right" | "center";

export type VideoFilter =
  | { readonly kind: "scale"; readonly width: number | undefined; readonly height: number | undefined }
  | {
      readonly kind: "crop";
      readonly width: number;
      readonly height: number;
      readonly x: number | undefined;
      readonly y: number | undefined;
    }
  | { readonly kind: "fps"; readonly fps: number }
  | ({ readonly kind: "tone-map" } & HdrColor)
  | { readonly kind: "watermark"; readonly path: string; readonly place: Place }
  | {
      readonly kind: "text";
      /** With drawtext's expansions, such as `%{localtime}`. */
      readonly text: string;
      readonly place: Place;
      /** Pixels; a twentieth of the height where it is undefined. */
      readonly size: number | undefined;
      /** Path of a font's file; the system's default where there is none. */
      readonly font?: string | undefined;
    };

export interface VideoTask {
  readonly codec: VideoCodec;
  readonly filters: readonly VideoFilter[];
  /** Bits per second; constant quality where it is absent. */
  readonly bitrate?: number;
  /** The encoder's own scale (CRF). */
  readonly quality?: number;
  readonly preset?: string;
  /** No B-frames and no look-ahead. */
  readonly lowDelay?: boolean;
  /** Key frames where the source has them, or every so many microseconds. */
  readonly keyFrames?: "source" | { readonly everyUs: number };
  readonly hardware: Hardware;
  /** Ticks per second that the pictures' times are kept in; else the encoder's own choice, which may round them. */
  readonly clock?: number;
  /** How long a picture is shown whose source does not say and that no other follows, microseconds. */
  readonly frameUs?: number;
}

export interface AudioTask {
  readonly codec: AudioCodec;
  readonly bitrate?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
}

/** Remux, cut, concatenate, transcode, capture: one shape for all. */
export interface ConvertTask {
  /** One after the other where there are several. */
  readonly inputs: readonly ConvertInput[];
  /** `bytes` go to `io.output`. */
  readonly output:
    | { readonly kind: "file"; readonly path: string; readonly container: Container }
    | { readonly kind: "bytes"; readonly container: Container };
  /** `copy` keeps them as they are encoded, `none` leaves them out. */
  readonly video: VideoTask | "copy" | "none";
  readonly audio: AudioTask | "copy" | "none";
  /** Whether the input's timestamps are kept to the tick instead of starting at 0. */
  readonly keepTimestamps?: boolean;
  /** Those of the first input, by number; else its first of each kind. */
  readonly tracks?: readonly number[];
  /** Goes on past damage in the input, and says so in `notes`; else it is `corrupt`. */
  readonly tolerant?: boolean;
  /** Sound comes from here, on one clock with the first input's picture, where that has none. */
  readonly soundFrom?: ConvertInput;
}

export interface ConvertResult {
  /** Of the media written, microseconds. */
  readonly durationUs: number;
  readonly bytes: number;
  /** Where a copied picture began, microseconds from the source's beginning; absent without `fromUs`. */
  readonly startUs?: number;
  /** FFmpeg's name of the encoder that made the picture: `libx264`, `hevc_nvenc`; absent where none was needed. */
  readonly videoEncoder?: string;
  /** What was done otherwise than asked, and why, each a sentence: hardware that is not there. */
  readonly notes: readonly string[];
}

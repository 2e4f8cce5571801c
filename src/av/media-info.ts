/** What is in a file or at an address. Times are integer microseconds; what nobody knows is absent. */
export interface MediaInfo {
  /** FFmpeg's name: `mov,mp4,m4a,3gp,3g2,mj2`, `flv`, `matroska,webm`. */
  readonly format: string;
  /** The one of those names that people use: `mp4`, `flv`, `mkv`. */
  readonly container: string;
  readonly durationUs?: number;
  /** The first timestamp. */
  readonly startUs?: number;
  /** Of the whole, bits per second. */
  readonly bitrate?: number;
  /** Bytes. */
  readonly size?: number;
  readonly tracks: readonly TrackInfo[];
  /** Of the file: title, encoder, …; at most 64 of at most 1,024 characters. */
  readonly tags: Readonly<Record<string, string>>;
}

export type TrackInfo = VideoTrackInfo | AudioTrackInfo | OtherTrackInfo;

interface TrackBase {
  /** Its number in the file, from 0. */
  readonly index: number;
  /** FFmpeg's name of the codec: `h264`, `aac`. */
  readonly codec: string;
  /** The container's own name of it: `avc1`. */
  readonly codecTag?: string;
  readonly profile?: string;
  readonly bitrate?: number;
  readonly durationUs?: number;
  readonly startUs?: number;
  /** Seconds of a tick of its clock: `{ num: 1, den: 90000 }`. */
  readonly timeBase?: { readonly num: number; readonly den: number };
  /** Of its codec's configuration (parameter sets), to compare with another's of the same engine. */
  readonly configHash?: string;
  /** BCP 47 or ISO 639-2, as the file has it. */
  readonly language?: string;
  readonly title?: string;
  /** Whether a player takes it if nobody chooses. */
  readonly default: boolean;
}

export interface VideoTrackInfo extends TrackBase {
  readonly kind: "video";
  /** As encoded, before rotation. */
  readonly width: number;
  readonly height: number;
  /** As the codec numbers it: 31 is H.264's 3.1, 93 is HEVC's 3.1. */
  readonly level?: number;
  /** Frames per second on average. */
  readonly fps?: number;
  /** Width of a pixel over its height, where it is not 1. */
  readonly pixelAspect?: number;
  /** `yuv420p`, `yuv420p10le`. */
  readonly pixelFormat?: string;
  readonly bitDepth?: number;
  /** Degrees clockwise that a player turns the picture: 0, 90, 180 or 270. */
  readonly rotation: number;
  /** Pictures that a decoder holds back to put them in order; 0 without B-frames. */
  readonly reorder?: number;
  /** Whether it is a still picture that belongs to the file, such as a cover. */
  readonly attachedPicture: boolean;
  readonly interlaced: boolean;
  readonly color: ColorInfo;
  readonly hdr?: HdrInfo;
  readonly gop?: GopInfo;
}

/** FFmpeg's names: `bt709`, `bt2020`, `smpte2084`. */
export interface ColorInfo {
  readonly primaries?: string;
  readonly transfer?: string;
  readonly matrix?: string;
  readonly range?: string;
}

export interface HdrInfo {
  readonly kind: "pq" | "hlg" | "dolby-vision";
  /** Of the mastering display, candela per square metre (SMPTE ST 2086). */
  readonly minLuminance?: number;
  readonly maxLuminance?: number;
  /** Its primaries and white point as CIE 1931 x and y: red, green, blue, white. */
  readonly display?: {
    readonly red: readonly [number, number];
    readonly green: readonly [number, number];
    readonly blue: readonly [number, number];
    readonly white: readonly [number, number];
  };
  /** Content light level, candela per square metre (CTA-861.3). */
  readonly maxContentLight?: number;
  readonly maxFrameAverageLight?: number;
}

/** Measured on the first packets of the track, not on all. */
export interface GopInfo {
  /** Key frames among them. */
  readonly keyFrames: number;
  /** Pictures among them. */
  readonly frames: number;
  /** Between two key frames on average, and at most, microseconds; absent with fewer than two. */
  readonly averageUs?: number;
  readonly longestUs?: number;
  readonly averageFrames?: number;
  /** Whether any picture is shown later than one that comes after it in the file. */
  readonly bFrames: boolean;
}

export interface AudioTrackInfo extends TrackBase {
  readonly kind: "audio";
  /** Hertz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** `stereo`, `5.1`. */
  readonly channelLayout?: string;
  readonly bitsPerSample?: number;
}

export interface OtherTrackInfo extends TrackBase {
  readonly kind: "subtitle" | "data" | "attachment";
}

// What of `node-av/lib` is used, as types of our own: the package is the user's to install, and not here when we compile.
// It is FFmpeg's own API, one to one (https://ffmpeg.org/doxygen/8.0/): numbers below 0 are its errors, and nothing is
// hidden. Its higher layer (`node-av/api`) is left alone: its queues have troubles of their own, and its packet loop wants a
// Promise.withResolvers, which Node 20 lacks.
//
// Calls that may wait for a network or a disk are the asynchronous ones, so that the process notices that its parent has
// gone. What only computes is called synchronously, which saves a change of threads for each packet.

export interface Rational {
  readonly num: number;
  readonly den: number;
}

export interface Packet {
  streamIndex: number;
  pts: bigint;
  dts: bigint;
  duration: bigint;
  readonly size: number;
  readonly data: Buffer | null;
  readonly flags: number;
  timeBase: Rational;
  alloc(): void;
  unref(): void;
  free(): void;
  rescaleTs(from: Rational, to: Rational): void;
  getSideData(type: number): Buffer | null;
  clone(): Packet | null;
}

export interface ChannelLayout {
  readonly nbChannels: number;
  readonly order: number;
  readonly mask: bigint;
}

export interface Frame {
  pts: bigint;
  duration: bigint;
  readonly bestEffortTimestamp: bigint;
  format: number;
  width: number;
  height: number;
  nbSamples: number;
  sampleRate: number;
  channelLayout: ChannelLayout;
  pictType: number;
  quality: number; // for encoders that take it with each frame, in units of FF_QP2LAMBDA
  flags: number;
  timeBase: Rational;
  sampleAspectRatio: Rational;
  colorRange: number;
  colorPrimaries: number;
  colorTrc: number;
  colorSpace: number;
  readonly linesize: number[];
  readonly data: Buffer[] | null;
  alloc(): void;
  unref(): void;
  free(): void;
  ref(source: Frame): number;
  getBuffer(align?: number): number;
  toBuffer(): Buffer;
  fromBuffer(bytes: Buffer): number;
  getSideData(type: number): Buffer | null;
}

export interface CodecParameters {
  readonly codecType: number;
  readonly codecId: number;
  codecTag: number;
  readonly codecTagString: string | null;
  readonly extradata: Buffer | null;
  readonly format: number;
  readonly bitRate: bigint;
  readonly bitsPerRawSample: number;
  readonly bitsPerCodedSample: number;
  readonly profile: number;
  readonly level: number;
  readonly width: number;
  readonly height: number;
  readonly sampleAspectRatio: Rational;
  readonly colorRange: number;
  readonly colorPrimaries: number;
  readonly colorTrc: number;
  readonly colorSpace: number;
  readonly channelLayout: ChannelLayout;
  readonly channels: number;
  readonly sampleRate: number;
  readonly videoDelay: number;
  /** AVFieldOrder; older versions do not tell. */
  readonly fieldOrder?: number;
  copy(to: CodecParameters): number;
  fromContext(context: CodecContext): number;
  getCodedSideData(type: number): Buffer | null;
}

export interface Stream {
  readonly index: number;
  readonly codecpar: CodecParameters;
  timeBase: Rational;
  readonly startTime: bigint;
  readonly duration: bigint;
  readonly nbFrames: bigint;
  disposition: number;
  discard: number;
  sampleAspectRatio: Rational;
  avgFrameRate: Rational;
  readonly rFrameRate: Rational;
  metadata: Dictionary | null;
}

export interface Dictionary {
  getAll(): Record<string, string>;
}

export interface Format {
  readonly name: string | null;
  readonly longName: string | null;
  readonly flags: number;
}

export interface IoContext {
  allocContextWithCallbacks(
    bufferSize: number,
    writeFlag: 0 | 1,
    read?: ((size: number) => Buffer | null | number | Promise<Buffer | null | number>) | null,
    write?: ((bytes: Buffer) => number | undefined | Promise<number | undefined>) | null,
    seek?: null,
  ): void;
  freeContext(): void;
}

export interface FormatContext {
  readonly startTime: bigint;
  readonly duration: bigint;
  readonly bitRate: bigint;
  readonly iformat: Format | null;
  readonly oformat: Format | null;
  readonly streams: Stream[];
  readonly pbBytes: bigint;
  flags: number;
  maxStreams: number;
  metadata: Dictionary | null;
  pb: IoContext | null;
  allocContext(): void;
  allocOutputContext2(format: null, name: string | null, file: string | null): number;
  openInput(url: string, format: Format | null, options: Dictionary | null): Promise<number>;
  findStreamInfo(options: null): Promise<number>;
  readFrame(packet: Packet): Promise<number>;
  readFrameSync(packet: Packet): number;
  seekFrame(stream: number, timestamp: bigint, flags: number): Promise<number>;
  closeInput(): Promise<void>;
  newStream(codec: null): Stream;
  openOutputSync(): number;
  writeHeaderSync(options: Dictionary | null): number;
  interleavedWriteFrameSync(packet: Packet | null): number;
  writeTrailerSync(): number;
  closeOutputSync(): void;
}

export interface Codec {
  readonly name: string | null;
  readonly id: number;
  readonly type: number;
  readonly capabilities: number;
  readonly profiles: readonly { readonly profile: number; readonly name?: string }[] | null;
  readonly pixelFormats: readonly number[] | null;
  readonly sampleFormats: readonly number[] | null;
  readonly supportedSamplerates: readonly number[] | null;
}

export interface CodecContext {
  bitRate: bigint;
  timeBase: Rational;
  pktTimebase: Rational;
  framerate: Rational;
  flags: number;
  gopSize: number;
  maxBFrames: number;
  width: number;
  height: number;
  pixelFormat: number;
  sampleAspectRatio: Rational;
  colorRange: number;
  colorPrimaries: number;
  colorTrc: number;
  colorSpace: number;
  sampleRate: number;
  sampleFormat: number;
  channelLayout: ChannelLayout;
  frameSize: number;
  threadCount: number;
  skipFrame?: number;
  allocContext3(codec: Codec): void;
  parametersToContext(parameters: CodecParameters): number;
  open2Sync(codec: Codec | null, options: null): number;
  setOption(name: string, value: string): number;
  sendPacketSync(packet: Packet | null): number;
  receiveFrameSync(frame: Frame): number;
  sendFrameSync(frame: Frame | null): number;
  receivePacketSync(packet: Packet): number;
  flushBuffers(): void;
  freeContext(): void;
}

export interface FilterContext {
  buffersrcAddFrameSync(frame: Frame | null, flags?: number): number;
  buffersinkGetFrameSync(frame: Frame): number;
  buffersinkGetTimeBase(): Rational;
  buffersinkGetFrameRate(): Rational;
  buffersinkGetWidth(): number;
  buffersinkGetHeight(): number;
  buffersinkGetFormat(): number;
}

export interface FilterGraph {
  nbThreads: number;
  alloc(): void;
  parse2(text: string): number;
  configSync(): number;
  getFilter(name: string): FilterContext | null;
  free(): void;
}

/** The module `node-av/lib`. */
export interface Library {
  readonly FormatContext: new () => FormatContext;
  readonly IOContext: new () => IoContext;
  readonly Packet: new () => Packet;
  readonly Frame: new () => Frame;
  readonly CodecContext: new () => CodecContext;
  readonly FilterGraph: new () => FilterGraph;
  readonly Codec: {
    findDecoder(id: number): Codec | null;
    findEncoderByName(name: string): Codec | null;
  };
  readonly InputFormat: { findInputFormat(name: string): Format | null };
  readonly Dictionary: { fromObject(entries: Readonly<Record<string, string>>): Dictionary };
  readonly FFmpegError: { strerror(code: number): string; AVERROR(name: string): number };
  readonly Log: { setLevel(level: number): void };
  avGetCodecName(id: number): string | null;
  avGetPixFmtName(format: number): string | null;
  avGetPixFmtFromName(name: string): number;
  avGetMediaTypeString(kind: number): string | null;
  avGetSampleFmtFromName(name: string): number;
  avGetSampleFmtName(format: number): string | null;
  avChannelLayoutDescribe(layout: ChannelLayout): string | null;
  getFFmpegInfo(): { readonly version: string };
}

// libavutil/avutil.h, libavcodec/avcodec.h, libavformat/avformat.h: fixed by FFmpeg's ABI.

export const NO_TIMESTAMP = -(2n ** 63n); // AV_NOPTS_VALUE
export const END_OF_FILE = -0x20464f45; // AVERROR_EOF
export const INVALID_DATA = -0x41444e49; // AVERROR_INVALIDDATA
export const H264 = 27; // AV_CODEC_ID_H264
export const VIDEO = 0; // AVMEDIA_TYPE_VIDEO
export const AUDIO = 1; // AVMEDIA_TYPE_AUDIO
export const DISCARD_ALL = 48; // AVDISCARD_ALL
export const SEEK_BACKWARD = 1; // AVSEEK_FLAG_BACKWARD
export const PACKET_KEY = 1; // AV_PKT_FLAG_KEY
export const FRAME_KEY = 2; // AV_FRAME_FLAG_KEY
export const LOG_ERROR = 16; // AV_LOG_ERROR
export const FORMAT_GLOBAL_HEADER = 0x40; // AVFMT_GLOBALHEADER
export const FORMAT_NO_FILE = 0x01; // AVFMT_NOFILE
export const FORMAT_TIMES_MAY_REPEAT = 0x20000; // AVFMT_TS_NONSTRICT
export const CODEC_FRAME_DURATION = 1 << 8; // AV_CODEC_FLAG_FRAME_DURATION
export const CODEC_GLOBAL_HEADER = 1 << 22; // AV_CODEC_FLAG_GLOBAL_HEADER
export const DISPOSITION_DEFAULT = 1; // AV_DISPOSITION_DEFAULT
export const DISPOSITION_ATTACHED_PICTURE = 0x400; // AV_DISPOSITION_ATTACHED_PIC
export const PICTURE_TYPE_NONE = 0; // AV_PICTURE_TYPE_NONE
export const PICTURE_TYPE_I = 1; // AV_PICTURE_TYPE_I
export const KEEP_FRAME = 8; // AV_BUFFERSRC_FLAG_KEEP_REF

const MICROSECONDS = 1_000_000n;

/** A time in a stream's own clock as whole microseconds, rounded to the nearest; undefined where there is none. */
export function toMicroseconds(time: bigint, { num, den }: Rational): number | undefined {
  if (time === NO_TIMESTAMP || den <= 0) return undefined;
  const microseconds = Number(rescale(time, { num, den }, { num: 1, den: 1_000_000 }));
  return Number.isSafeInteger(microseconds) ? microseconds : undefined;
}

/** A time in another clock, rounded to the nearest, half a tick away from 0. */
export function rescale(time: bigint, from: Rational, to: Rational): bigint {
  if (time === NO_TIMESTAMP) return time;
  const top = time * BigInt(from.num) * BigInt(to.den);
  const bottom = BigInt(from.den) * BigInt(to.num);
  const half = bottom / 2n;
  return top >= 0n ? (top + half) / bottom : -((-top + half) / bottom);
}

/** Whole microseconds in a stream's own clock, rounded down, so that a seek is never past what was asked for. */
export function fromMicroseconds(microseconds: number, { num, den }: Rational): bigint {
  const divisor = MICROSECONDS * BigInt(num);
  const scaled = BigInt(Math.round(microseconds)) * BigInt(den);
  const quotient = scaled / divisor;
  return scaled < 0n && scaled % divisor !== 0n ? quotient - 1n : quotient;
}

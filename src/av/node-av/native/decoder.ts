import { type Check, Failure } from "./failure.js";
import {
  type CodecContext,
  END_OF_FILE,
  type Frame,
  type Library,
  NO_TIMESTAMP,
  type Packet,
  type Stream,
} from "./library.js";

export interface Decoder {
  readonly context: CodecContext;
  /**
   * The frames that a packet completes; those still inside for `undefined`, the end. Each is valid until the next is
   * asked for. A packet that is broken gives none.
   */
  decode(packet: Packet | undefined): Generator<Frame, void, undefined>;
  /** After a seek: nothing of what was before. */
  reset(): void;
  /** Packets that were broken so far. */
  readonly broken: number;
  close(): void;
}

export interface DecoderOptions {
  /** Decodes key frames alone. */
  readonly keyFramesOnly?: boolean;
  readonly threads?: number;
  /** A picture of more is not decoded: the memory for it is what a hostile file is after. */
  readonly maxPixels?: number;
}

/** @throws Failure `unsupported` where there is no decoder for the stream's codec. */
export function createDecoder(
  library: Library,
  stream: Stream,
  name: string,
  check: Check,
  options: DecoderOptions = {},
): Decoder {
  const { codecpar } = stream;
  const codec = library.Codec.findDecoder(codecpar.codecId);
  if (codec === null) {
    const codecName = library.avGetCodecName(codecpar.codecId) ?? codecpar.codecTagString ?? "its codec";
    throw new Failure("unsupported", `${name}: there is no decoder for ${codecName}`);
  }
  const context = new library.CodecContext();
  context.allocContext3(codec);
  check(context.parametersToContext(codecpar));
  context.pktTimebase = stream.timeBase;
  context.threadCount = options.threads ?? 0;
  if (options.keyFramesOnly === true) check(context.setOption("skip_frame", "nokey"));
  if (options.maxPixels !== undefined) check(context.setOption("max_pixels", String(options.maxPixels)));
  check(context.open2Sync(codec, null));

  const again = library.FFmpegError.AVERROR("EAGAIN");
  const frame = new library.Frame();
  frame.alloc();
  const shape = stream.sampleAspectRatio;
  let broken = 0;

  function* received(): Generator<Frame, void, undefined> {
    for (;;) {
      const code = context.receiveFrameSync(frame);
      if (code === again || code === END_OF_FILE) return;
      if (code < 0) {
        broken++;
        return;
      }
      if (frame.pts === NO_TIMESTAMP) frame.pts = frame.bestEffortTimestamp;
      // A container's word for the shape of pixels counts for more than the codec's, which may have none.
      if (shape.num > 0 && shape.den > 0) frame.sampleAspectRatio = shape;
      yield frame;
      frame.unref();
    }
  }

  return {
    context,
    *decode(packet) {
      const code = context.sendPacketSync(packet ?? null);
      if (code < 0 && code !== END_OF_FILE) {
        broken++;
        return;
      }
      yield* received();
    },
    reset: () => context.flushBuffers(),
    get broken() {
      return broken;
    },
    close() {
      frame.free();
      context.freeContext();
    },
  };
}

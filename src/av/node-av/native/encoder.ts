import { Failure } from "./failure.js";
import type { Tools } from "./input.js";
import { type CodecContext, END_OF_FILE, type Frame, type Packet } from "./library.js";

export interface Encoder {
  readonly context: CodecContext;
  /** What a frame brings out; what is still inside for `undefined`, the end. Each packet is valid until the next. */
  encode(frame: Frame | undefined): Generator<Packet, void, undefined>;
  close(): void;
}

/**
 * Opens an encoder.
 *
 * @param encoder FFmpeg's name of it
 * @param set what the frames are: size, format, clock
 * @param options FFmpeg's own names and values: `preset`, `crf`, `b`
 * @throws Failure `unsupported` where there is no such encoder or option
 */
export function openEncoder(
  { library, check }: Tools,
  encoder: string,
  name: string,
  set: (context: CodecContext) => void,
  options: Readonly<Record<string, string>>,
): Encoder {
  const codec = library.Codec.findEncoderByName(encoder);
  if (codec === null) throw new Failure("unsupported", `${name}: this FFmpeg has no encoder ${encoder}`);
  const context = new library.CodecContext();
  context.allocContext3(codec);
  set(context);
  for (const [option, value] of Object.entries(options)) {
    if (context.setOption(option, value) < 0) {
      throw new Failure("unsupported", `${name}: ${encoder} does not take ${option}=${value}`);
    }
  }
  check(context.open2Sync(codec, null));
  const again = library.FFmpegError.AVERROR("EAGAIN");
  const packet = new library.Packet();
  packet.alloc();

  return {
    context,
    *encode(frame) {
      const code = context.sendFrameSync(frame ?? null);
      if (code !== END_OF_FILE) check(code);
      for (;;) {
        const got = context.receivePacketSync(packet);
        if (got === again || got === END_OF_FILE) return;
        check(got);
        yield packet;
        packet.unref();
      }
    },
    close() {
      packet.free();
      context.freeContext();
    },
  };
}

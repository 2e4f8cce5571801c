import { pixelFormat, SOFTWARE, videoEncoderArgs } from "../../ffmpeg/encoder.js";
import { filterGraph } from "../../ffmpeg/filter.js";
import type { VideoTask } from "../../task.js";
import { createDecoder } from "./decoder.js";
import { type Encoder, openEncoder } from "./encoder.js";
import { Failure } from "./failure.js";
import { createVideoGraph, type Graph } from "./graph.js";
import type { Tools } from "./input.js";
import { type Lane, originOf, type Span, spanFilters } from "./lane.js";
import {
  CODEC_FRAME_DURATION,
  CODEC_GLOBAL_HEADER,
  type CodecContext,
  FRAME_KEY,
  type Frame,
  NO_TIMESTAMP,
  PICTURE_TYPE_I,
  PICTURE_TYPE_NONE,
  type Rational,
  rescale,
  type Stream,
  toMicroseconds,
} from "./library.js";
import { commandOptions } from "./options.js";
import type { Output } from "./output.js";
import { uprightFilters } from "./painter.js";
import { rotationOf } from "./rotation.js";

/** FFmpeg's name of the encoder for a codec; undefined where this build has none. */
export function videoEncoderOf({ library }: Tools, { codec }: VideoTask): string | undefined {
  const names = codec === "rawvideo" ? [] : SOFTWARE[codec];
  return names.find((name) => library.Codec.findEncoderByName(name) !== null);
}

/** A picture that is decoded, filtered and encoded again. */
export function createVideoLane(
  tools: Tools,
  input: Stream,
  output: Output,
  span: Span,
  task: VideoTask,
  encoderName: string,
  name: string,
): Lane {
  const { library, check } = tools;
  const track = output.track();
  const decoder = createDecoder(library, input, name, check);
  const origin = originOf(span, input.timeBase);
  const before = [...uprightFilters(rotationOf(input)), ...spanFilters(span, "")];
  const chain = [...before, filterGraph(task.filters, pixelFormat(encoderName))].join(",");
  const options = commandOptions(videoEncoderArgs(encoderName, task, output.container));
  const tag = options.named.get("tag");
  let graph: Graph | undefined;
  let shape = "";
  let encoder: Encoder | undefined;
  let last = NO_TIMESTAMP;
  let forced = 0;

  function open(frame: Frame, { timeBase, frameRate }: Graph): Encoder {
    const clock: Rational = task.clock === undefined ? timeBase : { num: 1, den: task.clock };
    const set = (context: CodecContext): void => {
      context.width = frame.width;
      context.height = frame.height;
      context.pixelFormat = frame.format;
      context.sampleAspectRatio = frame.sampleAspectRatio;
      context.colorRange = frame.colorRange;
      context.colorPrimaries = frame.colorPrimaries;
      context.colorTrc = frame.colorTrc;
      context.colorSpace = frame.colorSpace;
      context.timeBase = clock;
      if (frameRate.num > 0) context.framerate = frameRate;
      // As many as there are cores, as FFmpeg's programs have it; the library's own default is one.
      context.threadCount = 0;
      // Else how long each picture is shown would be forgotten.
      context.flags |= CODEC_FRAME_DURATION;
      if (output.globalHeader) context.flags |= CODEC_GLOBAL_HEADER;
    };
    // Which pictures are key frames is said with each picture.
    const opened = openEncoder(
      tools,
      encoderName,
      name,
      set,
      options.without("c", "tag", "force_key_frames"),
    );
    const { stream } = track;
    check(stream.codecpar.fromContext(opened.context));
    if (tag !== undefined) stream.codecpar.codecTag = Buffer.from(tag, "latin1").readUInt32LE();
    stream.timeBase = clock;
    stream.avgFrameRate = frameRate;
    stream.sampleAspectRatio = frame.sampleAspectRatio;
    stream.disposition = input.disposition;
    stream.metadata = input.metadata;
    track.ready();
    return opened;
  }

  /** Whether the encoder is told to make a key frame of it. */
  function isForced(frame: Frame, clock: Rational): boolean {
    const { keyFrames } = task;
    if (keyFrames === undefined) return false;
    if (keyFrames === "source") return (frame.flags & FRAME_KEY) !== 0;
    if ((toMicroseconds(frame.pts, clock) ?? 0) < forced * keyFrames.everyUs) return false;
    forced++;
    return true;
  }

  function encode(frame: Frame, through: Graph): void {
    encoder ??= open(frame, through);
    const { context } = encoder;
    if (frame.width !== context.width || frame.height !== context.height) {
      throw new Failure(
        "unsupported",
        `${name}: its picture changes its size on the way; say one with scale`,
      );
    }
    frame.pts = rescale(frame.pts, through.timeBase, context.timeBase);
    frame.duration = rescale(frame.duration, through.timeBase, context.timeBase);
    // Two at one time cannot be told apart: the first stays.
    if (last !== NO_TIMESTAMP && frame.pts <= last) return;
    // An MP4 is as long as its last picture is shown: where nobody knows how long, as long as the one before.
    if (frame.duration <= 0n && last !== NO_TIMESTAMP) frame.duration = frame.pts - last;
    last = frame.pts;
    frame.pictType = isForced(frame, context.timeBase) ? PICTURE_TYPE_I : PICTURE_TYPE_NONE;
    for (const packet of encoder.encode(frame)) track.write(packet, context.timeBase);
  }

  function filter(frame: Frame): void {
    if (frame.pts === NO_TIMESTAMP) return;
    frame.pts -= origin;
    const now = [frame.width, frame.height, frame.format, frame.colorSpace, frame.colorRange].join();
    if (graph === undefined || now !== shape) {
      drain();
      graph = createVideoGraph(library, frame, input.timeBase, input.avgFrameRate, chain, check);
      shape = now;
    }
    for (const filtered of graph.run(frame)) encode(filtered, graph);
  }

  function drain(): void {
    if (graph === undefined) return;
    for (const filtered of graph.run(undefined)) encode(filtered, graph);
    graph.close();
    graph = undefined;
  }

  return {
    input,
    begin() {},
    push(packet) {
      for (const frame of decoder.decode(packet)) filter(frame);
      if (packet !== undefined) return;
      drain();
      if (encoder === undefined) throw new Failure("corrupt", `${name}: no picture in it can be decoded`);
      for (const rest of encoder.encode(undefined)) track.write(rest, encoder.context.timeBase);
    },
    close() {
      decoder.close();
      graph?.close();
      encoder?.close();
    },
  };
}

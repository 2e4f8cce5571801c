import { audioEncoderArgs } from "../../ffmpeg/encoder.js";
import type { AudioTask } from "../../task.js";
import { createDecoder } from "./decoder.js";
import { type Encoder, openEncoder } from "./encoder.js";
import { Failure } from "./failure.js";
import { createAudioGraph, type Graph } from "./graph.js";
import type { Tools } from "./input.js";
import { type Lane, originOf, type Span, spanFilters } from "./lane.js";
import {
  type ChannelLayout,
  CODEC_GLOBAL_HEADER,
  type CodecContext,
  type Frame,
  NO_TIMESTAMP,
  type Rational,
  rescale,
  type Stream,
} from "./library.js";
import { commandOptions } from "./options.js";
import type { Output } from "./output.js";

/** What each encoder takes. */
const SAMPLES: Readonly<Record<string, string>> = { aac: "fltp", libopus: "flt", libmp3lame: "fltp" };
const RATES: Readonly<Record<string, readonly number[]>> = {
  libopus: [48_000],
  libmp3lame: [48_000, 44_100, 32_000, 24_000, 22_050, 16_000],
};
const MAX_RATE = 96_000;
/** AV_CHANNEL_ORDER_NATIVE, and the masks of what most sound is. */
const NATIVE = 1;
const MASKS: Readonly<Record<number, bigint>> = { 1: 0x4n, 2: 0x3n };
/** Containers with milliseconds round each frame's time; what is within this is one sound without a gap. */
const ROUNDING_US = 2_000n;

/** Sound that is decoded, brought to the encoder's shape and encoded again. */
export function createAudioLane(
  tools: Tools,
  input: Stream,
  output: Output,
  span: Span,
  task: AudioTask,
  name: string,
): Lane {
  const { library, check } = tools;
  const track = output.track();
  const decoder = createDecoder(library, input, name, check);
  const origin = originOf(span, input.timeBase);
  const options = commandOptions(audioEncoderArgs(task));
  const encoderName = options.named.get("c") ?? "";
  let encoder: Encoder | undefined;
  let graph: Graph | undefined;
  let shape = "";
  /** The sample after the last, counted at the input's rate. */
  let next: bigint | undefined;

  function open(frame: Frame): Encoder {
    const layout = layoutOf(task.channels, frame.channelLayout);
    const set = (context: CodecContext): void => {
      context.sampleRate = task.sampleRate ?? rateOf(encoderName, frame.sampleRate);
      context.sampleFormat = library.avGetSampleFmtFromName(SAMPLES[encoderName] ?? "fltp");
      context.channelLayout = layout;
      context.timeBase = { num: 1, den: context.sampleRate };
      if (output.globalHeader) context.flags |= CODEC_GLOBAL_HEADER;
    };
    const opened = openEncoder(tools, encoderName, name, set, options.without("c", "ar", "ac"));
    const { stream } = track;
    check(stream.codecpar.fromContext(opened.context));
    stream.timeBase = opened.context.timeBase;
    stream.disposition = input.disposition;
    stream.metadata = input.metadata;
    track.ready();
    return opened;
  }

  function chainOf({ context }: Encoder): string {
    const { sampleRate, channelLayout, frameSize } = context;
    const layout = library.avChannelLayoutDescribe(channelLayout) ?? "stereo";
    return [
      ...spanFilters(span, "a"),
      `aresample=${sampleRate}`,
      `aformat=sample_fmts=${SAMPLES[encoderName] ?? "fltp"}:sample_rates=${sampleRate}:channel_layouts=${layout}`,
      ...(frameSize > 0 ? [`asetnsamples=n=${frameSize}:p=0`] : []),
    ].join(",");
  }

  /** Its time counted in samples, without the container's rounding. */
  function place(frame: Frame): void {
    const clock: Rational = { num: 1, den: frame.sampleRate };
    const said =
      frame.pts === NO_TIMESTAMP ? (next ?? 0n) : rescale(frame.pts - origin, input.timeBase, clock);
    const off = next === undefined ? 0n : said - next;
    const tolerance = (ROUNDING_US * BigInt(frame.sampleRate)) / 1_000_000n;
    frame.pts = next !== undefined && off <= tolerance && -off <= tolerance ? next : said;
    next = frame.pts + BigInt(frame.nbSamples);
  }

  function encode(frame: Frame | undefined): void {
    if (encoder === undefined) return;
    for (const packet of encoder.encode(frame)) track.write(packet, encoder.context.timeBase);
  }

  function filter(frame: Frame): void {
    encoder ??= open(frame);
    const now = [
      frame.sampleRate,
      frame.format,
      frame.channelLayout.nbChannels,
      frame.channelLayout.mask,
    ].join();
    if (graph === undefined || now !== shape) {
      drain();
      if (shape !== "") next = undefined;
      graph = createAudioGraph(library, frame, chainOf(encoder), check);
      shape = now;
    }
    place(frame);
    for (const filtered of graph.run(frame)) encode(filtered);
  }

  function drain(): void {
    if (graph === undefined) return;
    for (const filtered of graph.run(undefined)) encode(filtered);
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
      if (encoder === undefined) throw new Failure("corrupt", `${name}: no sound in it can be decoded`);
      encode(undefined);
    },
    close() {
      decoder.close();
      graph?.close();
      encoder?.close();
    },
  };
}

function rateOf(encoder: string, rate: number): number {
  const rates = RATES[encoder];
  if (rates === undefined) return Math.min(rate, MAX_RATE);
  return rates.find((each) => each <= rate) ?? rates.at(-1) ?? rate;
}

function layoutOf(channels: number | undefined, own: ChannelLayout): ChannelLayout {
  const count = channels ?? own.nbChannels;
  const mask = MASKS[count];
  if (count === own.nbChannels && own.order === NATIVE) return own;
  if (mask === undefined)
    throw new Failure("unsupported", `sound with ${count} channels is not made here; use 1 or 2`);
  return { nbChannels: count, order: NATIVE, mask };
}

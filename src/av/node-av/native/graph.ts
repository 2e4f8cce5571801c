import type { Check } from "./failure.js";
import { END_OF_FILE, type Frame, KEEP_FRAME, type Library, type Rational } from "./library.js";

/** A chain of filters from decoded frames to the frames that are wanted. */
export interface Graph {
  readonly timeBase: Rational;
  /** Of pictures; 0/1 where it is not known, or for sound. */
  readonly frameRate: Rational;
  /** Frames that came out for one that went in; those still inside for `undefined`, the end. Valid until the next. */
  run(frame: Frame | undefined): Generator<Frame, void, undefined>;
  close(): void;
}

const SOURCE = "in";
const SINK = "out";

/**
 * Frames of one shape through a chain such as `scale=320:-2,format=rgba`. A watermark is a `movie` source inside the
 * chain, so that there is one input alone and nothing that has to be fed in step.
 *
 * Filters that are written in a task's words reach this as text: who writes the chain escapes them.
 */
export function createVideoGraph(
  library: Library,
  first: Frame,
  timeBase: Rational,
  frameRate: Rational,
  chain: string,
  check: Check,
): Graph {
  const { num, den } = first.sampleAspectRatio;
  const source = [
    `video_size=${first.width}x${first.height}`,
    `pix_fmt=${first.format}`,
    `time_base=${timeBase.num}/${timeBase.den}`,
    `pixel_aspect=${num}/${Math.max(den, 1)}`,
    `colorspace=${first.colorSpace}`,
    `range=${first.colorRange}`,
    ...(frameRate.num > 0 && frameRate.den > 0 ? [`frame_rate=${frameRate.num}/${frameRate.den}`] : []),
  ];
  return createGraph(library, `buffer@${SOURCE}=${source.join(":")}`, chain, "buffersink", check);
}

/** Sound of one shape through a chain such as `aresample=48000,aformat=sample_fmts=fltp`; its clock ticks once a sample. */
export function createAudioGraph(library: Library, first: Frame, chain: string, check: Check): Graph {
  const layout = library.avChannelLayoutDescribe(first.channelLayout) ?? "stereo";
  const source = [
    `sample_rate=${first.sampleRate}`,
    `sample_fmt=${library.avGetSampleFmtName(first.format)}`,
    `channel_layout=${layout}`,
    `time_base=1/${first.sampleRate}`,
  ];
  return createGraph(library, `abuffer@${SOURCE}=${source.join(":")}`, chain, "abuffersink", check);
}

function createGraph(
  library: Library,
  source: string,
  chain: string,
  sinkFilter: string,
  check: Check,
): Graph {
  const graph = new library.FilterGraph();
  graph.alloc();
  check(graph.parse2(`${source}[${SOURCE}];[${SOURCE}]${chain}[${SINK}];[${SINK}]${sinkFilter}@${SINK}`));
  check(graph.configSync());
  const input = graph.getFilter(`${source.slice(0, source.indexOf("@"))}@${SOURCE}`);
  const sink = graph.getFilter(`${sinkFilter}@${SINK}`);
  if (input === null || sink === null) throw new Error("the filter graph has lost its ends");
  const again = library.FFmpegError.AVERROR("EAGAIN");
  const out = new library.Frame();
  out.alloc();

  return {
    timeBase: sink.buffersinkGetTimeBase(),
    frameRate: sinkFilter === "buffersink" ? sink.buffersinkGetFrameRate() : { num: 0, den: 1 },
    *run(frame) {
      // The frame stays its owner's: what is in it is shared, not taken.
      const code = input.buffersrcAddFrameSync(frame ?? null, KEEP_FRAME);
      if (code !== END_OF_FILE) check(code);
      for (;;) {
        const got = sink.buffersinkGetFrameSync(out);
        if (got === again || got === END_OF_FILE) return;
        check(got);
        yield out;
        out.unref();
      }
    },
    close() {
      out.free();
      graph.free();
    },
  };
}

import { statSync } from "node:fs";
import type { ConvertInput, ConvertTask } from "../../task.js";
import type { Done } from "../wire.js";
import { createAudioLane } from "./audio-lane.js";
import { createCopyLane } from "./copy-lane.js";
import { Failure } from "./failure.js";
import { type Feed, pump } from "./feed.js";
import { type Input, openInput, type Tools } from "./input.js";
import { keyFrameBefore } from "./key-frame.js";
import type { Lane, Span } from "./lane.js";
import { AUDIO, type Stream, VIDEO } from "./library.js";
import { type Output, openOutput } from "./output.js";
import { createVideoLane, videoEncoderOf } from "./video-lane.js";

/** How far it has come. */
export interface Report {
  readonly timeUs: number;
  /** Packets of pictures and sound. */
  readonly frames: number;
  readonly bytes: number;
}

const REPORT_EVERY_MS = 250;

/** Remux and transcode, of one input, or of a picture and a sound from elsewhere. @throws Failure */
export async function convert(
  tools: Tools,
  task: ConvertTask,
  report: (progress: Report) => void,
): Promise<Done> {
  const [first, ...others] = task.inputs;
  if (first === undefined) throw new TypeError("inputs must have at least one");
  const inputs: Input[] = [];
  const lanes: Lane[] = [];
  try {
    const main = await openInput(tools, first.source);
    inputs.push(main);
    const output = openOutput(tools, task.output, main.format.metadata);
    const videoEncoder = typeof task.video === "object" ? encoderOf(tools, task.video) : undefined;
    const lanesOf = (input: Input, span: Span, streams: readonly Stream[]): Feed => {
      const own = streams.map((stream) => laneOf(tools, stream, { task, input, output, span, videoEncoder }));
      lanes.push(...own);
      return { input, span, lanes: own };
    };
    const streams = tracksOf(main, task);
    const startUs = await startOf(tools, main, first, task, streams);
    const span = spanOf(main, { ...first, ...(startUs === undefined ? {} : { fromUs: startUs }) }, task);
    const feeds = [lanesOf(main, span, streams)];
    if (task.soundFrom !== undefined && task.audio !== "none") {
      const sound = await openInput(tools, task.soundFrom.source);
      inputs.push(sound);
      feeds.push(lanesOf(sound, spanOf(sound, task.soundFrom, task), firstOf(sound, AUDIO)));
    }
    if (lanes.length === 0) throw new Failure("not-media", `${main.name}: no audio or video in it`);
    for (const lane of lanes) lane.begin();
    const tell = reporter(output, report);
    await pump(tools, feeds, tell);
    await join(tools, main, others, task, lanes, tell);
    for (const lane of lanes) lane.push(undefined);
    output.finish();
    const bytes = task.output.kind === "file" ? statSync(task.output.path).size : output.bytes;
    return {
      ...{ durationUs: output.timeUs, bytes },
      ...(videoEncoder === undefined ? {} : { videoEncoder }),
      ...(startUs === undefined ? {} : { startUs }),
    };
  } finally {
    for (const lane of lanes) lane.close();
    for (const input of inputs) await input.close();
  }
}

/**
 * The inputs after the first, one after the other, into its lanes. Each begins where the longest track of the one before
 * it ends, so that picture and sound stay together.
 */
async function join(
  tools: Tools,
  first: Input,
  others: readonly ConvertInput[],
  task: ConvertTask,
  lanes: readonly Lane[],
  tell: () => void,
): Promise<void> {
  let { name, durationUs } = first;
  let beginUs = 0;
  for (const other of others) {
    if (durationUs === undefined) throw new Failure("unsupported", `${name}: nobody knows where it ends`);
    beginUs += durationUs;
    const input = await openInput(tools, other.source);
    try {
      const originUs = input.startUs - beginUs;
      const streams = tracksOf(input, task);
      for (const [index, lane] of lanes.entries()) {
        const stream = streams[index];
        if (stream?.codecpar.codecId !== lane.input.codecpar.codecId || lane.follow === undefined) {
          throw new Failure("unsupported", `${input.name}: its tracks are not those of the first`);
        }
        lane.follow(stream, originUs);
      }
      await pump(tools, [{ input, span: { originUs, fromUs: undefined, toUs: undefined }, lanes }], tell);
      ({ name, durationUs } = input);
    } finally {
      await input.close();
    }
  }
}

interface Parts {
  readonly task: ConvertTask;
  readonly input: Input;
  readonly output: Output;
  readonly span: Span;
  readonly videoEncoder: string | undefined;
}

function laneOf(tools: Tools, stream: Stream, { task, input, output, span, videoEncoder }: Parts): Lane {
  const { codecType } = stream.codecpar;
  if (codecType === VIDEO && typeof task.video === "object") {
    return createVideoLane(tools, stream, output, span, task.video, videoEncoder ?? "", input.name);
  }
  if (codecType === AUDIO && typeof task.audio === "object") {
    return createAudioLane(tools, stream, output, span, task.audio, input.name);
  }
  return createCopyLane(tools, stream, output, span);
}

function encoderOf(tools: Tools, task: Exclude<ConvertTask["video"], string>): string {
  const name = videoEncoderOf(tools, task);
  if (name === undefined) throw new Failure("unsupported", `this FFmpeg has no encoder for ${task.codec}`);
  return name;
}

function spanOf(input: Input, { fromUs, toUs, shiftUs = 0 }: ConvertInput, task: ConvertTask): Span {
  return { originUs: task.keepTimestamps === true ? -shiftUs : input.startUs, fromUs, toUs };
}

/** Where a picture that is copied from a point on can begin; sound alone begins where it was asked to. */
async function startOf(
  tools: Tools,
  input: Input,
  { fromUs }: ConvertInput,
  { video }: ConvertTask,
  streams: readonly Stream[],
): Promise<number | undefined> {
  if (fromUs === undefined || video !== "copy") return undefined;
  const picture = streams.find(({ codecpar }) => codecpar.codecType === VIDEO);
  if (picture === undefined) return fromUs;
  return (await keyFrameBefore(tools, input, picture, fromUs)) ?? fromUs;
}

/** Those that the task names, else the first of each kind; none that is to be left out. */
function tracksOf(input: Input, { tracks, video, audio, soundFrom }: ConvertTask): Stream[] {
  const found =
    tracks === undefined
      ? [...firstOf(input, VIDEO), ...firstOf(input, AUDIO)]
      : tracks.map((index) => {
          const stream = input.streams[index];
          if (stream === undefined)
            throw new Failure("unsupported", `${input.name}: there is no track ${index}`);
          return stream;
        });
  return found.filter(({ codecpar: { codecType } }) => {
    if (codecType === VIDEO) return video !== "none";
    return codecType !== AUDIO || (audio !== "none" && soundFrom === undefined);
  });
}

function firstOf({ streams }: Input, kind: number): Stream[] {
  return streams.filter(({ codecpar }) => codecpar.codecType === kind).slice(0, 1);
}

/** Tells how far it has come, a few times a second. */
function reporter(output: Output, report: (progress: Report) => void): () => void {
  let due = 0;
  return () => {
    const now = performance.now();
    if (now < due) return;
    due = now + REPORT_EVERY_MS;
    report({ timeUs: output.timeUs, frames: output.packets, bytes: output.bytes });
  };
}

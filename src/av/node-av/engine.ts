import type { ConvertIo, Engine, EngineIo } from "../engine.js";
import { AvError } from "../error.js";
import { complaintsIn } from "../ffmpeg/complaints.js";
import { mediaInfo } from "../ffmpeg/probe.js";
import { parseProbed } from "../ffmpeg/probed.js";
import type { MediaInfo } from "../media-info.js";
import type { Progress } from "../progress.js";
import { sourceName } from "../source.js";
import type { ConvertResult, ConvertTask, FramesTask, ImageTask, ProbeTask, RawFrame } from "../task.js";
import { type JobProcess, type Launcher, startJob } from "./job-process.js";
import { lackOf, type Task } from "./supports.js";
import { readPictures, readProgress, WireError } from "./wire.js";

/** What a probe of a file with hundreds of streams says; more is no file that anybody made to be watched. */
const MAX_JSON_BYTES = 16 * 1024 * 1024;
const MAX_IMAGE_BYTES = 512 * 1024 * 1024;

export interface NodeAvOptions {
  readonly launcher: Launcher;
  /** FFmpeg's, as the library says. */
  readonly version: string;
  /** Does what this engine does not; undefined where it is not installed. */
  readonly delegate: Engine | undefined;
}

/** The engine that works with node-av, in a process of its own for each job. */
export function createNodeAvEngine({ launcher, version, delegate }: NodeAvOptions): Engine {
  /** Who else does a task; undefined where it is done here. @throws AvError `unsupported` where nobody can */
  function other(task: Task, lack = lackOf(task)): Engine | undefined {
    if (lack === undefined || delegate !== undefined) return lack === undefined ? undefined : delegate;
    throw new AvError("unsupported", `node-av does not ${lack}: install FFmpeg beside it`);
  }

  async function probe(task: ProbeTask, io: EngineIo): Promise<MediaInfo> {
    const what = sourceName(task.source);
    const json = await collect(startJob(launcher, { kind: "probe", task, what }, io), MAX_JSON_BYTES, what);
    const info = mediaInfo(parseProbed(Buffer.from(json).toString("utf8")));
    if (info.tracks.length === 0) throw new AvError("not-media", `${what}: no audio or video in it`);
    return info;
  }

  async function* frames(task: FramesTask, io: EngineIo): AsyncGenerator<RawFrame, void, undefined> {
    const what = sourceName(task.source);
    const job = startJob(launcher, { kind: "frames", task, what }, io);
    try {
      yield* readPictures(job.stdout);
      await job.done;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (!error.truncated) job.stop();
      // How a process died says more than where in a picture.
      const why = await job.done.catch((reason: AvError) => (error.truncated ? reason : undefined));
      if (why instanceof AvError) throw why;
      throw new AvError("failed", `${what}: node-av's process sent what is no picture`, { cause: error });
    } finally {
      job.stop();
      await job.done.catch(() => {});
    }
  }

  async function image(task: ImageTask, rgba: Uint8Array, io: EngineIo): Promise<Uint8Array> {
    const what = `a ${task.width}x${task.height} picture as ${task.format}`;
    const job = startJob(launcher, { kind: "image", task, what }, { ...io, input: once(rgba) });
    return collect(job, MAX_IMAGE_BYTES, what);
  }

  async function convert(task: ConvertTask, io: ConvertIo): Promise<ConvertResult> {
    const what = task.inputs.map(({ source }) => sourceName(source)).join(", ");
    const begun = performance.now();
    const tell = (progress: Omit<Progress, "totalUs" | "speed">): void => {
      const speed = progress.timeUs / 1_000 / (performance.now() - begun);
      io.onProgress?.({ ...progress, totalUs: undefined, speed });
    };
    const onLine = (line: string): void => {
      const progress = readProgress(line);
      if (progress !== undefined) tell(progress);
    };
    const job = startJob(launcher, { kind: "convert", task, what, onLine }, io);
    let written = 0;
    try {
      for await (const bytes of job.stdout) {
        written += bytes.length;
        await io.output?.(bytes);
      }
      const { durationUs, videoEncoder, startUs, stderr, ...done } = await job.done;
      const { damage, notes } = complaintsIn(stderr);
      if (damage !== undefined && task.tolerant !== true) {
        throw new AvError(
          "corrupt",
          `${what}: damaged or cut off (${damage}); tolerant keeps what can be read`,
        );
      }
      const bytes = task.output.kind === "file" ? done.bytes : written;
      // The last of its lines may have come too late.
      tell({ timeUs: durationUs, frames: undefined, bytes });
      return {
        ...{ durationUs, bytes },
        ...(startUs === undefined ? {} : { startUs }),
        ...(videoEncoder === undefined ? {} : { videoEncoder }),
        notes: [
          ...(damage === undefined
            ? []
            : [`the input is damaged, and what could be read was kept (${damage})`]),
          ...notes,
        ],
      };
    } finally {
      job.stop();
      await job.done.catch(() => {});
    }
  }

  return {
    name: "node-av",
    version,
    async probe(task, io) {
      return other({ kind: "probe", task })?.probe(task, io) ?? probe(task, io);
    },
    frames: (task, io) => other({ kind: "frames", task })?.frames(task, io) ?? frames(task, io),
    async image(task, rgba, io) {
      return other({ kind: "image", task })?.image(task, rgba, io) ?? image(task, rgba, io);
    },
    async convert(task, io) {
      // Who asks for an end in order has a source without one.
      const lack = io.finish === undefined ? undefined : "stop in order when it is told to";
      return (
        other({ kind: "convert", task }, lack ?? lackOf({ kind: "convert", task }))?.convert(task, io) ??
        convert(task, io)
      );
    },
  };
}

/** All that a job makes. @throws AvError */
async function collect(job: JobProcess, maxBytes: number, what: string): Promise<Uint8Array> {
  const slices: Uint8Array[] = [];
  let bytes = 0;
  for await (const slice of job.stdout) {
    bytes += slice.length;
    if (bytes > maxBytes) {
      job.stop();
      await job.done.catch(() => {});
      throw new AvError("failed", `${what}: node-av's process sent more than ${maxBytes} bytes`);
    }
    slices.push(slice);
  }
  await job.done;
  return Buffer.concat(slices);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

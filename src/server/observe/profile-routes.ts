import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Profile } from "pprof-format";
import type { Fellows, Recorded } from "./fellows.js";
import { type OpsHandler, type OpsRoutes, replyText } from "./ops-server.js";
import { ProfileSum, readSamples } from "./profile-sum.js";
import { type Recorder, recordingProblem } from "./recorder.js";
import {
  RECORDING_VALUES,
  type RecordingKind,
  type RecordingProblem,
  type RecordingRequest,
} from "./recording.js";

export interface ProfileRoutesInit {
  readonly recorder: Recorder;
  /** Undefined where this process is alone. */
  readonly fellows: Fellows | undefined;
  /** Microseconds since the Unix epoch. */
  readonly wall: () => number;
}

/** As Go has it: a hundred samples a second. */
const DEFAULT_PERIOD_MICROS = 10_000;
/** What the process with the operations port is called among several, as in the metrics. */
export const MAIN = "main";
export const PERIOD_MICROS: Bounds = { min: 100, max: 1_000_000 };
const SECONDS: Bounds = { min: 0.1, max: 600 };
const DEFAULT_SECONDS: Readonly<Record<RecordingKind, number>> = { profile: 30, wall: 30, heap: 10 };
/** What a worker's profile may unpack to. */
const MAX_PROFILE_BYTES = 256 * 1024 * 1024;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const unpack = promisify(gunzip);

const INDEX = `Profiles, for go tool pprof (docs/profiling.md):

/debug/pprof/profile?seconds=30    processor time, by stream, protocol and stage
/debug/pprof/wall?seconds=30       the clock's time, waiting included
/debug/pprof/heap?seconds=10       what is allocated meanwhile and stays
/debug/pprof/qos                   how viewers fare, and why; ?format=json
/debug/pprof/samples               samples as they are taken, as server-sent events

period=MICROSECONDS between two samples, for the first two and the last
`;

/** `/debug/pprof/`, `/debug/pprof/profile`, `/wall` and `/heap`. */
export function profileRoutes(init: ProfileRoutesInit): OpsRoutes {
  const record =
    (what: RecordingKind): OpsHandler =>
    (request, response) =>
      answer(what, init, request, response);
  return {
    "/debug/pprof/": (request, response) => {
      const [path] = (request.url ?? "").split("?");
      replyText(response, path === "/debug/pprof/" ? 200 : 404, INDEX);
    },
    "/debug/pprof/profile": record("profile"),
    "/debug/pprof/wall": record("wall"),
    "/debug/pprof/heap": record("heap"),
  };
}

async function answer(
  what: RecordingKind,
  init: ProfileRoutesInit,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const query = readQuery(request);
  const seconds = readNumber(query, "seconds", DEFAULT_SECONDS[what], SECONDS);
  const periodMicros = readNumber(query, "period", DEFAULT_PERIOD_MICROS, PERIOD_MICROS);
  if (typeof seconds === "string" || typeof periodMicros === "string") {
    replyText(response, 400, `${typeof seconds === "string" ? seconds : periodMicros}\n`);
    return;
  }
  const signal = goneSignal(response);
  const made = await recordAll({ what, seconds, periodMicros }, init, signal);
  if (made === undefined || signal.aborted) {
    response.destroy();
  } else if ("status" in made) {
    replyText(response, made.status, `${made.reason}\n`);
  } else {
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": made.length,
      "Content-Disposition": `attachment; filename="${what}.pb.gz"`,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    response.end(made);
  }
}

/** Records here and in all other processes at the same time. */
async function recordAll(
  request: RecordingRequest,
  { recorder, fellows, wall }: ProfileRoutesInit,
  signal: AbortSignal,
): Promise<Buffer | RecordingProblem | undefined> {
  const wallMicros = wall();
  // Where it cannot be done here, nobody else need go on with it.
  const together = new AbortController();
  const stop = (): void => together.abort();
  signal.addEventListener("abort", stop);
  try {
    const [own, others] = await Promise.all([
      recorder.record(request, together.signal),
      fellows?.record(request, together.signal) ?? [],
    ]);
    if (own === undefined || signal.aborted) return undefined;
    if (fellows === undefined) return own;
    return await merge(request, [{ worker: MAIN, bytes: own }, ...others], wallMicros);
  } catch (error) {
    const problem = recordingProblem(error);
    if (problem === undefined) throw error;
    return problem;
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

/** One profile of several, told apart by the label `worker`. */
async function merge(
  { what, seconds, periodMicros }: RecordingRequest,
  all: readonly Recorded[],
  wallMicros: number,
): Promise<Buffer | RecordingProblem> {
  const sum = new ProfileSum(RECORDING_VALUES[what]);
  for (const recorded of all) {
    if ("problem" in recorded) {
      const { status, reason } = recorded.problem;
      return { status, reason: `${recorded.worker}: ${reason}` };
    }
    const { worker, bytes } = recorded;
    const profile = Profile.decode(await unpack(bytes, { maxOutputLength: MAX_PROFILE_BYTES }));
    for (const { frames, values, labels } of readSamples(profile)) {
      sum.add(frames, values, { ...labels, worker });
    }
  }
  return sum.encode({
    wallMicros,
    durationMicros: seconds * 1e6,
    period: what === "heap" ? 512 * 1024 : periodMicros * 1000,
    periodKind: RECORDING_VALUES[what][1] ?? ["wall", "nanoseconds"],
  });
}

export function readQuery({ url = "" }: IncomingMessage): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at));
}

/** A number of the query; a sentence where it is none, or out of bounds. */
export function readNumber(
  query: URLSearchParams,
  name: string,
  fallback: number,
  { min, max }: Bounds,
): number | string {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max)) {
    return `${name} must be a number from ${min} to ${max}.`;
  }
  return value;
}

/** Fires when whoever asked has gone before the answer was out. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

import type { Engine, EngineOptions } from "../engine.js";
import { AvError } from "../error.js";
import { findFfmpeg } from "../ffmpeg/find.js";
import { createNodeAvEngine } from "./engine.js";
import { findInstallation } from "./install.js";
import { type Launcher, launcher, startJob, Unavailable } from "./job-process.js";

const HELLO_TIMEOUT_MS = 20_000;

/** Asking takes a process of its own, and an installed library does not change under us. */
const versions = new Map<string, Promise<string | undefined>>();

/**
 * The engine that works with node-av; undefined where it is not installed, or is and cannot be loaded here.
 *
 * What it does not do goes to FFmpeg's own programs, where those are installed too.
 */
export async function findNodeAv(
  options: EngineOptions,
  env: NodeJS.ProcessEnv,
): Promise<Engine | undefined> {
  const installation = findInstallation();
  if (installation === undefined) return undefined;
  const start = launcher(installation);
  let version = versions.get(installation.library);
  if (version === undefined) {
    version = loadedVersion(start);
    versions.set(installation.library, version);
    version.catch(() => versions.delete(installation.library));
  }
  const found = await version;
  if (found === undefined) return undefined;
  const delegate = await findFfmpeg(options, env).catch(() => undefined);
  return createNodeAvEngine({ launcher: start, version: found, delegate });
}

/**
 * The version of FFmpeg in a node-av that is loaded to ask it; undefined where it cannot be loaded.
 *
 * @internal
 * @throws AvError
 */
export async function loadedVersion(start: Launcher): Promise<string | undefined> {
  const limits = { timeoutMs: HELLO_TIMEOUT_MS, stallTimeoutMs: 0, memoryBytes: 0 };
  const io = { signal: new AbortController().signal, limits };
  const job = startJob(start, { kind: "hello", task: {}, what: start.installation.library }, io);
  let text = "";
  for await (const bytes of job.stdout) text = (text + Buffer.from(bytes).toString("utf8")).slice(0, 1_000);
  try {
    await job.done;
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
  const version = /"ffmpeg":"[^"\d]*(\d+(?:\.\d+)*)/.exec(text)?.[1];
  if (version === undefined) throw new AvError("failed", "node-av does not say which FFmpeg it has");
  return version;
}

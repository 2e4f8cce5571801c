import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { AvError } from "../../src/av/error.js";
import { createNodeAvEngine } from "../../src/av/node-av/engine.js";
import { findInstallation } from "../../src/av/node-av/install.js";
import { type AvClips, makeAvClips } from "../support/av-clips.js";
import { NODE_AV_FOLDER } from "../support/node-av.js";

// Files that were damaged at random, with a seed that repeats it: each ends with an answer or an AvError, in bounded time
// and memory.

const SEED = Number(process.env.SEED ?? "1");
const CASES = Number(process.env.CASES ?? "20");
const LIMITS = { timeoutMs: 20_000, stallTimeoutMs: 0, memoryBytes: 1024 * 1024 * 1024 };
let folder = "";
let clips: AvClips;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-hostile-"));
  clips = await makeAvClips(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Marsaglia's xorshift: the same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function damaged(bytes: Uint8Array, seed: number): Uint8Array {
  const below = random(seed);
  const copy = bytes.slice(0, below(4) === 0 ? below(bytes.length) : bytes.length);
  // Half of the changes are where a container says what is in it.
  for (let i = 1 + below(60); i > 0 && copy.length > 0; i--) {
    copy[below(2) === 0 ? below(Math.min(copy.length, 2_000)) : below(copy.length)] = below(256);
  }
  return copy;
}

it("survives files that were damaged at random", async () => {
  const installation = findInstallation([pathToFileURL(path.join(NODE_AV_FOLDER, "package.json")).href]);
  if (installation === undefined) throw new Error("run this with npm run interop:node-av");
  const launcher = { installation, worker: path.resolve("dist/av/node-av/worker.js") };
  const engine = createNodeAvEngine({ launcher, version: "8.1", delegate: undefined });
  const io = { signal: new AbortController().signal, limits: LIMITS };
  const ends: Record<string, number> = {};
  for (let i = 0; i < CASES; i++) {
    const container = (["mp4", "flv", "mkv", "ts", "avi"] as const)[i % 5] ?? "mp4";
    const file = path.join(folder, `damaged-${SEED}-${i}.${container}`);
    writeFileSync(file, damaged(readFileSync(clips[container]), SEED * 1_000 + i));
    const source = { kind: "file", path: file } as const;
    const output = { kind: "file", path: `${file}.mkv`, container: "mkv" } as const;
    for (const work of [
      async () => void (await engine.probe({ source, packets: 200 }, io)),
      async () => {
        const select = { kind: "count", count: 3 } as const;
        for await (const frame of engine.frames({ source, select, size: undefined }, io))
          expect(frame.data).toBeDefined();
      },
      async () =>
        void (await engine.convert({ inputs: [{ source }], output, video: "copy", audio: "copy" }, io)),
    ]) {
      const end = await work().then(
        () => "done",
        (error: unknown) => {
          expect(error, file).toBeInstanceOf(AvError);
          return (error as AvError).code;
        },
      );
      ends[end] = (ends[end] ?? 0) + 1;
    }
  }
  console.log(`seed ${SEED}, ${CASES} files:`, ends);
  expect(ends.timeout ?? 0).toBe(0);
  expect(ends.memory ?? 0).toBe(0);
}, 600_000);

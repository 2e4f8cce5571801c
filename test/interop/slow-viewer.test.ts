import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms, run } from "../support/program.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { watchHttp } from "../support/viewers.js";

const SECONDS = 12;
const FRAMES = SECONDS * 25;
/** About a fifth of what the clip has, at the speed it is published at. */
const READ_BYTES = 32 * 1024;
const READ_MS = 100;

let folder = "";
let clip = "";
let server: LiveTestServer | undefined;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-slow-"));
  clip = path.join(folder, "noise.flv");
  await makeNoise(clip);
});
afterEach(async () => {
  await killPrograms();
  await server?.close();
  server = undefined;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Noise, with B-frames: nothing of it can be left out, but whole groups, without a decoder's complaint. */
async function makeNoise(file: string): Promise<void> {
  const picture = `testsrc2=size=640x360:rate=25:duration=${SECONDS},noise=alls=60:allf=t`;
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-b:v", "6M"];
  await run("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", picture, ...coded, file]).output;
}

/** Reads a body a little at a time, until told to hurry. */
function readSlowly(url: string): { hurry(): void; readonly body: Promise<Buffer> } {
  const chunks: Buffer[] = [];
  let pace: NodeJS.Timeout | undefined;
  let answer: IncomingMessage | undefined;
  const body = new Promise<Buffer>((resolve, reject) => {
    get(url, { agent: false, highWaterMark: 16 * 1024 } as object, (response) => {
      answer = response;
      let left = READ_BYTES;
      pace = setInterval(() => {
        left = READ_BYTES;
        response.resume();
      }, READ_MS);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        left -= chunk.length;
        if (left < 0 && pace !== undefined) response.pause();
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks)));
    }).on("error", reject);
  });
  return {
    hurry() {
      clearInterval(pace);
      pace = undefined;
      answer?.resume();
    },
    body,
  };
}

/** Decodes all of it. @returns what FFmpeg complained of, and how many pictures it made */
function decode(name: string, body: Buffer): { readonly errors: string; readonly frames: number } {
  const file = path.join(folder, name);
  writeFileSync(file, body);
  const args = ["-v", "error", "-progress", "-", "-i", file, "-fps_mode", "passthrough", "-f", "null", "-"];
  const { stdout, stderr } = spawnSync("ffmpeg", args, { encoding: "utf8" });
  return { errors: stderr, frames: Number(/.*frame=(\d+)/s.exec(stdout)?.[1]) };
}

describe.runIf(process.platform === "linux")("a viewer whose kernel takes more than its network does", () => {
  // In a worker, it is the parent who asks the kernel.
  it.each([
    ["of one process", 1],
    ["of a worker", 2],
  ])(
    "%s is left behind no further than its bound, gets whole groups of pictures, and harms nobody",
    async (_, workers) => {
      const lines: LogLine[] = [];
      server = await startLiveServer({
        workers,
        logger: createLogRecorder(lines),
        maxLagMs: 500,
        stallTimeoutMs: 2_500,
        keepViewersMs: 0,
        waitForPublisherMs: 20_000,
      });
      const fast = watchHttp(server.http("noise.flv"));
      const slow = readSlowly(server.http("noise.flv"));
      const publisher = run("ffmpeg", [
        ...["-v", "error", "-readrate", "2", "-i", clip],
        ...["-c", "copy", "-f", "flv", server.rtmp("noise")],
      ]);
      await publisher.output;
      slow.hurry();
      const [body] = await Promise.all([slow.body, fast.ended]);

      const whole = decode("fast.flv", fast.bytes);
      expect(whole).toEqual({ errors: "", frames: FRAMES });
      const parts = decode("slow.flv", body);
      expect(parts.errors).toBe("");
      expect(parts.frames).toBeGreaterThan(0);
      expect(parts.frames).toBeLessThan(FRAMES);

      await until(() => lines.filter(({ message }) => message === "play ended").length === 2);
      const ended = lines.filter(({ message }) => message === "play ended").map(({ fields }) => fields);
      expect(ended.map(({ droppedFrames }) => droppedFrames).sort()).toEqual(
        [0, FRAMES - parts.frames].sort(),
      );
      const warnings = lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
      expect(warnings[0]).toMatchObject({ app: "live", name: "noise", remoteAddress: "127.0.0.1" });
      expect(warnings.map(({ cause }) => cause)).toContain("transport");
    },
  );
});

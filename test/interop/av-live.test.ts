import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Frame, type FramesOptions, frames } from "../../src/av/frames.js";
import { publishWithFfmpeg } from "../support/ffmpeg.js";
import { type GstRtsp, mp4Mount, startGstRtsp } from "../support/gst-rtsp.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { killPrograms, type Program, run } from "../support/program.js";
import { until } from "../support/until.js";

// Pictures of what is live: at a real server's HTTP-FLV and RTMP doors, and at GStreamer's RTSP server.

const media = mediaFolder();
let server: LiveTestServer;
let camera: GstRtsp;
let clip = "";
/** As cameras do, without B-frames: RTP does not say when a picture is decoded. */
let cameraClip = "";
beforeAll(async () => {
  // Longer than all of these tests; each who asks the camera has it from its beginning. A key frame every second.
  clip = await media.make("live.mp4", 120, [...H264_AAC, "-use_editlist", "0"], "160x90");
  cameraClip = await media.make("camera.mp4", 20, [...H264_AAC, "-bf", "0"], "160x90");
  [server, camera] = await Promise.all([
    startLiveServer({ keepViewersMs: 0 }),
    startGstRtsp({ mounts: { "/cam": mp4Mount(cameraClip, "rtph264pay", "rtpmp4gpay") } }),
  ]);
  publish("a");
  await until(() => isLive("a"));
});
afterAll(async () => {
  await server.close();
  await killPrograms();
  media.remove();
  expect(enginesLeft()).toEqual([]);
});

const publishers: Program[] = [];
function publish(name: string): Program {
  const publisher = publishWithFfmpeg(clip, server.rtmp(name));
  publishers.push(publisher);
  return publisher;
}

/** Those of FFmpeg's programs that are not ours. */
const engines = (): readonly string[] =>
  enginesLeft().filter((each) => !publishers.some(({ child }) => each.split(" ")[1] === String(child.pid)));

type Door = "http" | "rtmp" | "rtsp";
const address = (door: Door, name = "a"): string => {
  if (door === "rtsp") return camera.url("/cam");
  return door === "http" ? server.http(`${name}.flv`) : server.rtmp(name);
};

async function all(input: string, options: FramesOptions): Promise<Frame[]> {
  const found: Frame[] = [];
  for await (const frame of frames(input, options)) found.push(frame);
  return found;
}

const size = { width: 64 };
const pictureUs = 40_000;
/** HTTP-FLV and RTMP have milliseconds; a camera's clock is placed beside its sound's by reports that come later. */
const ROUNDING_US = 1_000;
const steps = (found: readonly Frame[]): number[] =>
  found.slice(1).map(({ pts }, i) => pts - (found[i]?.pts ?? Number.NaN));
const isLive = (name: string): boolean =>
  server.live.streams().some((stream) => stream.live && stream.name === name);
/** Nobody watches any more: what was asked for is over at the server's end too. */
const unwatched = async (name = "a"): Promise<void> =>
  until(() => server.live.streams().find((stream) => stream.name === name)?.viewers === 0);

/** At all doors at once: most of it is waiting for what comes. */
const everywhere = (check: (input: string, door: Door) => Promise<void>): Promise<unknown> =>
  Promise.all((["http", "rtmp", "rtsp"] as const).map((door) => check(address(door), door)));

describe("frames of HTTP-FLV, RTMP and RTSP", () => {
  afterEach(async () => {
    await unwatched();
    expect(engines()).toEqual([]);
  });

  it("are the next ones, and then it is let go", async () => {
    await everywhere(async (input) => {
      const found = await all(input, { count: 3, size });
      expect(found.map(({ width, height }) => `${width}x${height}`)).toEqual(["64x36", "64x36", "64x36"]);
      for (const step of steps(found)) expect(Math.abs(step - pictureUs)).toBeLessThanOrEqual(ROUNDING_US);
    });
  });

  it("come at an interval, as many as are wanted", async () => {
    await everywhere(async (input) => {
      const found = await all(input, { everyMs: 400, count: 3, size });
      expect(found).toHaveLength(3);
      // The first picture at or after each multiple; of all it is the first, which sound and decoding may precede.
      expect(found[0]?.pts).toBeLessThan(400_000);
      for (const [i, { pts }] of found.entries()) {
        if (i === 0) continue;
        expect(pts).toBeGreaterThanOrEqual(i * 400_000 - ROUNDING_US);
        expect(pts).toBeLessThanOrEqual(i * 400_000 + pictureUs + ROUNDING_US);
      }
    });
  });

  it("are key frames, as many as are wanted", async () => {
    await everywhere(async (input) => {
      const found = await all(input, { keyframes: true, count: 2, size });
      expect(found).toHaveLength(2);
      for (const step of steps(found)) expect(Math.abs(step - 1_000_000)).toBeLessThanOrEqual(ROUNDING_US);
    });
  });

  it("end with the signal, and when the loop is left, and nothing stays behind", async () => {
    await everywhere(async (input) => {
      const stop = new AbortController();
      const iterator = frames(input, { everyMs: 100, size, signal: stop.signal });
      await iterator.next();
      stop.abort();
      await expect(iterator.next()).rejects.toMatchObject({ name: "AvError", code: "aborted" });
      for await (const _ of frames(input, { keyframes: true, size })) break;
    });
  });

  it("have no beginning to count from", async () => {
    await everywhere(async (input) => {
      await expect(all(input, { atMs: 1 })).rejects.toMatchObject({ code: "unsupported" });
    });
  });

  it("end with the stream or the camera, and what came until then is given", async () => {
    const other = await startGstRtsp({
      mounts: { "/cam": mp4Mount(cameraClip, "rtph264pay", "rtpmp4gpay") },
    });
    await everywhere(async (_, door) => {
      const source = door === "rtsp" ? other.program : publish(door);
      if (door !== "rtsp") await until(() => isLive(door));
      const input = door === "rtsp" ? other.url("/cam") : address(door, door);
      let count = 0;
      for await (const _ of frames(input, { everyMs: 200, size })) {
        count += 1;
        if (count === 3) await source.kill();
      }
      expect(count).toBeGreaterThanOrEqual(3);
    });
  });
});

describe("frames of a live source", () => {
  it("come to an end where nothing comes any more", async () => {
    await expect(all(server.rtmp("nobody"), { count: 1, stallTimeoutMs: 20_000 })).rejects.toMatchObject({
      name: "AvError",
    });
  });

  it("are files until Ctrl+C, each of them whole", async () => {
    const folder = mkdtempSync(path.join(media.folder, "out-"));
    const target = path.join(folder, "%d.jpg");
    const argv = ["frames", server.rtmp("a"), "--every", "100ms", "-o", target, "--size", "64x"];
    const program = run(process.execPath, ["dist/cli/main.js", ...argv]);
    const exit = once(program.child, "exit");
    await until(() => readdirSync(folder).filter((name) => name.endsWith(".jpg")).length >= 3);
    program.child.kill("SIGINT");
    const [code] = await exit;
    expect(code).toBe(1);
    expect(program.complaints).toMatch(/stopped/);
    const files = readdirSync(folder);
    expect(files.every((name) => /^\d+\.jpg$/.test(name))).toBe(true);
    const last = path.join(folder, `${files.length - 1}.jpg`);
    expect(
      await run("ffprobe", ["-v", "error", "-show_entries", "stream=width", "-of", "csv=p=0", last]).output,
    ).toBe("64\n");
    await unwatched();
  });
});

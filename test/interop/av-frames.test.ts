import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Frame, type FramesOptions, frames } from "../../src/av/frames.js";
import { createJobDesk } from "../../src/av/job.js";
import { runCommand as command } from "../support/command.js";
import { publishWithFfmpeg } from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { killPrograms, run as runProgram } from "../support/program.js";

// Pictures beside what ffmpeg decodes when it decodes all: the same pixels at the same times.

const media = mediaFolder();
afterAll(async () => {
  await killPrograms();
  media.remove();
  expect(enginesLeft()).toEqual([]);
});

const emptyFolder = (): string => mkdtempSync(path.join(media.folder, "out-"));

interface Decoded {
  /** Microseconds. */
  readonly pts: number;
  readonly md5: string;
}

/** All pictures of a file as RGBA, by ffmpeg. */
async function decodeAll(file: string): Promise<readonly Decoded[]> {
  const keep = ["-copyts", "-start_at_zero", "-i", file, "-map", "0:v:0", "-fps_mode", "passthrough"];
  const args = [
    "-v",
    "error",
    ...keep,
    "-pix_fmt",
    "rgba",
    "-enc_time_base",
    "1:1000000",
    "-f",
    "framemd5",
    "-",
  ];
  const text = await runProgram("ffmpeg", args).output;
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, , pts = "", , , md5 = ""] = line.split(/, */);
      return { pts: Number(pts), md5 };
    });
}

async function all(input: string, options: FramesOptions): Promise<Frame[]> {
  const found: Frame[] = [];
  for await (const frame of frames(input, options)) found.push(frame);
  return found;
}

const hashed = (found: readonly Frame[]): Decoded[] =>
  found.map(({ pts, data }) => ({ pts, md5: createHash("md5").update(data).digest("hex") }));
/** The one that is shown at a time. */
const shown = (decoded: readonly Decoded[], us: number): Decoded =>
  decoded.findLast(({ pts }) => pts <= us + 500) ?? (decoded[0] as Decoded);

describe.each(["mp4", "mkv", "flv", "ts", "avi"])("frames of a file, %s", (extension) => {
  const SECONDS = 6;
  let file: string;
  let decoded: readonly Decoded[];
  beforeAll(async () => {
    const codecs = extension === "avi" ? ["-c:v", "mpeg4", "-g", "25", "-c:a", "libmp3lame"] : H264_AAC;
    file = await media.make(`clip.${extension}`, SECONDS, codecs, "160x90");
    decoded = await decodeAll(file);
    expect(decoded.length).toBe(SECONDS * 25);
  });

  it("are what ffmpeg decodes, all of them", async () => {
    expect(hashed(await all(file, {}))).toEqual(decoded);
  });

  it("are spread evenly, and are the ones that are shown at these times", async () => {
    const found = hashed(await all(file, { count: 2 }));
    expect(found.length).toBe(2);
    for (const [i, frame] of found.entries()) {
      const middle = ((2 * i + 1) / 4) * SECONDS * 1e6;
      expect(Math.abs(frame.pts - middle)).toBeLessThan(100_000);
      expect(decoded).toContainEqual(frame);
    }
  });

  it("are there at given times, in the order in which they are asked for, up to the end", async () => {
    const times = [4_321, 20, 5_990];
    expect(hashed(await all(file, { atMs: times }))).toEqual(times.map((ms) => shown(decoded, ms * 1000)));
  });

  it("come at an interval, by seeking and by reading on the same", async () => {
    for (const everyMs of [300, 2_500]) {
      const expected: Decoded[] = [];
      for (let time = 0; ; time += everyMs * 1000) {
        const next = decoded.find(({ pts }) => pts >= time - 500);
        if (next === undefined) break;
        expected.push(next);
      }
      expect(expected.length).toBeGreaterThanOrEqual(3);
      expect(hashed(await all(file, { everyMs }))).toEqual(expected);
    }
  });

  it("are the key frames", async () => {
    const found = hashed(await all(file, { keyframes: true }));
    expect(found.length).toBeGreaterThanOrEqual(SECONDS);
    for (const frame of found) expect(decoded).toContainEqual(frame);
    expect(hashed(await all(file, { keyframes: true, count: 2 }))).toEqual(found.slice(0, 2));
  });
});

describe("frames", () => {
  let file: string;
  beforeAll(async () => {
    file = await media.make("frames.mp4", 4, H264_AAC);
  });

  it("have the size that was asked for", async () => {
    const sizes = [
      [undefined, 320, 180],
      [{ width: 100, height: 100 }, 100, 56],
      [{ height: 360 }, 640, 360],
    ] as const;
    for (const [size, width, height] of sizes) {
      const [frame] = await all(file, { count: 1, ...(size ? { size } : {}) });
      expect([frame?.width, frame?.height, frame?.data.length]).toEqual([width, height, width * height * 4]);
    }
  });

  it("are turned as a player turns them", async () => {
    const turned = media.path("turned.mp4");
    const rotate = ["-c", "copy", "-metadata:s:v:0", "rotate=90"];
    await runProgram("ffmpeg", ["-v", "error", "-i", file, ...rotate, turned]).output;
    const [frame] = await all(turned, { count: 1 });
    expect([frame?.width, frame?.height]).toEqual([180, 320]);
  });

  it("are image files of the same picture", async () => {
    const [frame] = await all(file, { atMs: 1_000 });
    for (const format of ["png", "jpeg", "webp"] as const) {
      const image = media.path(`image.${format}`);
      writeFileSync(image, (await frame?.[format]()) ?? "");
      const rgba = await runRaw(image);
      expect(rgba.length).toBe(frame?.data.length);
      // PNG loses nothing.
      expect(worstMean(rgba, frame?.data ?? new Uint8Array(0))).toBeLessThan(format === "png" ? 0.001 : 12);
    }
    expect((await frame?.jpeg(10))?.length).toBeLessThan((await frame?.jpeg(95))?.length ?? 0);
    await expect(frame?.jpeg(0)).rejects.toThrow(TypeError);
  });

  it("hold the decoder back while nobody asks, and let go of it when the loop is left", async () => {
    const long = await media.make("long.mp4", 10, ["-an", ...H264_AAC.slice(0, 10)], "640x360");
    const desk = createJobDesk({ maxRunning: 1, maxWaiting: 0 });
    const iterator = frames(long, { jobs: desk });
    await iterator.next();
    const [engine = ""] = enginesLeft();
    const cpu = (): string => {
      const stat = readFileSync(`/proc/${engine.split(" ")[1]}/stat`, "latin1");
      return stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).join();
    };
    // Some pictures are decoded ahead; then nothing happens any more.
    for (let before = ""; before !== cpu(); await new Promise((resolve) => setTimeout(resolve, 300)))
      before = cpu();
    await expect(all(long, { count: 1, jobs: desk })).rejects.toMatchObject({ code: "busy" });
    await iterator.return();
    expect(enginesLeft()).toEqual([]);
    expect(desk.running).toBe(0);
  });

  it("end with the signal", async () => {
    const stop = new AbortController();
    const iterator = frames(file, { signal: stop.signal });
    await iterator.next();
    stop.abort();
    await expect(iterator.next()).rejects.toMatchObject({ name: "AvError", code: "aborted" });
    expect(enginesLeft()).toEqual([]);
  });

  it("say what is wrong with their arguments, and what is not there", async () => {
    for (const options of [
      { count: 0 },
      { count: 1.5 },
      { everyMs: 0 },
      { atMs: [] },
      { atMs: -1 },
      { atMs: 1, keyframes: true },
      { atMs: 1, count: 2 },
      { size: {} },
      { size: { width: 100_000 } },
      { timeoutMs: -1 },
    ] as FramesOptions[]) {
      expect(() => frames(file, options)).toThrow(TypeError);
    }
    await expect(all(file, { atMs: 60_000 })).rejects.toMatchObject({
      code: "not-found",
      message: /60 s, it is 4/,
    });
    const sound = media.path("sound.m4a");
    await runProgram("ffmpeg", ["-v", "error", "-i", file, "-vn", "-c", "copy", sound]).output;
    for (const options of [{ count: 1 }, { atMs: 1 }, {}, { keyframes: true }]) {
      await expect(all(sound, options)).rejects.toMatchObject({ code: "not-media" });
    }
  });
});

describe("sluice frames", () => {
  let file: string;
  beforeAll(async () => {
    file = await media.make("command.mp4", 4, H264_AAC);
  });
  const files = (folder: string): string[] => readdirSync(folder).sort();

  it("writes numbered files, whole, of the format that their names say", async () => {
    const folder = emptyFolder();
    const target = path.join(folder, "frame_%d.png");
    const { code, out } = await command("frames", file, "-n", "3", "-o", target, "--size", "160x");
    expect(code).toBe(0);
    expect(files(folder)).toEqual([0, 1, 2].map((n) => `frame_${n}.png`));
    expect(out).toMatch(/frame_0\.png {2}00:00:00\.6[48]0 {2}160x90\n/);
    const others = [
      [
        ["--at", "00:00:01.5,2", "-o", "at-%02d.webp"],
        ["at-00.webp", "at-01.webp"],
      ],
      [["--every", "2s", "-o", "100%%-%d.jpg"], [0, 1].map((n) => `100%-${n}.jpg`)],
      [["--keyframes", "-n", "1", "-o", "key.jpeg", "--quality", "50"], ["key.jpeg"]],
    ] as const;
    for (const [args, names] of others) {
      const own = emptyFolder();
      const [output = ""] = args.filter((_, i) => args[i - 1] === "-o");
      const argv = args.map((each) => (each === output ? path.join(own, output) : each));
      expect(await command("frames", file, ...argv)).toMatchObject({ code: 0, err: "" });
      expect(files(own)).toEqual([...names].sort());
    }
    const kinds = await runProgram("ffprobe", [
      "-v",
      "error",
      "-show_entries",
      "stream=codec_name,width",
      "-of",
      "csv=p=0",
      path.join(folder, "frame_2.png"),
    ]).output;
    expect(kinds.trim()).toBe("png,160");
  });

  it("leaves what was there where it fails, and nothing half-written", async () => {
    const folder = emptyFolder();
    const target = path.join(folder, "a.png");
    writeFileSync(target, "old");
    expect(await command("frames", media.path("none.mp4"), "-n", "1", "-o", target)).toMatchObject({
      code: 1,
      err: /none.mp4: there is no such file/,
    });
    expect(readFileSync(target, "utf8")).toBe("old");
    expect(await command("frames", file, "-n", "1", "-o", path.join(folder, "none", "a.png"))).toMatchObject({
      code: 1,
      err: /there is no such folder/,
    });
    expect(files(folder)).toEqual(["a.png"]);
    expect(await command("frames", file, "-n", "1", "-o", target)).toMatchObject({ code: 0 });
    expect(readFileSync(target).subarray(1, 4).toString()).toBe("PNG");
    expect(files(folder)).toEqual(["a.png"]);
  });

  it.each([
    [["-n", "0"], /no number of pictures/],
    [["-n"], /-n needs a value/],
    [["--every", "soon"], /this is no time/],
    [["--at", "1", "--keyframes"], /only one of them/],
    [["--size", "big"], /this is no size/],
    [["-o", "frame_%d.bmp"], /must end in .png, .jpg or .webp/],
    [["-o", "frame.png"], /put %d into it/],
    [["--quality", "90"], /PNG loses nothing/],
    [["--evry", "1s"], /did you mean --every/],
  ])("%j is a mistake", async (args, err) => {
    expect(await command("frames", file, ...args)).toMatchObject({ code: 2, err });
    expect(existsSync("frame_0.png")).toBe(false);
  });
});

describe("frames of a live stream", () => {
  let server: LiveTestServer;
  beforeAll(async () => {
    server = await startLiveServer();
    const clip = await media.make("live.flv", 4, H264_AAC, "160x90");
    publishWithFfmpeg(clip, server.rtmp("a"), ["-stream_loop", "-1"]);
  });
  afterAll(() => server.close());

  it.each(["http", "rtmp"] as const)("%s: the next ones", async (door) => {
    const input = door === "http" ? server.http("a.flv") : server.rtmp("a");
    const found = await all(input, { count: 3, size: { width: 64 } });
    expect(found.length).toBe(3);
    const steps = found.slice(1).map(({ pts }, i) => pts - (found[i]?.pts ?? 0));
    for (const step of steps) expect(Math.abs(step - 40_000)).toBeLessThanOrEqual(1_000);
  });

  it("come to an end where nothing comes any more", async () => {
    await expect(all(server.rtmp("nobody"), { count: 1, stallTimeoutMs: 20_000 })).rejects.toMatchObject({
      name: "AvError",
    });
    await expect(all(server.http("a.flv"), { atMs: 1 })).rejects.toMatchObject({ code: "unsupported" });
  });
});

/** RGBA pixels of an image file. */
async function runRaw(file: string): Promise<Uint8Array> {
  const raw = `${file}.rgba`;
  await runProgram("ffmpeg", ["-v", "error", "-y", "-i", file, "-f", "rawvideo", "-pix_fmt", "rgba", raw])
    .output;
  return readFileSync(raw);
}

/** How far the pixels are apart, on average, of 255. */
function worstMean(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}

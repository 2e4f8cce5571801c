import { createReadStream, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { ConvertIo, Engine } from "../../src/av/engine.js";
import type { Progress } from "../../src/av/progress.js";
import type { ConvertTask, FrameSelection, RawFrame, VideoTask } from "../../src/av/task.js";
import { type AvClips, FRAME_US, HEIGHT, numberOf, PICTURES, WIDTH } from "./av-clips.js";
import { run } from "./program.js";

const EXTENSION = { mp4: "mp4", fmp4: "mp4", flv: "flv", mkv: "mkv", mpegts: "ts", avi: "avi" } as const;
const H264: VideoTask = { codec: "h264", filters: [], hardware: "none", preset: "ultrafast", quality: 10 };
const NO_LIMITS = { timeoutMs: 0, stallTimeoutMs: 0, memoryBytes: 0 };

/** The part of the contract that writes files. */
export function describeConvert(given: () => { engine: Engine; clips: AvClips; folder: string }): void {
  const io = (more: Partial<ConvertIo> = {}): ConvertIo => ({
    signal: new AbortController().signal,
    limits: NO_LIMITS,
    ...more,
  });
  let count = 0;
  async function convert(
    input: string,
    container: keyof typeof EXTENSION,
    task: Partial<ConvertTask>,
    more: Partial<ConvertIo> = {},
  ): Promise<string> {
    const { engine, folder } = given();
    const output = path.join(folder, `converted-${count++}.${EXTENSION[container]}`);
    await engine.convert(
      {
        inputs: [{ source: { kind: "file", path: input } }],
        output: { kind: "file", path: output, container },
        ...{ video: "copy", audio: "copy", ...task },
      },
      io(more),
    );
    return output;
  }
  async function numbers(file: string): Promise<number[]> {
    const select: FrameSelection = { kind: "all", limit: undefined };
    const found: number[] = [];
    for await (const frame of given().engine.frames(
      { source: { kind: "file", path: file }, select, size: { width: WIDTH, height: HEIGHT } },
      io(),
    ))
      found.push(numberOf(frame));
    return found;
  }

  describe("convert, as it is encoded", () => {
    it.each(["mp4", "fmp4", "flv", "mkv", "mpegts", "avi"] as const)(
      "to %s: every packet decodes to the same, at the same time",
      async (container) => {
        const { clips } = given();
        const output = await convert(clips.mp4, container, {});
        expect(await decoded(output, "v")).toEqual(await decoded(clips.mp4, "v"));
        // Only some containers say what of the first and the last frame of AAC is not to be heard.
        expect((await decoded(output, "a")).slice(-100, -1)).toEqual(
          (await decoded(clips.mp4, "a")).slice(-100, -1),
        );
        // AVI counts pictures and has no times of its own.
        if (container === "avi") return;
        const [was, is] = [await times(clips.mp4), await times(output)];
        expect(is).toHaveLength(was.length);
        const shift = (is[0] ?? 0) - (was[0] ?? 0);
        const rounding = container === "flv" || container === "mkv" ? 501 : 12;
        for (const [i, time] of was.entries()) {
          expect(Math.abs((is[i] ?? 0) - time - shift)).toBeLessThanOrEqual(rounding);
        }
      },
    );

    it.each(["flv", "mkv", "ts"] as const)("from %s to MP4", async (container) => {
      const { clips } = given();
      const output = await convert(clips[container], "mp4", {});
      expect(await decoded(output, "v")).toEqual(await decoded(clips.mp4, "v"));
    });

    it("leaves out what is not wanted", async () => {
      const { clips } = given();
      const silent = await convert(clips.mp4, "mkv", { audio: "none" });
      expect(await kinds(silent)).toEqual(["video"]);
      const chosen = await convert(clips.mp4, "mkv", { tracks: [1] });
      expect(await kinds(chosen)).toEqual(["audio"]);
    });

    it("keeps the title, and puts an MP4's index in front", async () => {
      const { clips } = given();
      const output = await convert(clips.mkv, "mp4", {});
      expect(await probed(output, "format_tags=title")).toContain("A clip");
      expect(await startOf(output, 64)).not.toContain("mdat");
    });
  });

  describe("convert, encoded anew", () => {
    it("keeps each picture and its time", async () => {
      const { clips } = given();
      const progress: Progress[] = [];
      const output = await convert(
        clips.mp4,
        "mp4",
        { video: H264, audio: { codec: "aac" } },
        { onProgress: (each) => void progress.push(each) },
      );
      expect(await numbers(output)).toEqual(Array.from({ length: PICTURES }, (_, i) => i));
      expect(await times(output)).toEqual(Array.from({ length: PICTURES }, (_, i) => i * FRAME_US));
      expect(await kinds(output)).toEqual(["video", "audio"]);
      expect(Number(await probed(output, "stream=duration", "a"))).toBeCloseTo(
        (PICTURES * FRAME_US) / 1e6,
        1,
      );
      for (const each of progress) expect(each.timeUs).toBeGreaterThanOrEqual(0);
    });

    it("scales, crops, and changes the rate", async () => {
      const { clips } = given();
      const video: VideoTask = {
        ...H264,
        filters: [
          { kind: "crop", width: 160, height: HEIGHT, x: 0, y: 0 },
          { kind: "scale", width: 80, height: undefined },
          { kind: "fps", fps: 5 },
        ],
      };
      const output = await convert(clips.mp4, "mkv", { video, audio: "none" });
      expect(await probed(output, "stream=width,height,avg_frame_rate")).toBe("80,90,5/1");
      expect((await times(output)).length).toBe((PICTURES * FRAME_US * 5) / 1e6);
    });

    it("puts a picture into a corner, and a text", async () => {
      const { clips, engine, folder } = given();
      const red = Uint8Array.from({ length: 40 * 20 * 4 }, (_, i) => [255, 0, 0, 255][i % 4] ?? 0);
      const logo = path.join(folder, "it's a logo, 100%.png");
      writeFileSync(
        logo,
        await engine.image({ format: "png", quality: 100, width: 40, height: 20 }, red, io()),
      );
      const video: VideoTask = {
        ...H264,
        filters: [
          { kind: "watermark", path: logo, place: "top-right" },
          { kind: "text", text: "5:0, it's [done]; %{pts}", place: "bottom-left", size: undefined },
        ],
      };
      const output = await convert(clips.mp4, "mp4", { video, audio: "none" });
      const [frame] = await pictures(engine, output, 1);
      const margin = Math.floor(WIDTH / 50);
      const [r = 0, g = 255, b = 255] = pixel(frame, WIDTH - margin - 20, margin + 10);
      expect(r).toBeGreaterThan(200);
      expect(Math.max(g, b)).toBeLessThan(60);
      // White letters on a box that darkens what is behind.
      expect(numberOf(frame as RawFrame)).toBe(0);
      const below = Array.from({ length: WIDTH / 2 }, (_, x) => pixel(frame, x, HEIGHT - margin - 6)[0] ?? 0);
      expect(Math.max(...below)).toBeGreaterThan(200);
    });

    it("takes a part, to the picture", async () => {
      const { clips } = given();
      const inputs = [
        { source: { kind: "file", path: clips.mp4 }, fromUs: 1_000_000, toUs: 2_000_000 },
      ] as const;
      const output = await convert(clips.mp4, "mp4", { inputs, video: H264, audio: { codec: "aac" } });
      expect(await numbers(output)).toEqual(Array.from({ length: 25 }, (_, i) => 25 + i));
      expect((await times(output))[0]).toBe(0);
      expect(Number(await probed(output, "stream=duration", "a"))).toBeCloseTo(1, 1);
    });

    it("takes a part as it is encoded, from the key frame before", async () => {
      const { clips, engine, folder } = given();
      const file = path.join(folder, "cut.mkv");
      const source = { kind: "file", path: clips.mp4 } as const;
      const task: ConvertTask = {
        inputs: [{ source, fromUs: 2_500_000, toUs: 3_000_000 }],
        output: { kind: "file", path: file, container: "mkv" },
        ...{ video: "copy", audio: "copy" },
      };
      expect((await engine.convert(task, io())).startUs).toBe(2_000_000);
      // A picture that is decoded before the end may be shown a little later.
      expect((await numbers(file)).slice(0, 25)).toEqual(Array.from({ length: 25 }, (_, i) => 50 + i));
      expect((await times(file)).length).toBeLessThan(30);
    });

    it("joins files as they are encoded", async () => {
      const { clips } = given();
      const source = { kind: "file", path: clips.mp4 } as const;
      const output = await convert(clips.mp4, "mkv", { inputs: [{ source }, { source }] });
      const once = Array.from({ length: PICTURES }, (_, i) => i);
      expect(await numbers(output)).toEqual([...once, ...once]);
      const joined = await times(output);
      // The sound is a little longer than the picture: the second begins after it.
      expect((joined[PICTURES] ?? 0) - (joined[0] ?? 0)).toBeGreaterThanOrEqual(PICTURES * FRAME_US - 1_000);
      expect((joined[PICTURES] ?? 0) - (joined[0] ?? 0)).toBeLessThan(PICTURES * FRAME_US + 60_000);
    });

    it("keeps the shape of pixels that the container alone tells", async () => {
      const { clips, folder } = given();
      const wide = path.join(folder, "wide.mkv");
      await run("ffmpeg", ["-v", "error", "-y", "-i", clips.mp4, "-c", "copy", "-aspect", "64:27", wide])
        .output;
      const output = await convert(wide, "mp4", { video: H264, audio: "none" });
      expect(await probed(output, "stream=sample_aspect_ratio", "v")).toBe("4:3");
    });

    it("makes key frames where it is told to", async () => {
      const { clips } = given();
      const video: VideoTask = { ...H264, keyFrames: { everyUs: 1_000_000 } };
      const output = await convert(clips.mp4, "flv", { video, audio: "none" });
      expect(await keyTimes(output)).toEqual([0, 1_000_000, 2_000_000, 3_000_000]);
      const same = await convert(clips.mp4, "flv", {
        video: { ...H264, keyFrames: "source" },
        audio: "none",
      });
      expect(await keyTimes(same)).toEqual([0, 2_000_000]);
    });

    it.each([
      ["hevc", "mp4", "aac", "hevc"],
      ["vp9", "mkv", "opus", "vp9"],
      ["av1", "mkv", "mp3", "av1"],
    ] as const)("encodes %s", async (codec, container, audio, name) => {
      const { clips } = given();
      const video: VideoTask = { codec, filters: [{ kind: "fps", fps: 5 }], hardware: "none" };
      const output = await convert(clips.mp4, container, { video, audio: { codec: audio, channels: 2 } });
      expect(await probed(output, "stream=codec_name", "v")).toBe(name);
      expect(await probed(output, "stream=codec_name,channels", "a")).toBe(`${audio},2`);
      if (codec === "hevc") expect(await probed(output, "stream=codec_tag_string", "v")).toBe("hvc1");
      expect((await decoded(output, "v")).length).toBe((PICTURES * FRAME_US * 5) / 1e6);
    });
  });

  describe("convert, in bytes", () => {
    it("reads and writes what goes through memory, at the pace of who takes it", async () => {
      const { engine, clips, folder } = given();
      const taken: Uint8Array[] = [];
      const task: ConvertTask = {
        inputs: [{ source: { kind: "bytes", format: "flv" } }],
        output: { kind: "bytes", container: "mpegts" },
        ...{ video: "copy", audio: "copy" },
      };
      const output = async (bytes: Uint8Array): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        taken.push(Uint8Array.from(bytes));
      };
      const result = await engine.convert(task, io({ input: createReadStream(clips.flv), output }));
      const file = path.join(folder, "bytes.ts");
      writeFileSync(file, Buffer.concat(taken));
      expect(result.bytes).toBe(statSync(file).size);
      expect(await decoded(file, "v")).toEqual(await decoded(clips.mp4, "v"));
    });
  });

  describe("convert, what cannot be done", () => {
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => "no error",
        (error) => error.code,
      );

    it("is an error with a code", async () => {
      const { clips, folder } = given();
      expect(await codeOf(convert(path.join(folder, "nothing.mp4"), "mkv", {}))).toBe("not-found");
      expect(await codeOf(convert(clips.text, "mkv", {}))).toBe("not-media");
      expect(await codeOf(convert(clips.cutOff, "mkv", {}))).toBe("corrupt");
    });

    it("ends with the caller's signal", async () => {
      const { engine, folder } = given();
      const abort = new AbortController();
      const task: ConvertTask = {
        inputs: [{ source: { kind: "lavfi", graph: "testsrc2=size=320x180" } }],
        output: { kind: "file", path: path.join(folder, "endless.mkv"), container: "mkv" },
        ...{ video: H264, audio: "none" },
      };
      const work = engine.convert(task, io({ signal: abort.signal, onProgress: () => abort.abort() }));
      expect(await codeOf(work)).toBe("aborted");
    });
  });
}

async function pictures(engine: Engine, file: string, limit: number): Promise<RawFrame[]> {
  const found: RawFrame[] = [];
  const task = {
    source: { kind: "file", path: file },
    select: { kind: "all", limit },
    size: undefined,
  } as const;
  const io = { signal: new AbortController().signal, limits: NO_LIMITS };
  for await (const frame of engine.frames(task, io)) found.push(frame);
  return found;
}

function pixel(frame: RawFrame | undefined, x: number, y: number): readonly number[] {
  const at = (Math.floor(y) * (frame?.width ?? 0) + Math.floor(x)) * 4;
  return [...(frame?.data.subarray(at, at + 3) ?? [])];
}

/** MD5s of what a track decodes to, picture by picture. */
async function decoded(file: string, stream: "v" | "a"): Promise<string[]> {
  const args = [
    "-v",
    "error",
    "-i",
    file,
    "-map",
    `0:${stream}:0`,
    "-f",
    "framemd5",
    "-fps_mode",
    "passthrough",
    "-",
  ];
  const text = await run("ffmpeg", args).output;
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/, */).at(-1) ?? "");
}

async function probed(file: string, entries: string, stream?: "v" | "a"): Promise<string> {
  const select = stream === undefined ? [] : ["-select_streams", stream];
  const args = ["-v", "error", ...select, "-show_entries", entries, "-of", "csv=p=0", file];
  return (await run("ffprobe", args).output).trim();
}

async function kinds(file: string): Promise<string[]> {
  return (await probed(file, "stream=codec_type")).split("\n");
}

/** Of the pictures in the order of showing, microseconds. */
async function times(file: string): Promise<number[]> {
  const lines = (await probed(file, "packet=pts_time", "v")).split("\n");
  // An empty line for what a packet brings along.
  const known = lines.map(Number.parseFloat).filter((time) => !Number.isNaN(time));
  return known.map((time) => Math.round(time * 1e6)).sort((a, b) => a - b);
}

async function keyTimes(file: string): Promise<number[]> {
  const lines = (await probed(file, "packet=pts_time,flags", "v")).split("\n");
  return lines.filter((line) => line.includes("K")).map((line) => Math.round(Number.parseFloat(line) * 1e6));
}

async function startOf(file: string, bytes: number): Promise<string> {
  let text = "";
  for await (const chunk of createReadStream(file, { end: bytes - 1 }))
    text += (chunk as Buffer).toString("latin1");
  return text;
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine, EngineIo } from "../../src/av/engine.js";
import type { AvErrorCode } from "../../src/av/error.js";
import type { FrameSelection, FrameSize, RawFrame } from "../../src/av/task.js";
import { type AvClips, FRAME_US, GROUP, HEIGHT, makeAvClips, numberOf, PICTURES, WIDTH } from "./av-clips.js";
import { describeConvert } from "./av-convert-contract.js";

const NO_LIMITS = { timeoutMs: 0, stallTimeoutMs: 0, memoryBytes: 0 };
const DURATION_US = PICTURES * FRAME_US;
const ALL: FrameSelection = { kind: "all", limit: undefined };

/** What every engine does, whatever does the work behind it. */
export function describeEngine(name: string, open: () => Promise<Engine>): void {
  describe(name, () => {
    let folder = "";
    let clips: AvClips;
    let engine: Engine;
    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), "sluice-engine-"));
      clips = await makeAvClips(folder);
      engine = await open();
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const file = (file: string) => ({ kind: "file", path: file }) as const;
    const io = (
      limits: Partial<EngineIo["limits"]> = {},
      signal = new AbortController().signal,
    ): EngineIo => ({
      signal,
      limits: { ...NO_LIMITS, ...limits },
    });
    const probe = (input: string, packets = 300) => engine.probe({ source: file(input), packets }, io());
    async function frames(input: string, select: FrameSelection, size?: FrameSize): Promise<RawFrame[]> {
      const found: RawFrame[] = [];
      for await (const frame of engine.frames({ source: file(input), select, size }, io())) found.push(frame);
      return found;
    }
    const numbers = async (input: string, select: FrameSelection): Promise<number[]> =>
      (await frames(input, select)).map((frame) => numberOf(frame));
    async function codeOf(work: Promise<unknown>): Promise<AvErrorCode | "no error"> {
      return work.then(
        () => "no error",
        (error) => error.code,
      );
    }

    describe("probe", () => {
      it("tells the container, the tracks and how far apart key frames are", async () => {
        const info = await probe(clips.mp4);
        expect(info).toMatchObject({ container: "mp4", tags: { title: "A clip" } });
        expect(info.durationUs).toBeGreaterThanOrEqual(DURATION_US);
        expect(info.durationUs).toBeLessThan(DURATION_US + 50_000);
        expect(info.bitrate).toBeGreaterThan(0);
        const [video, audio] = info.tracks;
        expect(video).toMatchObject({
          ...{ kind: "video", codec: "h264", codecTag: "avc1", profile: "High" },
          ...{ width: WIDTH, height: HEIGHT, fps: 25, pixelFormat: "yuv420p", bitDepth: 8 },
          ...{ rotation: 0, attachedPicture: false, interlaced: false, durationUs: DURATION_US },
          gop: { keyFrames: 2, averageUs: GROUP * FRAME_US, longestUs: GROUP * FRAME_US, bFrames: true },
        });
        expect(audio).toMatchObject({
          ...{ kind: "audio", codec: "aac", codecTag: "mp4a", profile: "LC" },
          ...{ sampleRate: 48_000, channels: 1, channelLayout: "mono" },
        });
      });

      it.each(["flv", "mkv", "ts", "avi"] as const)("tells the same of %s", async (container) => {
        const info = await probe(clips[container]);
        expect(info.container).toBe({ flv: "flv", mkv: "mkv", ts: "mpegts", avi: "avi" }[container]);
        const video = info.tracks.find(({ kind }) => kind === "video");
        expect(video).toMatchObject({
          codec: "h264",
          profile: "High",
          width: WIDTH,
          height: HEIGHT,
        });
        expect(info.tracks.find(({ kind }) => kind === "audio")).toMatchObject({
          codec: "aac",
          sampleRate: 48_000,
        });
      });

      it("tells how far a player turns the picture", async () => {
        expect((await probe(clips.rotated)).tracks[0]).toMatchObject({
          width: WIDTH,
          height: HEIGHT,
          rotation: 90,
        });
      });

      it("tells what an HDR display must know", async () => {
        expect((await probe(clips.hdr)).tracks[0]).toMatchObject({
          ...{
            codec: "hevc",
            codecTag: "hvc1",
            profile: "Main 10",
            pixelFormat: "yuv420p10le",
            bitDepth: 10,
          },
          color: { primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc", range: "tv" },
          hdr: {
            ...{ kind: "pq", minLuminance: 0.005, maxLuminance: 1_000 },
            ...{ maxContentLight: 1_000, maxFrameAverageLight: 400 },
            display: { red: [0.68, 0.32], white: [0.3127, 0.329] },
          },
        });
      });
    });

    describe("frames", () => {
      it("gives all pictures in the order of showing, each with its time", async () => {
        const all = await frames(clips.mp4, ALL);
        expect(all.map((frame) => numberOf(frame))).toEqual(Array.from({ length: PICTURES }, (_, i) => i));
        expect(all.map(({ pts }) => pts)).toEqual(Array.from({ length: PICTURES }, (_, i) => i * FRAME_US));
        expect(all.every(({ width, height, data }) => data.length === width * height * 4)).toBe(true);
        expect(all[0]).toMatchObject({ width: WIDTH, height: HEIGHT });
      });

      it.each(["mp4", "flv", "mkv", "ts", "avi"] as const)(
        "spreads a number of them over %s",
        async (container) => {
          const found = await numbers(clips[container], { kind: "count", count: 5 });
          // Containers are of a little different length: by their sound, and by what an encoder puts before it.
          for (const [i, number] of found.entries())
            expect(Math.abs(number - (10 + 20 * i))).toBeLessThanOrEqual(2);
          expect(found).toHaveLength(5);
        },
      );

      it("gives the one that is shown at a time, in the order asked", async () => {
        const atUs = [1_000_000, 1_039_000, 1_040_000, 0, 3_999_000, 2_020_000];
        expect(await numbers(clips.mp4, { kind: "at", atUs })).toEqual([25, 25, 26, 0, 99, 50]);
      });

      it("gives the first from each interval on", async () => {
        expect(await numbers(clips.mp4, { kind: "every", everyUs: 1_000_000, limit: undefined })).toEqual([
          0, 25, 50, 75,
        ]);
        expect(await numbers(clips.flv, { kind: "every", everyUs: 30_000, limit: 4 })).toEqual([0, 1, 2, 3]);
        expect(await numbers(clips.ts, { kind: "every", everyUs: 3_390_000, limit: undefined })).toEqual([
          0, 85,
        ]);
      });

      it("gives key frames alone", async () => {
        for (const clip of [clips.mp4, clips.mkv]) {
          const keys = await frames(clip, { kind: "keyframes", limit: undefined });
          expect(keys.map((frame) => numberOf(frame))).toEqual([0, GROUP]);
          const [first = Number.NaN, second = Number.NaN] = keys.map(({ pts }) => pts);
          expect(second - first).toBe(GROUP * FRAME_US);
        }
        expect(await numbers(clips.flv, { kind: "keyframes", limit: 1 })).toEqual([0]);
      });

      it("scales them: one side keeps the shape, two are a box", async () => {
        const first: FrameSelection = { kind: "all", limit: 1 };
        expect(await frames(clips.mp4, first, { width: 160, height: undefined })).toMatchObject([
          { width: 160, height: 90 },
        ]);
        expect(await frames(clips.mp4, first, { width: undefined, height: 90 })).toMatchObject([
          { width: 160, height: 90 },
        ]);
        expect(await frames(clips.mp4, first, { width: 100, height: 100 })).toMatchObject([
          { width: 100, height: 56 },
        ]);
      });

      it("turns them as a player does", async () => {
        const [frame] = await frames(clips.rotated, { kind: "at", atUs: [1_000_000] });
        expect(frame).toMatchObject({ width: HEIGHT, height: WIDTH });
        // What was on the left is on top.
        expect(numberOf(frame as RawFrame, HEIGHT / 2, WIDTH / 4)).toBe(25);
      });

      it("brings a high dynamic range into the standard one, where that is wanted", async () => {
        const first = async (toneMap: "source" | undefined): Promise<Uint8Array> => {
          const task = {
            source: file(clips.hdr),
            select: { kind: "all", limit: 1 },
            size: undefined,
          } as const;
          for await (const { data } of engine.frames({ ...task, toneMap }, io())) return data;
          throw new Error("there is no picture");
        };
        const brightest = (data: Uint8Array): number => data.reduce((most, value) => Math.max(most, value));
        const [as, mapped] = [await first(undefined), await first("source")];
        expect(mapped.length).toBe(as.length);
        const apart = as.reduce((sum, value, i) => sum + Math.abs(value - (mapped[i] ?? 0)), 0) / as.length;
        expect(apart).toBeGreaterThan(10);
        expect(brightest(mapped)).toBe(255);
      });

      it("is over when the consumer leaves", async () => {
        for await (const frame of engine.frames(
          { source: file(clips.mp4), select: ALL, size: undefined },
          io(),
        )) {
          expect(numberOf(frame)).toBe(0);
          break;
        }
      });

      it("gives what can be decoded of a damaged file", async () => {
        const found = await frames(clips.damaged, ALL).catch((error) => error.code);
        if (Array.isArray(found)) expect(found.length).toBeGreaterThan(GROUP / 2);
        else expect(found).toBe("corrupt");
      });
    });

    describe("image", () => {
      it.each([
        ["png", [0x89, 0x50, 0x4e, 0x47]],
        ["jpeg", [0xff, 0xd8, 0xff]],
        ["webp", [0x52, 0x49, 0x46, 0x46]],
      ] as const)("writes a picture as %s, which reads back the same", async (format, magic) => {
        const [width, height] = [64, 48];
        const rgba = Uint8Array.from(
          { length: width * height * 4 },
          (_, i) => [200, 40, 90, 255][i % 4] ?? 0,
        );
        const bytes = await engine.image({ format, quality: 90, width, height }, rgba, io());
        expect([...bytes.subarray(0, magic.length)]).toEqual(magic);
        const image = path.join(folder, `image.${format}`);
        writeFileSync(image, bytes);
        const [back] = await frames(image, { kind: "all", limit: 1 });
        expect(back).toMatchObject({ width, height });
        const middle = ((height / 2) * width + width / 2) * 4;
        const [r = 0, g = 0, b = 0] = back?.data.subarray(middle, middle + 3) ?? [];
        for (const [is, was] of [
          [r, 200],
          [g, 40],
          [b, 90],
        ] as const)
          expect(Math.abs(is - was)).toBeLessThan(8);
      });
    });

    it("makes an image the smaller, the less quality is wanted", async () => {
      const [width, height] = [64, 48];
      const noise = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff);
      for (const format of ["jpeg", "webp"] as const) {
        const sizes: number[] = [];
        for (const quality of [10, 50, 95])
          sizes.push((await engine.image({ format, quality, width, height }, noise, io())).length);
        expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
        expect(new Set(sizes).size).toBe(3);
      }
    });

    describeConvert(() => ({ engine, clips, folder }));

    describe("what cannot be done", () => {
      it("is an error with a code", async () => {
        expect(await codeOf(probe(path.join(folder, "nothing.mp4")))).toBe("not-found");
        expect(await codeOf(probe(clips.text))).toBe("not-media");
        expect(await codeOf(probe(clips.cutOff))).toBe("corrupt");
        expect(await codeOf(frames(path.join(folder, "nothing.mp4"), ALL))).toBe("not-found");
        expect(await codeOf(frames(clips.sound, ALL))).toBe("not-media");
        expect(await codeOf(frames(clips.text, { kind: "count", count: 2 }))).toBe("not-media");
        expect(await codeOf(frames(clips.mp4, { kind: "at", atUs: [60_000_000] }))).toBe("not-found");
      });

      it("is to be led on to another file by a file", async () => {
        expect(await codeOf(probe(clips.playlist))).toMatch(/unsupported|denied|not-media/);
        expect(await codeOf(frames(clips.playlist, ALL))).toMatch(/unsupported|denied|not-media/);
      });

      it("ends with the caller's signal", async () => {
        const before = AbortSignal.abort();
        const task = { source: file(clips.mp4), packets: 0 };
        expect(await codeOf(engine.probe(task, io({}, before)))).toBe("aborted");
        const abort = new AbortController();
        const endless = {
          source: { kind: "lavfi", graph: "testsrc2=size=64x64" } as const,
          select: ALL,
          size: undefined,
        };
        const work = (async () => {
          for await (const _ of engine.frames(endless, io({}, abort.signal))) abort.abort();
        })();
        expect(await codeOf(work)).toBe("aborted");
      });

      it("ends at the limit of time", async () => {
        const endless = {
          source: { kind: "lavfi", graph: "testsrc2=size=64x64" } as const,
          select: ALL,
          size: undefined,
        };
        const work = (async () => {
          for await (const _ of engine.frames(endless, io({ timeoutMs: 500 })));
        })();
        expect(await codeOf(work)).toBe("timeout");
      });
    });

    it.runIf(process.platform === "linux")("leaves no process behind", () => {
      expect(children()).toEqual([]);
    });
  });
}

/** Processes of ours that are at work, by name; those of the test runner itself left out. */
function children(): string[] {
  const pids = readdirSync(`/proc/${process.pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, "latin1").split(" ").filter(Boolean),
  );
  return pids.flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      return /ff(mpeg|probe)|node-av/.test(line) ? [line] : [];
    } catch {
      return [];
    }
  });
}

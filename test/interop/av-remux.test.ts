import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { remux } from "../../src/av/remux.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { boxesOf, decoded, ffmpeg, type ProbedPacket, packetsOf } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";

const media = mediaFolder();
const { path: at, folder } = media;
afterAll(async () => {
  await killPrograms();
  media.remove();
});

beforeAll(async () => {
  await media.make("in.mp4", 4, H264_AAC, "160x90");
  await media.make("plain.mp4", 2, [...H264_AAC, "-bf", "0"], "160x90");
  await media.make("opus.mkv", 1, [...H264_AAC, "-c:a", "libopus"], "160x90");
});

/** Half a tick of each container's clock, in microseconds; MP4's own here is finer than one. */
const ROUNDING: Readonly<Record<string, number>> = { mp4: 6, mkv: 500, flv: 500, ts: 6 };
const rounding = (...files: readonly string[]) =>
  files.reduce((sum, file) => sum + (ROUNDING[file.split(".")[1] ?? ""] ?? Number.NaN), 0);

/** By how much each time has moved. Undefined ones are the reader's guess, and left out. */
function moved(before: readonly ProbedPacket[], after: readonly ProbedPacket[]): number[] {
  expect(after).toHaveLength(before.length);
  return before.flatMap((packet, i) => {
    const other = after[i] as ProbedPacket;
    expect(other.key, `packet ${i}`).toBe(packet.key);
    return (["pts", "dts"] as const).flatMap((name) => {
      const [from, to] = [packet[name], other[name]];
      return from === undefined || to === undefined ? [] : [to - from];
    });
  });
}

/** The same packets, all at their own times but for one offset. */
async function compare(input: string, output: string, most: number, payloads: boolean): Promise<void> {
  const offsets: number[] = [];
  for (const kind of ["video", "audio"] as const) {
    const [before, after] = [await packetsOf(input, kind), await packetsOf(output, kind)];
    // What the picture was moved by, the sound was, too.
    offsets.push(...moved(before, after));
    expect(after.filter(({ pts }) => pts !== undefined)).toHaveLength(after.length);
    if (payloads) expect(after.map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
  }
  expect(Math.max(...offsets) - Math.min(...offsets)).toBeLessThanOrEqual(2 * most);
}

describe("remux", () => {
  it.each([
    ["in.mp4", "a.mkv"],
    ["a.mkv", "b.mp4"],
    ["in.mp4", "c.flv"],
    ["c.flv", "d.mp4"],
    ["c.flv", "e.mkv"],
  ])("%s to %s keeps every packet, its bytes and its time", async (from, to) => {
    const { container, notes, bytes } = await remux(at(from), at(to)).done;
    expect(to.endsWith(container)).toBe(true);
    expect(notes).toEqual([]);
    expect(bytes).toBe((await readFile(at(to))).length);
    await compare(at(from), at(to), rounding(from, to), true);
  });

  it.each([
    ["in.mp4", "f.ts"],
    ["f.ts", "g.mp4"],
    ["f.ts", "h.flv"],
    ["plain.mp4", "i.avi"],
  ])("%s to %s keeps every picture and sound, framed anew", async (from, to) => {
    await remux(at(from), at(to)).done;
    for (const kind of ["video", "audio"] as const) {
      const [before, after] = [await decoded(at(from), kind), await decoded(at(to), kind)];
      // An MP4's edit list may say that the first sound is the encoder's own; other containers give it out.
      const extra = kind === "audio" ? after.length - before.length : 0;
      expect(extra === 0 || extra === 1).toBe(true);
      expect(after.slice(extra).map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
    }
    if (!to.endsWith(".avi")) await compare(at(from), at(to), rounding(from, to), false);
  });

  it("puts an MP4's index in front, or makes fragments", async () => {
    await remux(at("a.mkv"), at("fast.mp4")).done;
    const fast = await boxesOf(at("fast.mp4"));
    expect(fast.indexOf("moov")).toBeGreaterThan(0);
    expect(fast.indexOf("moov")).toBeLessThan(fast.indexOf("mdat"));
    const { container } = await remux(at("a.mkv"), at("fragments.mp4"), { fragmented: true }).done;
    expect(container).toBe("fmp4");
    // A key frame every second.
    expect((await boxesOf(at("fragments.mp4"))).filter((box) => box === "moof")).toHaveLength(4);
    await compare(at("a.mkv"), at("fragments.mp4"), rounding("a.mkv", "fragments.mp4"), true);
  });

  it("carries all tracks, or those that are named, and says what it leaves out", async () => {
    await writeFile(at("words.srt"), "1\n00:00:00,000 --> 00:00:01,000\nhello\n");
    const maps = ["-map", "0:v", "-map", "0:a", "-map", "0:a", "-map", "1:s"];
    await ffmpeg([
      "-i",
      at("in.mp4"),
      "-i",
      at("words.srt"),
      ...maps,
      "-c",
      "copy",
      "-c:s",
      "srt",
      at("many.mkv"),
    ]);
    const { notes } = await remux(at("many.mkv"), at("many.mp4")).done;
    expect(notes).toEqual(["track 3 (subtitle, subrip) is left out"]);
    await expect(remux(at("many.mkv"), at("many.flv")).done).rejects.toThrow(
      /FLV holds 1 audio track, the input has 2: 1 \(aac\), 2 \(aac\)/,
    );
    await remux(at("many.mkv"), at("one.flv"), { tracks: [0, 2] }).done;
    expect((await packetsOf(at("one.flv"), "audio")).length).toBeGreaterThan(0);
    await expect(remux(at("many.mkv"), at("none.flv"), { tracks: [0, 3] }).done).rejects.toThrow(TypeError);
  });

  it("names the codec that the container cannot hold, and writes nothing", async () => {
    const before = await readdir(folder);
    const refused = remux(at("opus.mkv"), at("new.flv"));
    await expect(refused.done).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("FLV cannot hold opus (audio, track 1)"),
    });
    await expect(remux(at("in.mp4"), at("new.webm")).done).rejects.toThrow(/WebM cannot hold h264/);
    expect(await readdir(folder)).toEqual(before);
  });

  it("to AVI says that B-frames have no times there, and does not take them out again without", async () => {
    const { notes } = await remux(at("in.mp4"), at("b.avi")).done;
    expect(notes.join()).toMatch(/no presentation times/);
    await expect(remux(at("b.avi"), at("no.mkv")).done).rejects.toThrow(
      /h264 with B-frames can only be decoded/,
    );
    await remux(at("i.avi"), at("from-avi.mkv")).done;
    const pictures = async (name: string) => (await decoded(at(name), "video")).map(({ hash }) => hash);
    expect(await pictures("from-avi.mkv")).toEqual(await pictures("plain.mp4"));
  });

  it("tells how far it has come", async () => {
    const job = remux(at("in.mp4"), at("told.mkv"));
    const times: number[] = [];
    job.onProgress(({ timeUs, totalUs }) => times.push(timeUs / (totalUs ?? 0)));
    await job.done;
    expect(times.at(-1)).toBeGreaterThan(0.9);
    expect(times.at(-1)).toBeLessThan(1.1);
    expect(job.progress?.bytes).toBeGreaterThan(0);
  });
});

describe("what remux refuses", () => {
  beforeAll(() => mkdir(at("folder.mp4")));

  it.each([
    ["in.mp4", "in.mp4", "unsupported", /this is the input/],
    ["in.mp4", "a.mkv", "exists", /--force/],
    ["in.mp4", "new.xyz", "unsupported", /\.xyz is no container/],
    ["in.mp4", "no/new.mkv", "not-found", /no such folder/],
    ["in.mp4", "folder.mp4", "unsupported", /folder/],
    ["missing.mp4", "new.mkv", "not-found", /no such file/],
  ])("%s to %s", async (from, to, code, message) => {
    const done = remux(at(from), at(to)).done;
    await expect(done).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("what is no media, or broken, by name, in good time and without a trace", async () => {
    await remux(at("in.mp4"), at("whole.mkv")).done;
    await writeFile(at("empty.mp4"), "");
    await writeFile(at("text.mp4"), "no media, only words\n".repeat(1_000));
    await writeFile(
      at("noise.mkv"),
      Uint8Array.from({ length: 50_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff),
    );
    await writeFile(at("list.mp4"), `ffconcat version 1.0\nfile '${at("in.mp4")}'\n`);
    await writeFile(at("index.mp4"), (await readFile(at("in.mp4"))).subarray(0, 2_000));
    await writeFile(at("cut.mp4"), await readFile(at("fast.mp4")));
    await truncate(at("cut.mp4"), Math.round((await readFile(at("fast.mp4"))).length * 0.6));
    const before = await readdir(folder);
    for (const name of ["empty.mp4", "text.mp4", "noise.mkv", "list.mp4", "index.mp4", "cut.mp4"]) {
      const done = remux(at(name), at("new.mkv")).done;
      await expect(done, name).rejects.toMatchObject({
        name: "AvError",
        code: expect.stringMatching(/^(not-media|corrupt|unsupported)$/),
        message: expect.stringContaining(name),
      });
    }
    expect(await readdir(folder)).toEqual(before);
    // What can be read of it, where that is asked for.
    const { notes } = await remux(at("cut.mp4"), at("kept.mkv"), { tolerant: true }).done;
    expect(notes.join()).toMatch(/damaged, and what could be read was kept/);
    expect((await packetsOf(at("kept.mkv"), "video")).length).toBeGreaterThan(20);
    expect(enginesLeft()).toEqual([]);
  });
});

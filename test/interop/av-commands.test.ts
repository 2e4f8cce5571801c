import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/run.js";
import { runCommand as command } from "../support/command.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { packetsOf, trackOf } from "../support/packets-of.js";

/** What `npm test` has built: signals need a process of its own. */
const MAIN = "dist/cli/main.js";

const media = mediaFolder();
const { path: at, folder } = media;
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill("SIGKILL");
  child = undefined;
});
afterAll(() => media.remove());
beforeAll(async () => {
  await media.make("in.mp4", 3, H264_AAC, "160x90");
});

describe("the commands", () => {
  it("remux: one line says what was written", async () => {
    const { code, out, err } = await command("remux", at("in.mp4"), at("a.mkv"));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/a\.mkv {2}00:00:0[23]\.\d{3} {2}0\.\d MB\n$/);
    const again = await command("remux", at("in.mp4"), at("a.mkv"));
    expect(again).toMatchObject({ code: 1, out: "", err: expect.stringContaining("--force") });
    expect((await command("remux", at("in.mp4"), at("a.mkv"), "-y")).code).toBe(0);
    const refused = await command("remux", at("in.mp4"), at("a.webm"));
    expect(refused).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("WebM cannot hold h264"),
    });
  });

  it("cut: the key frame is told", async () => {
    const { out } = await command("cut", at("in.mp4"), at("b.mp4"), "--from", "1.5", "--to", "00:00:02.5");
    expect(out).toMatch(/b\.mp4 {2}00:00:01\.\d{3} .*, from the key frame at 00:00:01\.000\n$/);
    const exact = await command("cut", at("in.mp4"), at("c.mp4"), "--from", "1.5s", "--exact");
    expect(exact.out).toMatch(/, libx264\n$/);
  });

  it("concat: what differs is told", async () => {
    const { code } = await command("concat", at("in.mp4"), at("in.mp4"), at("d.mp4"));
    expect(code).toBe(0);
    expect(await packetsOf(at("d.mp4"), "video")).toHaveLength(150);
    const differs = await command("concat", at("in.mp4"), at("a.mkv"), at("e.mp4"));
    expect(differs).toMatchObject({
      code: 1,
      err: expect.stringMatching(/a\.mkv differs from .*clock 1\/1000 s/),
    });
  });

  it("transcode: everything at once", async () => {
    await writeFile(at("none.txt"), "");
    const argv = ["--scale", "-2:48", "--crop", "120:80", "--fps", "10", "--text", "%{localtime}@top-left"];
    const how = [
      "--video",
      "h264",
      "--audio",
      "opus",
      "--bitrate",
      "200k",
      "--preset",
      "ultrafast",
      "--hw",
      "none",
    ];
    const { code, err, out } = await command("transcode", at("in.mp4"), at("f.mkv"), ...argv, ...how);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/, libx264\n$/);
    expect(await trackOf(at("f.mkv"), "video")).toMatchObject({ width: 72, height: 48 });
    expect(await trackOf(at("f.mkv"), "audio")).toMatchObject({ codec_name: "opus" });
  });

  it("capture: as long as it is told to", async () => {
    const argv = ["--duration", "300ms", "--preset", "ultrafast"];
    const { code } = await command("capture", "lavfi:testsrc2=size=64x36:rate=10", at("g.mp4"), ...argv);
    expect(code).toBe(0);
    expect(await packetsOf(at("g.mp4"), "video")).toHaveLength(3);
  });

  it("show a bar where a person watches, and take it away", async () => {
    let err = "";
    const code = await run(["remux", at("in.mp4"), at("h.mkv")], {
      out: () => {},
      err: (text) => {
        err += text;
      },
      env: {},
      progress: true,
      onStop: () => () => {},
    });
    expect(code).toBe(0);
    expect(err).toMatch(/^\r\[=*>? *\] +\d+ % {2}00:00:0\d\.\d{3} of 00:00:03\.\d{3}/);
    expect(err.endsWith("\r\x1b[K")).toBe(true);
  });

  it.each([
    [["remux"], "one INPUT and one OUTPUT"],
    [["remux", "a.mp4", "b.mp4", "c.mp4"], "one INPUT and one OUTPUT"],
    [["remux", "a.mp4", "rtmp://h/live/a"], "sluice push"],
    [["remux", "a.mp4", "b.mp4", "--forse"], "did you mean --force"],
    [["remux", "a.mp4", "b.mp4", "--tracks", "x"], "no list of tracks"],
    [["remux", "a.mp4", "b.mp4", "--timeout", "x"], "no time"],
    [["cut", "a.mp4", "b.mp4"], "--from, --to or both"],
    [["cut", "a.mp4", "b.mp4", "--from", "9", "--to", "8"], "--to must be after --from"],
    [["concat", "a.mp4", "b.mp4"], "two INPUTs at least"],
    [["transcode", "a.mp4", "b.mp4", "--video", "h265"], "video must be one of h264"],
    [["transcode", "a.mp4", "b.mp4", "--scale", "big"], "no size"],
    [["transcode", "a.mp4", "b.mp4", "--crf", "20", "--bitrate", "1M"], "one of them"],
    [["capture", "/dev/video0"], "one DEVICE and one OUTPUT"],
  ])("end with code 2 for %j", async (argv, problem) => {
    const { code, err } = await command(...argv);
    expect(err).toContain(problem);
    expect(code).toBe(2);
  });
});

describe("Ctrl+C", () => {
  async function start(
    ...argv: string[]
  ): Promise<{ err: () => string; out: () => string; exited: Promise<unknown> }> {
    const started = spawn(process.execPath, [MAIN, ...argv], { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    let [out, err] = ["", ""];
    started.stdout.on("data", (text: Buffer) => {
      out += text.toString();
    });
    started.stderr.on("data", (text: Buffer) => {
      err += text.toString();
    });
    const exited = once(started, "close").then(([code]) => code as unknown);
    return { out: () => out, err: () => err, exited };
  }

  /** Settles once a file is being written, and so many bytes of it are there. */
  async function writing(least: number): Promise<void> {
    for (;;) {
      const parts = (await readdir(folder)).filter((name) => name.endsWith(".part"));
      for (const part of parts) {
        const found = await stat(at(part)).catch(() => undefined);
        if (found !== undefined && found.size >= least) return;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it("throws away what was written, and leaves the old file", async () => {
    await writeFile(at("old.mp4"), "old");
    // The slowest there is: long enough for a signal.
    const { err, exited } = await start(
      "transcode",
      at("in.mp4"),
      at("old.mp4"),
      "--force",
      "--video",
      "av1",
      "--preset",
      "1",
    );
    await writing(0);
    const pid = child?.pid ?? 0;
    child?.kill("SIGINT");
    expect(await exited).toBe(1);
    expect(err()).toBe(`sluice: cancelled; ${at("old.mp4")} is as it was before\n`);
    expect(await readFile(at("old.mp4"), "utf8")).toBe("old");
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
    expect(enginesLeft(pid)).toEqual([]);
  });

  it("makes a capture whole", async () => {
    const { exited, out, err } = await start(
      "capture",
      "lavfi:testsrc2=size=640x360",
      at("live.mkv"),
      "--preset",
      "ultrafast",
    );
    await writing(1);
    child?.kill("SIGINT");
    expect([await exited, err()]).toEqual([0, ""]);
    expect(out()).toContain("live.mkv");
    expect((await packetsOf(at("live.mkv"), "video")).length).toBeGreaterThan(0);
  });
});

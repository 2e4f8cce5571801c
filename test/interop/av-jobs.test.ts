import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../src/av/capture.js";
import { createJobDesk } from "../../src/av/job.js";
import { remux } from "../../src/av/remux.js";
import { transcode } from "../../src/av/transcode.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { packetsOf } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";
import { until } from "../support/until.js";

// Limits and ends of jobs, on inputs that take long: a server that gives a little at a time, or half and then nothing.

const media = mediaFolder();
const { path: at, folder } = media;
let server: Server;
let slow = "";
let stalled = "";
const STEP_MS = 10;

beforeAll(async () => {
  await media.make("in.mp4", 20, H264_AAC, "160x90");
  await remux(at("in.mp4"), at("in.flv")).done;
  const clip = await readFile(at("in.flv"));
  server = createServer(({ url }, response) => {
    response.writeHead(200, { "content-type": "video/x-flv" });
    if (url === "/half.flv") {
      response.write(clip.subarray(0, clip.length / 2));
      return;
    }
    let at = 0;
    const timer = setInterval(() => {
      // All of it takes some ten seconds.
      const size = Math.ceil(clip.length / 1_000);
      response.write(clip.subarray(at, at + size));
      at += size;
      if (at >= clip.length) response.end();
    }, STEP_MS);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  slow = `${base}/slow.flv`;
  stalled = `${base}/half.flv`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await killPrograms();
  media.remove();
});

describe("a job", () => {
  it.each(["cancel", "signal"] as const)(
    "ended half-way by %s leaves the old file, and nothing else",
    async (way) => {
      await writeFile(at("old.mp4"), "the old file");
      const before = await readdir(folder);
      const stop = new AbortController();
      const job = transcode(slow, at("old.mp4"), {
        overwrite: true,
        preset: "ultrafast",
        signal: stop.signal,
      });
      await until(() => (job.progress?.frames ?? 0) > 0);
      const pids = enginesLeft().map((line) => Number(line.split(" ")[1]));
      expect(pids.length).toBeGreaterThan(0);
      expect((await readdir(folder)).length).toBe(before.length + 1);
      if (way === "cancel") job.cancel();
      else stop.abort();
      await expect(job.done).rejects.toMatchObject({ name: "AvError", code: "aborted" });
      expect(await readFile(at("old.mp4"), "utf8")).toBe("the old file");
      expect(await readdir(folder)).toEqual(before);
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
      expect(enginesLeft()).toEqual([]);
    },
  );

  it("ends at its limit of time, and where nothing comes any more", async () => {
    const late = remux(slow, at("late.mp4"), { timeoutMs: 1_500 });
    await expect(late.done).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringContaining("1.5 s"),
    });
    const silent = remux(stalled, at("late.mp4"), { stallTimeoutMs: 1_500 });
    await expect(silent.done).rejects.toMatchObject({ code: "timeout" });
    expect(enginesLeft()).toEqual([]);
    expect(await readdir(folder)).not.toContain("late.mp4");
  });

  it("of an address ends in order when it is told to, with a file that is whole", async () => {
    const finish = new AbortController();
    const job = remux(slow, at("so-far.mp4"), { finish: finish.signal });
    await until(() => (job.progress?.timeUs ?? 0) > 1_000_000);
    finish.abort();
    const { durationUs } = await job.done;
    expect(durationUs).toBeGreaterThan(1_000_000);
    expect(durationUs).toBeLessThan(19_000_000);
    expect((await packetsOf(at("so-far.mp4"), "video")).length).toBeGreaterThan(25);
  });

  it("ends at its limit of memory", async () => {
    const large = remux(slow, at("large.mp4"), { memoryBytes: 1_000_000 });
    await expect(large.done).rejects.toMatchObject({ code: "memory" });
    expect(enginesLeft()).toEqual([]);
  });

  it("waits for its turn or is refused, and is in the log by its id", async () => {
    const lines: Record<string, unknown>[] = [];
    const log = { info: (fields: object, message: string) => void lines.push({ ...fields, message }) };
    const jobs = createJobDesk({ maxRunning: 1, maxWaiting: 1, log });
    const first = transcode(slow, at("first.mp4"), { jobs, preset: "ultrafast" });
    await until(() => first.progress !== undefined);
    const second = remux(at("in.mp4"), at("second.mkv"), { jobs });
    const third = remux(at("in.mp4"), at("third.mkv"), { jobs });
    await expect(third.done).rejects.toMatchObject({ code: "busy" });
    first.cancel();
    await expect(first.done).rejects.toMatchObject({ code: "aborted" });
    await second.done;
    const told = (id: string) =>
      lines.filter((line) => line.media_job_id === id).map(({ message }) => message);
    expect(told(first.id)).toEqual(["media job started", "media job failed"]);
    expect(told(second.id)).toEqual(["media job started", "media job done"]);
    await jobs.close();
  });
});

describe("capture", () => {
  it("ends in order when it is told to, with a file that is whole", async () => {
    const finish = new AbortController();
    const job = capture("lavfi:testsrc2=size=64x36:rate=10[out0];sine=frequency=440[out1]", at("live.mp4"), {
      preset: "ultrafast",
      finish: finish.signal,
    });
    await until(() => (job.progress?.timeUs ?? 0) > 0);
    finish.abort();
    const { durationUs, videoEncoder } = await job.done;
    expect(durationUs).toBeGreaterThan(0);
    expect(videoEncoder).toBe("libx264");
    expect((await packetsOf(at("live.mp4"), "video")).length).toBeGreaterThan(0);
    expect((await packetsOf(at("live.mp4"), "audio")).length).toBeGreaterThan(0);
  });

  it("ends after its duration", async () => {
    const { durationUs } = await capture("lavfi:testsrc2=size=64x36:rate=10", at("short.mkv"), {
      durationMs: 500,
    }).done;
    expect(durationUs).toBe(500_000);
    expect(await packetsOf(at("short.mkv"), "video")).toHaveLength(5);
  });

  it("says that there is no such camera", async () => {
    const none = capture("/dev/video-none", at("no.mp4"));
    await expect(none.done).rejects.toMatchObject({
      code: "not-found",
      message: expect.stringContaining("no such camera"),
    });
    await expect(capture("/dev/null", at("no.mp4")).done).rejects.toMatchObject({ name: "AvError" });
    await expect(capture(at("in.mp4"), at("no.mp4")).done).rejects.toThrow(/no camera/);
    expect(() => capture("lavfi:x", at("no.mp4"), { durationMs: 0 })).toThrow(TypeError);
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import { builtServer } from "../support/built-server.js";
import { makeClip, publishWithFfmpeg } from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms } from "../support/program.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { type Viewer, watchHttp } from "../support/viewers.js";

const PHONE = "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36";

const lines: LogLine[] = [];
let folder = "";
let clip = "";
let server: LiveTestServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-renditions-"));
  clip = path.join(folder, "clip.flv");
  // With B-frames, and key frames that come when they like.
  const video = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50"];
  const keys = ["-force_key_frames", "1.32,2.2,3.04", "-pix_fmt", "yuv420p"];
  await makeClip(clip, 8, [...video, ...keys, "-c:a", "aac"]);
  server = await startLiveServer({
    logger: createLogRecorder(lines),
    waitForPublisherMs: 20_000,
    renditions: [
      { name: "full", bitrate: "4M", source: true },
      { name: "90p", bitrate: "200k", height: 90, transcode: true },
    ],
  });
});
afterAll(async () => {
  await killPrograms();
  await server.close();
  expect(encoders()).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

/** FFmpegs that were started here, but for the publishers: their ids. */
function encoders(): number[] {
  const found: number[] = [];
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const parent = / (\d+) /.exec(readFileSync(`/proc/${id}/stat`, "latin1").replace(/^.*\) \S/s, ""))?.[1];
      const line = readFileSync(`/proc/${id}/cmdline`, "latin1");
      if (Number(parent) === process.pid && line.includes("force_key_frames\0source")) found.push(Number(id));
    } catch {
      // It has ended.
    }
  }
  return found;
}

function demux(viewer: Viewer): Packet[] {
  const packets: Packet[] = [];
  createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) }).push(viewer.bytes, 0);
  return packets;
}

const hash = ({ data }: Packet): string => Buffer.from(data).toString("base64");

describe.runIf(process.platform === "linux")("a rendition that nobody sends", () => {
  it("is made for who wants it, with the source's times and key frames, and its sound as it is", async () => {
    const publisher = publishWithFfmpeg(clip, server.rtmp("room"));
    const whole = watchHttp(server.http("room.flv?rendition=full"));
    await until(() => whole.length > 0);
    expect(encoders()).toEqual([]);
    const phone = await new Promise<string | undefined>((resolve, reject) => {
      get(server.http("room.flv"), { headers: { "user-agent": PHONE }, agent: false }, (answer) => {
        resolve(answer.headers["content-location"]);
        answer.on("error", () => {});
        answer.destroy();
      }).on("error", reject);
    });
    expect(phone).toBe("room_90p.flv");
    const made = watchHttp(server.http("room_90p.flv"));
    const asFile = watchHttp(server.http("room_90p.mp4"));
    await until(() => made.length > 0 && asFile.length > 0);
    expect(encoders()).toHaveLength(1);
    await publisher.output;
    await until(
      () => lines.filter(({ message }) => message === "a rendition is not made any more").length === 1,
    );
    const before = demux(whole);
    const after = demux(made);
    for (const viewer of [whole, made, asFile]) viewer.leave();

    const videos = (packets: readonly Packet[]) => packets.filter(({ track }) => track.kind === "video");
    const sounds = (packets: readonly Packet[]) => packets.filter(({ track }) => track.kind === "audio");
    const [first] = videos(after);
    expect(first?.key).toBe(true);
    const from = first?.dts ?? 0;
    const source = videos(before).filter(({ dts }) => dts >= from);
    expect(videos(after).length).toBeGreaterThan(100);
    // The last few may still have been in the encoder when the source ended.
    const times = (packets: readonly Packet[], of: "dts" | "pts") =>
      packets.map((packet) => packet[of]).sort((a, b) => a - b);
    const count = videos(after).length;
    expect(source.length - count).toBeLessThan(4);
    expect(times(videos(after), "dts")).toEqual(times(source, "dts").slice(0, count));
    expect(times(videos(after), "pts")).toEqual(times(source, "pts").slice(0, count));
    const keys = (packets: readonly Packet[]) => packets.filter(({ key }) => key).map(({ dts }) => dts);
    expect(keys(videos(after))).toEqual(keys(source));
    expect(keys(source).length).toBeGreaterThan(3);
    for (const { track } of videos(after)) expect(track).toMatchObject({ config: { codedHeight: 90 } });

    const kept = new Map(sounds(before).map((packet) => [packet.dts, hash(packet)]));
    expect(sounds(after).length).toBeGreaterThan(100);
    for (const packet of sounds(after)) expect(kept.get(packet.dts)).toBe(hash(packet));
    await until(() => encoders().length === 0);
  });

  it("is made once for the viewers of several processes", async () => {
    const { createServer } = await builtServer();
    const own = { host: "127.0.0.1", port: 0 };
    const live = createServer({
      logger: false,
      ops: false,
      workers: 2,
      waitForPublisherMs: 60_000,
      http: own,
      rtmp: own,
      renditions: [{ name: "90p", bitrate: "200k", height: 90, transcode: true }],
    });
    const { http, rtmp } = await live.listen();
    const watch = () => watchHttp(`http://127.0.0.1:${http?.port}/live/room_90p.flv`);
    // Before there is anything to make it from.
    const early = watch();
    const publisher = publishWithFfmpeg(clip, `rtmp://127.0.0.1:${rtmp?.port}/live/room`, [
      "-stream_loop",
      "-1",
    ]);
    // Once it is there, others ask for it too, and would have it made for the first.
    await until(() => demux(early).length > 0);
    const viewers = [early, watch(), watch(), watch()];
    await until(() => viewers.every((viewer) => demux(viewer).some((packet) => packet.dts > 2_000_000)));
    for (const viewer of viewers) {
      const pictures = demux(viewer).filter(({ track }) => track.kind === "video");
      for (const { track } of pictures) expect(track).toMatchObject({ config: { codedHeight: 90 } });
    }
    expect(
      live
        .streams()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["room", "room_90p"]);
    for (const viewer of viewers) viewer.leave();
    await publisher.kill();
    await live.close();
  });

  it("goes on after its encoder has died", async () => {
    const publisher = publishWithFfmpeg(clip, server.rtmp("again"), ["-stream_loop", "-1"]);
    await until(() => server.live.streams().some(({ name, live }) => name === "again" && live));
    const viewer = watchHttp(server.http("again_90p.flv"));
    await until(() => viewer.length > 0);
    const [pid] = encoders();
    process.kill(pid ?? 0, "SIGKILL");
    await until(() => encoders().some((other) => other !== pid));
    const before = demux(viewer).length;
    await until(() => demux(viewer).length > before + 50);
    const packets = demux(viewer);
    for (const kind of ["video", "audio"]) {
      let last = -1;
      for (const { track, dts } of packets) {
        if (track.kind !== kind) continue;
        expect(dts).toBeGreaterThanOrEqual(last);
        last = dts;
      }
    }
    const errors = lines.filter(({ level }) => level === "error").map(({ message }) => message);
    expect(errors).toEqual(["making a rendition failed"]);
    viewer.leave();
    await publisher.kill();
  });
});

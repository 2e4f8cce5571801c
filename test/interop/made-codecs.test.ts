import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Codec } from "../../src/abr/types.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import { fmp4Format } from "../../src/media/format/mp4/muxer.js";
import { createNutDemuxer } from "../../src/media/format/nut/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import { createEncoderChoice } from "../../src/server/renditions/encoder-choice.js";
import { ffmpegArguments, type MadeRendition } from "../../src/server/renditions/ffmpeg-arguments.js";
import { Retimer } from "../../src/server/renditions/retimer.js";
import { makeClip, publishWithFfmpeg } from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms, run } from "../support/program.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { watchHttp } from "../support/viewers.js";

const CODECS: readonly Codec[] = ["h264", "hevc", "vp9", "av1"];
/** Ours for them. */
const NAMES = { h264: "avc", hevc: "hevc", vp9: "vp9", av1: "av1" } as const;

const lines: LogLine[] = [];
let folder = "";
let clip = "";
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-codecs-"));
  clip = path.join(folder, "clip.flv");
  // With B-frames, and key frames that come when they like.
  const video = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "50"];
  const keys = ["-force_key_frames", "0.52,1.4,2.04", "-pix_fmt", "yuv420p"];
  await makeClip(clip, 4, [...video, ...keys, "-c:a", "aac"]);
});
afterAll(async () => {
  await killPrograms();
  rmSync(folder, { recursive: true, force: true });
});

function demux(flv: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) }).push(flv, 0);
  return packets.filter(({ track }) => track.kind === "video");
}

const times = (packets: readonly { readonly dts: number; readonly pts: number }[]) =>
  packets.map(({ dts, pts }) => [dts, pts]);
const keys = (packets: readonly Packet[]) => packets.filter(({ key }) => key).map(({ dts }) => dts);

/** All of a clip through an encoder, as a rendition is made of a stream. */
async function encodeAll(source: readonly Packet[], rendition: MadeRendition): Promise<Packet[]> {
  const encoders = createEncoderChoice({
    program: "ffmpeg",
    hardware: "none",
    log: createLogRecorder(lines),
    signal: new AbortController().signal,
  });
  const { codec = "h264" } = rendition;
  const args = ffmpegArguments(rendition, await encoders.choose(codec), {
    hasSound: false,
    frameRate: 25,
  });
  const [first] = source;
  if (first === undefined) throw new Error("no pictures");
  const muxer = fmp4Format().createMuxer({ tracks: [first.track], metadata: {}, zero: first.dts });
  const input = new ByteWriter();
  input.write(muxer.start([first.track], first.dts));
  const retimer = new Retimer();
  for (const packet of source) {
    muxer.write(packet, input);
    retimer.add({ dts: packet.dts, pts: packet.pts, receivedAt: 0 });
  }
  muxer.flush(input);
  const made: Packet[] = [];
  const createDemuxer = codec === "h264" ? createFlvDemuxer : createNutDemuxer;
  const demuxer = createDemuxer({ track() {}, packet: (packet) => made.push(packet) });
  const child = spawn("ffmpeg", args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input.finish());
  for await (const bytes of child.stdout) demuxer.push(bytes as Uint8Array, 0);
  return made.map((packet) => {
    const found = retimer.take(packet.pts + first.dts);
    if (found === undefined) throw new Error(`a picture at ${packet.pts} that did not go in`);
    return { ...packet, ...found };
  });
}

describe("an encoder of FFmpeg's for live pictures", () => {
  it.each(CODECS)(
    "%s: gives out every picture with its time, and key frames where the source has them",
    async (codec) => {
      const source = demux(readFileSync(clip));
      const made = await encodeAll(source, { name: "x", bitrate: 300_000, codec, height: 90 });
      expect(source).toHaveLength(100);
      expect(keys(source).length).toBeGreaterThan(3);
      const pts = (packets: readonly Packet[]) => packets.map((packet) => packet.pts).sort((a, b) => a - b);
      expect(pts(made)).toEqual(pts(source));
      expect(made.map(({ dts }) => dts)).toEqual(source.map(({ dts }) => dts));
      expect(keys(made)).toEqual(keys(source));
      for (const { track } of made) {
        expect(track).toMatchObject({ codec: NAMES[codec], config: { codedWidth: 160, codedHeight: 90 } });
      }
    },
  );

  it("leaves out frames over `fps`, none that is a key frame, and keeps the times of the others", async () => {
    const source = demux(readFileSync(clip));
    const made = await encodeAll(source, { name: "x", bitrate: 300_000, height: 90, fps: 12.5 });
    expect(keys(made)).toEqual(keys(source));
    const known = source.map(({ pts }) => pts);
    for (const { pts } of made) expect(known).toContain(pts);
    expect(new Set(made.map(({ pts }) => pts)).size).toBe(made.length);
    // Every other one, and key frames that come between.
    expect(made.length).toBeGreaterThanOrEqual(50);
    expect(made.length).toBeLessThanOrEqual(50 + keys(source).length);
    const gaps = made.slice(1).map(({ pts }, i) => Math.round((pts - (made[i]?.pts ?? 0)) / 1000));
    expect(gaps.filter((gap) => gap === 80).length).toBeGreaterThan(40);
    expect(Math.max(...gaps)).toBe(80);
  });

  it("is software where no hardware works, and says why; hardware that is named must be there", async () => {
    const told: LogLine[] = [];
    const choice = (hardware: "auto" | "nvenc") =>
      createEncoderChoice({
        // This one has the encoders, and nothing to run them on: the machine's own may well be there.
        program: path.join(folder, "ffmpeg"),
        hardware,
        log: createLogRecorder(told),
        signal: new AbortController().signal,
      });
    const script = `#!/bin/sh
case "$*" in
  *-encoders*) printf ' V....D %s   x\\n' libx264 h264_nvenc h264_vaapi ;;
  *) echo "$*" >> '${folder}/tried'; echo 'Cannot load libcuda.so.1' >&2; exit 1 ;;
esac
`;
    writeFileSync(path.join(folder, "ffmpeg"), script, { mode: 0o755 });
    const auto = choice("auto");
    expect(await Promise.all([auto.choose("h264"), auto.choose("h264")])).toEqual(["libx264", "libx264"]);
    expect(told).toMatchObject([
      {
        level: "warn",
        message: "renditions are encoded in software",
        fields: { codec: "h264", encoder: "libx264", detail: expect.stringContaining("libcuda") as string },
      },
    ]);
    const tried = () => readFileSync(path.join(folder, "tried"), "utf8").trim().split("\n");
    expect(tried().map((line) => /-c:v (\S+) .*-b:v \d+/.exec(line)?.[1])).toEqual([
      "h264_nvenc",
      "h264_vaapi",
    ]);
    auto.forget("h264");
    await auto.choose("h264");
    expect(tried()).toHaveLength(4);
    await expect(choice("nvenc").choose("h264")).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("no nvenc here") as string,
    });
    const none = createEncoderChoice({
      program: path.join(folder, "ffmpeg-that-is-not-there"),
      hardware: "none",
      log: createLogRecorder(told),
      signal: new AbortController().signal,
    });
    await expect(none.choose("h264")).rejects.toMatchObject({ code: "no-engine" });
    await expect(auto.choose("av1")).rejects.toMatchObject({
      code: "unsupported",
      message: "this FFmpeg has no encoder for av1 (libaom-av1)",
    });
  });
});

describe("renditions in codecs that cost much", () => {
  let server: LiveTestServer;
  beforeAll(async () => {
    server = await startLiveServer({
      logger: createLogRecorder(lines),
      waitForPublisherMs: 30_000,
      // However slow the machine is: nobody skips.
      maxLagMs: 60_000,
      maxLagBytes: 64 * 1024 * 1024,
      abr: { hw: "auto" },
      ladder: { allowHeavyCodecs: true },
      renditions: [
        { name: "full", bitrate: "4M", source: true },
        { name: "90p", bitrate: "300k", height: 90, transcode: true },
        { name: "90p-av1", bitrate: "200k", height: 90, codec: "av1", transcode: true },
        { name: "90p-vp9", bitrate: "200k", height: 90, fps: 10, codec: "vp9", transcode: true },
        { name: "90p-hevc", bitrate: "200k", height: 90, codec: "hevc", transcode: true },
      ],
    });
  });
  afterAll(() => server.close());

  function ask(accept: string): Promise<string | undefined> {
    const headers = {
      accept,
      "user-agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36",
    };
    return new Promise((resolve, reject) => {
      get(server.http("room.flv"), { headers, agent: false }, (answer) => {
        resolve(answer.headers["content-location"]);
        answer.on("error", () => {});
        answer.destroy();
      }).on("error", reject);
    });
  }

  it("are made for who names the codec, and play with the source's times and key frames", async () => {
    const publisher = publishWithFfmpeg(clip, server.rtmp("room"), ["-stream_loop", "-1"]);
    const whole = watchHttp(server.http("room.flv?rendition=full"));
    await until(() => whole.length > 0);
    expect(await ask("*/*")).toBe("room_90p.flv");
    expect(await ask('video/mp4;codecs="av01.0.05M.08", */*;q=0.5')).toBe("room_90p-av1.flv");

    const heavy = ["hevc", "vp9", "av1"] as const;
    const viewers = heavy.map((codec) => watchHttp(server.http(`room_90p-${codec}.flv`)));
    const files = heavy.map((codec) => watchHttp(server.http(`room_90p-${codec}.mp4`)));
    await until(() => viewers.every((viewer) => keys(demux(viewer.bytes)).length > 2));
    const made = viewers.map((viewer) => demux(viewer.bytes));
    const last = Math.max(...made.map((packets) => packets.at(-1)?.dts ?? 0));
    await until(() => (demux(whole.bytes).at(-1)?.dts ?? 0) >= last);
    const source = demux(whole.bytes);
    for (const [i, codec] of heavy.entries()) {
      const packets = made[i] ?? [];
      const from = packets[0]?.dts ?? 0;
      const to = packets.at(-1)?.dts ?? 0;
      const same = source.filter(({ dts }) => dts >= from && dts <= to);
      expect(keys(packets)).toEqual(keys(same));
      if (codec !== "vp9")
        expect(times(packets).map(([dts]) => dts)).toEqual(times(same).map(([dts]) => dts));
      else expect(packets.length).toBeLessThan(same.length / 2);
      const [first] = packets;
      expect(first?.key).toBe(true);
      expect(first?.track).toMatchObject({ codec, config: { codedWidth: 160, codedHeight: 90 } });
    }

    await until(() => files.every(({ length }) => length > 20_000));
    for (const [i, codec] of heavy.entries()) {
      const file = path.join(folder, `${codec}.mp4`);
      writeFileSync(file, files[i]?.bytes ?? "");
      const entries = "stream=codec_name,width,height,nb_read_frames";
      const shown = await run("ffprobe", [
        ...["-v", "fatal", "-select_streams", "v", "-count_frames", "-show_entries", entries],
        ...["-of", "default=noprint_wrappers=1", file],
      ]).output;
      expect(shown).toMatch(new RegExp(`codec_name=${codec}\nwidth=160\nheight=90\nnb_read_frames=[1-9]`));
    }
    for (const viewer of [whole, ...viewers, ...files]) viewer.leave();
    await publisher.kill();
    expect(lines.filter(({ level }) => level === "error")).toEqual([]);
    // Hardware was looked for, once for each codec.
    const chosen = lines.filter(({ message }) => /^renditions are encoded in (soft|hard)ware$/.test(message));
    expect(chosen.map(({ fields }) => fields.codec).sort()).toEqual(["av1", "h264", "hevc", "vp9"]);
  });
});

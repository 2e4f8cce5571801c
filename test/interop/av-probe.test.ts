import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AudioTrackInfo, MediaInfo, VideoTrackInfo } from "../../src/av/media-info.js";
import { probe } from "../../src/av/probe.js";
import { runCommand as command } from "../support/command.js";
import { publishWithFfmpeg } from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { killPrograms, run as runProgram } from "../support/program.js";

// What `sluice probe` says beside what ffprobe says of the same files.

const media = mediaFolder();
afterAll(async () => {
  await killPrograms();
  media.remove();
  expect(enginesLeft()).toEqual([]);
});

interface FfprobeStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly width: number;
  readonly height: number;
  readonly profile?: string;
  readonly level?: number;
  readonly sample_rate: string;
  readonly channels: number;
}

async function ffprobe(file: string): Promise<{ streams: FfprobeStream[]; format: Record<string, string> }> {
  const args = ["-v", "error", "-of", "json", "-show_format", "-show_streams", file];
  return JSON.parse(await runProgram("ffprobe", args).output) as never;
}

const video = (info: MediaInfo): VideoTrackInfo =>
  info.tracks.find((track): track is VideoTrackInfo => track.kind === "video") as VideoTrackInfo;
const audio = (info: MediaInfo): AudioTrackInfo =>
  info.tracks.find((track): track is AudioTrackInfo => track.kind === "audio") as AudioTrackInfo;

describe("probe", () => {
  it.each([
    ["a.mp4", "mp4", H264_AAC],
    ["a.flv", "flv", H264_AAC],
    ["a.ts", "mpegts", H264_AAC],
    ["a.mkv", "mkv", H264_AAC],
    ["a.avi", "avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"]],
    ["a.webm", "webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]],
  ])("says of %s what ffprobe says", async (name, container, codecs) => {
    const file = await media.make(name, 3, codecs);
    const [info, theirs] = await Promise.all([probe(file), ffprobe(file)]);
    expect(info.container).toBe(container);
    expect(info.format).toBe(theirs.format.format_name);
    expect(info.durationUs).toBe(Math.round(Number(theirs.format.duration) * 1e6));
    expect(info.startUs).toBe(Math.round(Number(theirs.format.start_time) * 1e6));
    expect(info.size).toBe(Number(theirs.format.size));
    expect(info.bitrate).toBe(Number(theirs.format.bit_rate));
    expect(info.tracks.map(({ kind, codec, profile }) => [kind, codec, profile])).toEqual(
      theirs.streams.map(({ codec_type, codec_name, profile }) => [codec_type, codec_name, profile]),
    );
    expect(video(info)).toMatchObject({ width: 320, height: 180, fps: 25, rotation: 0, interlaced: false });
    const sound = theirs.streams.find(({ codec_type }) => codec_type === "audio");
    expect(audio(info)).toMatchObject({ sampleRate: Number(sound?.sample_rate), channels: sound?.channels });
    for (const { bitrate = 0 } of info.tracks) expect(bitrate).toBeGreaterThan(1_000);
  });

  it("measures groups of pictures", async () => {
    const file = await media.make("gop.mp4", 5, [...H264_AAC, "-x264-params", "scenecut=0"]);
    expect(video(await probe(file)).gop).toEqual({
      keyFrames: 5,
      frames: 125,
      averageUs: 1_000_000,
      longestUs: 1_000_000,
      averageFrames: 25,
      bFrames: true,
    });
    expect(video(await probe(file, { packets: 0 })).gop).toBeUndefined();
    const few = video(await probe(file, { packets: 20 })).gop;
    expect(few?.frames).toBeLessThan(20);
    expect(few?.averageUs).toBeUndefined();
  });

  it("tells how a picture is turned, its language and its title", async () => {
    const plain = await media.make("plain.mp4", 1, H264_AAC);
    const turned = media.path("turned.mp4");
    const tags = [
      "-metadata:s:v:0",
      "rotate=90",
      "-metadata:s:a:0",
      "language=deu",
      "-metadata",
      "title=Böse\x1b[2J",
    ];
    await runProgram("ffmpeg", ["-v", "error", "-i", plain, "-c", "copy", ...tags, turned]).output;
    const info = await probe(turned);
    // FFmpeg's tag turns the other way round.
    expect(video(info)).toMatchObject({ rotation: 270, width: 320, height: 180 });
    expect(audio(info)).toMatchObject({ language: "deu", channelLayout: "mono" });
    expect(info.tags.title).toContain("Böse");
    const { out } = await command("probe", turned);
    expect(out).toContain("turned by 270°");
    expect(out).toContain("deu");
    expect(out).not.toContain("\x1b");
  });

  it("tells what an HDR display must know, also where it stands in the frames alone", async () => {
    const params = [
      "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400",
      "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
    ].join(":");
    const codec = ["-an", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"];
    for (const name of ["hdr.mp4", "hdr.ts"]) {
      const file = await media.make(name, 0.4, [...codec, "-x265-params", params], "128x128");
      const track = video(await probe(file));
      expect(track).toMatchObject({ codec: "hevc", profile: "Main 10", bitDepth: 10 });
      expect(track.color).toMatchObject({ primaries: "bt2020", transfer: "smpte2084", matrix: "bt2020nc" });
      expect(track.hdr).toEqual({
        kind: "pq",
        minLuminance: 0.0001,
        maxLuminance: 1000,
        display: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: [0.3127, 0.329] },
        maxContentLight: 1000,
        maxFrameAverageLight: 400,
      });
    }
  });

  it("is a command, with a table or with JSON", async () => {
    const file = await media.make("table.mp4", 1, H264_AAC);
    const { out, code } = await command("probe", file);
    expect(code).toBe(0);
    expect(out).toContain("container  mp4 (mov,mp4,m4a,3gp,3g2,mj2)");
    expect(out).toMatch(/0 {6}video {2}h264 .* 320x180, 25 fps, yuv420p/);
    expect(out).toMatch(/1 {6}audio {2}aac LC .*44100 Hz, mono/);
    expect(JSON.parse((await command("probe", file, "--json")).out)).toEqual(await probe(file));
    expect(await command("probe")).toMatchObject({ code: 2, err: /one INPUT is needed/ });
    expect(await command("probe", file, "--jsn")).toMatchObject({ code: 2, err: /did you mean --json/ });
  });
});

describe("probe of a live stream", () => {
  let server: LiveTestServer;
  let file: string;
  beforeAll(async () => {
    server = await startLiveServer();
    file = await media.make("live.flv", 20, H264_AAC, "160x90");
  });
  afterAll(() => server.close());

  it.each(["http", "rtmp"] as const)("%s", async (door) => {
    publishWithFfmpeg(file, server.rtmp(door));
    const info = await probe(door === "http" ? server.http("http.flv") : server.rtmp("rtmp"), {
      timeoutMs: 40_000,
    });
    expect(info.container).toBe("flv");
    expect(info.durationUs).toBeUndefined();
    expect(video(info)).toMatchObject({ codec: "h264", width: 160, height: 90 });
    expect(video(info).gop?.averageUs).toBe(1_000_000);
    expect(audio(info)).toMatchObject({ codec: "aac", sampleRate: 44_100, channels: 1 });
  });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frames, probe as probeMedia } from "../../src/av/index.js";
import { builtServer } from "../support/built-server.js";
import { framehash, type Hashed, type HashedPacket, makeClip } from "../support/ffmpeg.js";
import { type GstRtsp, mp4Mount, startGstRtsp } from "../support/gst-rtsp.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms, run } from "../support/program.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { type Viewer, watchHttp } from "../support/viewers.js";

/** RTSP sources, from GStreamer's server: what it plays from a file comes out over HTTP as it was. */

const SECONDS = 3;
const LONG_SECONDS = 90;
const USER = "admin:s%40crët";
/** Without edit lists, which players take as they please, the times in the file are those that count. */
const PLAIN = ["-use_editlist", "0"];
// One group of pictures: a viewer begins with the first, however late it is let in on a busy machine.
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "250", "-c:a", "aac", ...PLAIN];
const X265 = ["-x265-params", "log-level=none:keyint=250", "-tag:v", "hvc1"];
const H265 = ["-c:v", "libx265", "-preset", "ultrafast", ...X265, "-c:a", "libopus", ...PLAIN];

let folder = "";
let source: GstRtsp;
let server: LiveTestServer;
const lines: LogLine[] = [];
const clips = { h264: "", h265: "", long: "" };

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-rtsp-"));
  clips.h264 = path.join(folder, "h264.mp4");
  clips.h265 = path.join(folder, "h265-source.mp4");
  // Longer than any test: what is asked of a source while it plays is not to depend on how busy the machine is.
  clips.long = path.join(folder, "long.mp4");
  await Promise.all([
    makeClip(clips.h264, SECONDS, H264),
    makeClip(clips.h265, SECONDS, H265),
    makeClip(clips.long, LONG_SECONDS, H264),
  ]);
  source = await startGstRtsp({
    user: "admin",
    password: "s@crët",
    mounts: {
      "/h264": mp4Mount(clips.h264, "rtph264pay", "rtpmp4gpay"),
      "/h265": mp4Mount(clips.h265, "rtph265pay", "rtpopuspay"),
      "/long": mp4Mount(clips.long, "rtph264pay", "rtpmp4gpay"),
    },
  });
  server = await startLiveServer({
    waitForPublisherMs: 20_000,
    keepViewersMs: 200,
    logger: createLogRecorder(lines),
  });
});

afterAll(async () => {
  await server.close();
  await killPrograms();
  rmSync(folder, { recursive: true, force: true });
});

/** Plays a mount once, and returns what a viewer of it has got. */
async function playOnce(url: string, name: string, transport: "tcp" | "udp", file: string): Promise<Hashed> {
  const stop = new AbortController();
  const viewer = watchHttp(server.http(file));
  // At the file's end the source says goodbye: it is not to begin again.
  const forget = server.live.on("unpublish", (stream) => {
    if (stream.name === name) stop.abort();
  });
  await server.live.pull(url, `live/${name}`, { transport, signal: stop.signal });
  forget();
  await viewer.ended;
  return framehash(save(file, viewer.bytes));
}

function save(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const ofKind = ({ packets }: Hashed, kind: string): readonly HashedPacket[] =>
  packets.filter((packet) => packet.kind === kind);

const hashesOf = (packets: readonly HashedPacket[]): string[] => packets.map(({ hash }) => hash);

/**
 * All pictures and all sound, each as much later as the others: but for sound from before the first picture, and for the
 * last few, which the server itself keeps when its file ends (FFmpeg as its client does not get them either).
 */
function expectWhole(got: Hashed, from: Hashed): void {
  const shifts: number[] = [];
  for (const kind of ["video", "audio"]) {
    const packets = ofKind(got, kind);
    const whole = ofKind(from, kind);
    const first = whole.findIndex(({ hash }) => hash === packets[0]?.hash);
    expect(first, kind).toBeGreaterThanOrEqual(0);
    expect(first, kind).toBeLessThanOrEqual(kind === "video" ? 0 : 25);
    const source = whole.slice(first, first + packets.length);
    expect(whole.length - first - packets.length).toBeLessThanOrEqual(8);
    expect(hashesOf(packets)).toEqual(hashesOf(source));
    for (const [i, { dts, pts }] of packets.entries()) {
      expect(dts).toBeGreaterThanOrEqual(packets[i - 1]?.dts ?? 0);
      expect(pts).toBeGreaterThanOrEqual(dts);
      shifts.push(pts - (source[i]?.pts ?? Number.NaN));
    }
  }
  // Picture and sound are as far apart as in the file: to 3 ms, and to the milliseconds of all the clocks on the way.
  expect(Math.max(...shifts) - Math.min(...shifts)).toBeLessThanOrEqual(3 + 2);
}

describe("GStreamer's RTSP server", () => {
  it("is pulled over TCP and over UDP, with a digest, and every frame comes out in its place", async () => {
    const from = framehash(clips.h264);
    const [tcp, udp, h265] = await Promise.all([
      playOnce(source.url("/h264", USER), "tcp", "tcp", "tcp.flv"),
      playOnce(source.url("/h264", USER), "udp", "udp", "udp.flv"),
      playOnce(source.url("/h265", USER), "h265", "tcp", "h265.mp4"),
    ]);
    expectWhole(tcp, await from);
    expectWhole(udp, await from);
    expect(await probe(path.join(folder, "tcp.flv"))).toEqual(["h264 320x180", "aac 44100 Hz 1 ch"]);
    expectWhole(h265, await framehash(clips.h265));
    expect(await probe(path.join(folder, "h265.mp4"))).toEqual(["hevc 320x180", "opus 48000 Hz 2 ch"]);
    // What kept them in step is the sender's own word, whichever had come when they began.
    const words = lines.flatMap(({ fields }) => (fields.alignment === undefined ? [] : [fields.alignment]));
    expect(words.length).toBeGreaterThan(0);
    for (const alignment of words) expect(["sender-reports", "rtp-info"]).toContain(alignment);
  });

  it("is probed like any other input, and gives pictures", async () => {
    const url = source.url("/h264", USER);
    const { tracks } = await probeMedia(url);
    expect(tracks.map(({ kind, codec }) => `${kind} ${codec}`).sort()).toEqual(["audio aac", "video h264"]);
    const sizes: string[] = [];
    for await (const { width, height, data } of frames(url, { count: 2, size: { width: 160 } })) {
      expect(data).toHaveLength(width * height * 4);
      sizes.push(`${width}x${height}`);
    }
    expect(sizes).toEqual(["160x90", "160x90"]);
  });

  it("never reads a secret in the log", () => {
    expect(lines.length).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toMatch(/s@cr|s%40cr|admin/);
  });

  it("is asked again when it was killed and has come back: viewers stay, and time never falls", async () => {
    const mounts = { "/cam": mp4Mount(clips.long, "rtph264pay", "rtpmp4gpay") };
    const first = await startGstRtsp({ mounts });
    const stop = new AbortController();
    const told: LogLine[] = [];
    const keeping = await startLiveServer({
      waitForPublisherMs: 20_000,
      keepViewersMs: 20_000,
      logger: createLogRecorder(told),
    });
    const pull = keeping.live.pull(first.url("/cam"), "live/cam", { signal: stop.signal });
    const events: string[] = [];
    keeping.live.on("publish", () => void events.push("publish"));
    keeping.live.on("unpublish", () => void events.push("unpublish"));
    const viewer: Viewer = watchHttp(keeping.http("cam.flv"));
    await until(() => viewer.length > 20_000);
    await first.program.kill();
    const before = viewer.length;
    const second = await startGstRtsp({ mounts, port: first.port });
    await until(() => viewer.length > before + 20_000);
    expect(events.slice(0, 3)).toEqual(["publish", "unpublish", "publish"]);
    // When it sends its first report is the server's own affair: a short clip may be over before.
    await until(() => told.some(({ fields }) => fields.alignment === "sender-reports"));
    stop.abort();
    await pull;
    await keeping.close();
    await viewer.ended;
    await second.program.kill();
    const { packets } = await framehash(save("restart.flv", viewer.bytes));
    for (const kind of ["video", "audio"]) {
      const times = packets.filter((packet) => packet.kind === kind).map(({ dts }) => dts);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  });
});

describe("the setting pull", () => {
  it("reaches the viewers of every worker, is in the API and the metrics as if there were one, and ends with the server", async () => {
    const { createServer } = await builtServer();
    const live = createServer({
      workers: 2,
      pull: ["cam", "door"].map((name) => ({ url: source.url("/long", USER), stream: `live/${name}` })),
      http: { host: "127.0.0.1", port: 0 },
      ops: { host: "127.0.0.1", port: 0 },
      rtmp: false,
      api: { token: "test-token-of-rtsp" },
      logger: false,
      waitForPublisherMs: 20_000,
      keepViewersMs: 20_000,
    });
    const { http, ops } = await live.listen();
    // Each new connection goes to the worker that has the fewest.
    const viewers = [1, 2].map(() => watchHttp(`http://127.0.0.1:${http?.port}/live/cam.flv`));
    await until(() => viewers.every(({ length }) => length > 20_000));

    const ask = async (path: string, method = "GET"): Promise<Response> =>
      await fetch(`http://127.0.0.1:${http?.port}/api/v1/${path}`, {
        method,
        // A connection for each, so that each worker is asked.
        headers: { authorization: "Bearer test-token-of-rtsp", connection: "close" },
      });
    const published = async (
      name: string,
    ): Promise<readonly { id: string; counters: { bytesIn: number } }[]> => {
      const query = `protocol=rtsp&action=publish&app=live&name=${name}`;
      const { total, sessions } = await (await ask(`sessions?${query}`)).json();
      expect(total).toBe(sessions.length);
      return sessions;
    };
    for (let asked = 0; asked < 4; asked++)
      await until(async () => (await published("cam")).some(({ counters }) => counters.bytesIn > 5_000));
    const text = async (): Promise<string> => (await fetch(`http://127.0.0.1:${ops?.port}/metrics`)).text();
    await until(async () =>
      /^sluice_publisher_clock_offset_seconds\{stream="live\/cam"\} /m.test(await text()),
    );
    await until(async () => /^sluice_sessions\{protocol="rtsp",action="publish"\} 2$/m.test(await text()));

    // Ended by hand, at any worker, and not asked for again.
    let kicked = false;
    live.on("unpublish", ({ name, reason }) => {
      kicked ||= name === "door" && reason === "kicked";
    });
    await until(async () => {
      for (const { id } of await published("door")) await ask(`sessions/${id}`, "DELETE");
      return kicked;
    });
    await until(async () => (await published("door")).length === 0);
    await live.close();
    await Promise.all(viewers.map(({ ended }) => ended));
    expect(viewers.every(({ bytes }) => bytes.subarray(0, 3).toString() === "FLV")).toBe(true);
  });
});

describe("sluice pull", () => {
  it("is a server with that stream, and says nothing of the password", async () => {
    const url = source.url("/h264", USER);
    const settings = ["--http-port", "0", "--rtmp-port", "0", "--ops-port", "0", "--http-host", "127.0.0.1"];
    const program = run(process.execPath, [
      "dist/cli/main.js",
      "pull",
      url,
      "live/cam",
      "--transport=udp",
      ...settings,
    ]);
    let said = "";
    program.child.stdout?.on("data", (text: string) => {
      said += text;
    });
    const port = (): string | undefined =>
      /"protocol":"http","host":"127.0.0.1","port":(\d+)/.exec(said)?.[1];
    await until(() => port() !== undefined || program.child.exitCode !== null);
    const viewer = watchHttp(`http://127.0.0.1:${port()}/live/cam.flv`);
    await until(() => viewer.length > 20_000);
    program.child.kill("SIGINT");
    await program.output;
    await viewer.ended;
    expect(await probe(save("cli.flv", viewer.bytes))).toEqual(["h264 320x180", "aac 44100 Hz 1 ch"]);
    expect(said + program.complaints).not.toMatch(/s@cr|s%40cr|admin/);
  });
});

/** Codecs, sizes and rates, as ffprobe sees them. */
async function probe(file: string): Promise<string[]> {
  const { streams } = JSON.parse(
    await run("ffprobe", ["-v", "error", "-show_streams", "-of", "json", file]).output,
  ) as { streams: readonly Record<string, string | number>[] };
  return streams.map((stream) =>
    stream.codec_type === "video"
      ? `${stream.codec_name} ${stream.width}x${stream.height}`
      : `${stream.codec_name} ${stream.sample_rate} Hz ${stream.channels} ch`,
  );
}

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { createServer } from "../../src/server/index.js";
import { installNodeAv, NODE_AV_FOLDER } from "../support/node-av.js";

/**
 * npm run interop:enhanced: Enhanced RTMP with an FFmpeg that knows it, at both ends. Debian's does not, so FFmpeg 8.1
 * comes from npm, as the library node-av, on first use: 170 MB, which is why this is not part of `npm test`.
 */

const SECONDS = "4";
/** AV_CODEC_ID_VP9 */
const CODEC_VP9 = 167;
const SOUND_BEFORE_JOIN = 10;
const VPCC_VERSION_1 = "01000000";

const x265 = ["-c:v", "libx265", "-preset", "veryfast", "-tag:v", "hvc1", "-x265-params"];
const svtav1 = ["-c:v", "libsvtav1", "-preset", "10", "-g", "50", "-svtav1-params"];
const vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "50"];
const opus = ["-c:a", "libopus"];
const aac = ["-c:a", "aac"];

/** Clips that FFmpeg 5 encodes; what FFmpeg 8 makes of them in FLV is what is sent. */
const CLIPS: Readonly<Record<string, readonly string[]>> = {
  "HEVC (hvc1) with B-frames and AAC": [...x265, "log-level=error:keyint=50:bframes=3", ...aac],
  "HEVC (hvc1) and Opus": [...x265, "log-level=error:keyint=50:bframes=0", ...opus],
  "AV1 and Opus": [...svtav1, "tune=0", ...opus],
  "VP9 and Opus": [...vp9, ...opus],
  "AVC and Opus": ["-c:v", "libx264", "-preset", "veryfast", "-g", "50", "-bf", "2", ...opus],
  "Opus alone": ["-vn", ...opus],
};

interface Read {
  readonly streams: readonly { readonly codec: number; readonly kind: string; readonly config: string }[];
  readonly packets: readonly Packet[];
}

interface Packet {
  readonly stream: number;
  readonly dts: number;
  readonly pts: number;
  readonly size: number;
  readonly hash: string;
  readonly key: boolean;
}

process.env.SVT_LOG = "1"; // errors only
await installNodeAv();
const folder = mkdtempSync(path.join(tmpdir(), "sluice-enhanced-"));
const live = createServer({
  logger: false,
  rtmp: { host: "127.0.0.1", port: 0 },
  http: { host: "127.0.0.1", port: 0 },
  waitForPublisherMs: 20_000,
  keepViewersMs: 200,
});
const { rtmp, http } = await live.listen();
let failed = 0;
for (const [name, codecs] of Object.entries(CLIPS)) {
  const problems = await tryClip(name, codecs);
  console.log(`${problems.length === 0 ? "ok    " : "FAILED"} ${name}`);
  for (const problem of problems) console.log(`         ${problem}`);
  if (problems.length > 0) failed++;
}
await live.close();
rmSync(folder, { recursive: true, force: true });
console.log(`\n${Object.keys(CLIPS).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** What went wrong; empty when nothing did. */
async function tryClip(name: string, codecs: readonly string[]): Promise<string[]> {
  const stream = name.replace(/\W+/g, "-");
  const clip = path.join(folder, `${stream}.mp4`);
  const sent = path.join(folder, `${stream}.flv`);
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=25:duration=${SECONDS}`];
  const sound = ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`];
  const inputs = codecs.includes("-vn") ? sound : [...picture, ...sound, "-pix_fmt", "yuv420p"];
  await run("ffmpeg", ["-v", "error", "-y", ...inputs, ...codecs, clip]);
  // Twice: a copy of FLV has other colours in VP9's record than a copy of MP4, and what is sent is a copy of FLV.
  await ffmpeg8("send", clip, `${sent}.first`);
  await ffmpeg8("send", `${sent}.first`, sent);

  const rtmpUrl = `rtmp://127.0.0.1:${rtmp?.port}/live/${stream}`;
  const httpUrl = `http://127.0.0.1:${http?.port}/live/${stream}`;
  const mp4 = path.join(folder, `${stream}-live.mp4`);
  const overRtmp = ffmpeg8("read", rtmpUrl).then(parse);
  const overHttp = ffmpeg8("read", `${httpUrl}.flv`).then(parse);
  const overMp4 = download(`${httpUrl}.mp4`).then((bytes) => writeFileSync(mp4, bytes));
  const [source] = await Promise.all([
    ffmpeg8("read", sent).then(parse),
    ffmpeg8("send", sent, rtmpUrl, "re"),
  ]);

  const problems: string[] = [];
  for (const [way, got] of [
    ["RTMP", await overRtmp],
    ["HTTP-FLV", await overHttp],
  ] as const) {
    for (const problem of compare(source, got)) problems.push(`${way}: ${problem}`);
  }
  await overMp4;
  // The same in MP4, which FFmpeg 5 knows: decoded to its end without an error.
  const complaints = await run("ffmpeg", ["-v", "error", "-xerror", "-i", mp4, "-f", "null", "-"]);
  if (complaints !== "") problems.push(`fMP4: ${complaints}`);
  return problems;
}

/** What differs between what was sent and what came back, but for one offset of all timestamps. */
function compare(source: Read, got: Read): string[] {
  const problems: string[] = [];
  const shifts = new Set<number>();
  for (const [index, { kind, codec, config }] of source.streams.entries()) {
    const found = got.streams.findIndex((stream) => stream.kind === kind);
    const mine = got.streams[found];
    if (mine === undefined) {
      problems.push(`no ${kind}`);
      continue;
    }
    if (mine.codec !== codec) problems.push(`${kind}: codec ${mine.codec} instead of ${codec}`);
    if (!sameConfig(codec, config, mine.config))
      problems.push(`${kind}: ${mine.config} instead of ${config}`);
    const sent = source.packets.filter(({ stream }) => stream === index);
    const come = got.packets.filter(({ stream }) => stream === found);
    const [first] = come;
    if (!first?.key) problems.push(`${kind}: does not begin with a key frame`);
    const from = sent.length - come.length;
    // All that was sent after the first key frame; sound before it has no picture to go with. Without a picture a
    // viewer begins with the newest packet, when its publisher's tracks are known.
    const picture = source.streams.some((stream) => stream.kind === "video");
    const begun = source.packets.slice(0, beginning(source)).filter(({ stream }) => stream === index).length;
    if (picture ? from !== begun : from > SOUND_BEFORE_JOIN)
      problems.push(`${kind}: ${from} packets are missing`);
    for (const [i, packet] of come.entries()) {
      const original = sent[from + i];
      if (original === undefined) break;
      if (packet.hash !== original.hash) problems.push(`${kind}: packet ${i} has another payload`);
      if (packet.key !== original.key) problems.push(`${kind}: packet ${i}: key is ${packet.key}`);
      shifts.add(packet.dts - original.dts);
      shifts.add(packet.pts - original.pts);
    }
  }
  if (shifts.size !== 1) problems.push(`timestamps are shifted by ${[...shifts].join(", ")} ms`);
  return problems.length > 5 ? [...problems.slice(0, 5), `and ${problems.length - 5} more`] : problems;
}

/** The record itself is what Enhanced RTMP wants of VP9; FFmpeg 8.1 writes the version and flags of MP4's box before it. */
function sameConfig(codec: number, sent: string, got: string): boolean {
  return got === sent || (codec === CODEC_VP9 && `${VPCC_VERSION_1}${got}` === sent);
}

/** Where viewers begin: at the first key frame of the picture, where there is one. */
function beginning({ streams, packets }: Read): number {
  const picture = streams.findIndex(({ kind }) => kind === "video");
  return picture < 0 ? 0 : packets.findIndex(({ stream, key }) => stream === picture && key);
}

function parse(json: string): Read {
  return JSON.parse(json) as Read;
}

function ffmpeg8(...args: readonly string[]): Promise<string> {
  return run(process.execPath, ["test/enhanced/ffmpeg8.mjs", NODE_AV_FOLDER, ...args]);
}

/** Standard output of a program. @throws Error when it fails */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ${args.join(" ")}: ended with ${signal ?? code}`));
    });
  });
}

function download(url: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      const chunks: Buffer[] = [];
      if (response.statusCode !== 200) reject(new Error(`${url}: status ${response.statusCode}`));
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks)));
      response.on("error", reject);
    }).on("error", reject);
  });
}

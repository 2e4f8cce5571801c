/**
 * renditions.ts: what renditions cost that are made, in each codec, and how much of it is decoding the source: three of
 * them in a process each, as the server makes them, beside all three in one. And how long a picture is in the encoder,
 * at the pace of a live source. The source has no B-frames: with them a picture also waits for those shown before it.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Codec } from "../src/abr/types.js";
import { ByteWriter } from "../src/media/bytes/writer.js";
import { createFlvDemuxer } from "../src/media/format/flv/demuxer.js";
import { fmp4Format } from "../src/media/format/mp4/muxer.js";
import { createNutDemuxer } from "../src/media/format/nut/demuxer.js";
import type { Packet } from "../src/media/model/packet.js";
import { ffmpegArguments, type MadeRendition } from "../src/server/renditions/ffmpeg-arguments.js";
import { LIVE_ENCODERS } from "../src/server/renditions/live-encoder.js";
import { markdownTable, median, percentile, show } from "./figures.js";
import { describeMachine } from "./machine.js";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "1280x720" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "5" },
  },
});

const SOURCE = { hasSound: true, frameRate: 30 };
const TICK_MS = 10;
const LADDER: readonly MadeRendition[] = [
  { name: "480p", bitrate: 1_200_000, height: 480 },
  { name: "360p", bitrate: 800_000, height: 360 },
  { name: "240p", bitrate: 400_000, height: 240 },
];
const CODECS: readonly Codec[] = ["h264", "vp9", "hevc", "av1"];
const inCodec = (codec: Codec): MadeRendition => ({ ...LADDER[0]!, codec });
const argsOf = (rendition: MadeRendition): string[] =>
  ffmpegArguments(rendition, LIVE_ENCODERS[rendition.codec ?? "h264"][0]!, SOURCE);

/** Runs FFmpeg to its end, and throws away what comes out of it. */
async function ffmpeg(args: readonly string[], input?: Uint8Array): Promise<void> {
  const child = spawn("ffmpeg", args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  child.stdout.resume();
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

async function makeSource(): Promise<readonly Packet[]> {
  mkdirSync(".cache", { recursive: true });
  const file = `.cache/renditions-${values.size}.flv`;
  const picture = `testsrc2=size=${values.size}:rate=30:duration=${values.seconds},noise=alls=8:allf=t`;
  await ffmpeg([
    ...["-v", "error", "-y", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p"],
    ...["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "60", "-b:v", "3M", file],
  ]);
  const packets: Packet[] = [];
  const demuxer = createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) });
  demuxer.push(readFileSync(file), 0);
  return packets;
}

/** The source as the encoder is given it: what comes first, and each picture. */
function mux(source: readonly Packet[]): readonly Uint8Array[] {
  const { track, dts: zero } = source[0]!;
  const muxer = fmp4Format().createMuxer({ tracks: [track], metadata: {}, zero });
  const pictures = source.map((packet) => {
    const out = new ByteWriter();
    muxer.write(packet, out);
    muxer.flush(out);
    return out.finish();
  });
  return [muxer.start([track], zero), ...pictures];
}

/** All three in one process: decoded once, and split. */
function inOne(): string[] {
  const [first = [], ...others] = LADDER.map(argsOf);
  const output = (args: readonly string[]): readonly string[] => args.slice(args.indexOf("-copyts"), -1);
  const filter = (args: readonly string[]): string => args[args.indexOf("-vf") + 1] ?? "";
  const graph = [first, ...others].map((args, i) => `[s${i}]${filter(args)}[o${i}]`);
  const split = `[0:v:0]split=${graph.length}${graph.map((_, i) => `[s${i}]`).join("")}`;
  return [
    ...first.slice(0, first.indexOf("-an")),
    ...["-y", "-filter_complex", [split, ...graph].join(";")],
    ...[first, ...others].flatMap((args, i) => ["-map", `[o${i}]`, ...output(args), "/dev/null"]),
  ];
}

/** Processor time of programs that have been run and are gone, milliseconds. */
function childrenMs(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

/** From the moment that a picture was given to the encoder to that at which it was out, milliseconds, for each. */
async function delays(
  source: readonly Packet[],
  bytes: readonly Uint8Array[],
  codec: Codec,
): Promise<number[]> {
  const child = spawn("ffmpeg", argsOf(inCodec(codec)), { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  const given = new Map<number, number>();
  const found: number[] = [];
  const zero = source[0]!.dts;
  const createDemuxer = codec === "h264" ? createFlvDemuxer : createNutDemuxer;
  const demuxer = createDemuxer({
    track() {},
    packet({ pts }) {
      const at = given.get(Math.round(pts / 1000));
      if (at !== undefined) found.push(performance.now() - at);
    },
  });
  child.stdout.on("data", (chunk: Uint8Array) => demuxer.push(chunk, 0));
  child.stdin.write(bytes[0]!);
  const startedAt = performance.now();
  for (const [i, { dts, pts }] of source.entries()) {
    await sleep(startedAt + (dts - zero) / 1000 - performance.now());
    given.set(Math.round((pts - zero) / 1000), performance.now());
    child.stdin.write(bytes[i + 1]!);
  }
  child.stdin.end();
  await new Promise((resolve) => child.once("close", resolve));
  // The first second is FFmpeg's start.
  return found.slice(30);
}

const source = await makeSource();
const bytes = mux(source);
const input = Buffer.concat(bytes);
const head = argsOf(LADDER[0]!);
const decoding = [...head.slice(0, head.indexOf("-an")), "-an", "-f", "null", "-"];
const MODES: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ["decoding it, no more", [decoding]],
  ...CODECS.map((codec) => [`480p, 1.2 Mbit/s, ${codec}`, [argsOf(inCodec(codec))]] as const),
  ["480p, 360p and 240p in h264, a process each", LADDER.map(argsOf)],
  ["the same in one process", [inOne()]],
];
const used = new Map<string, number[]>(MODES.map(([name]) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, runs] of MODES) {
    const before = childrenMs();
    for (const args of runs) await ffmpeg(args, input);
    used.get(name)?.push((childrenMs() - before) / 1000 / Number(values.seconds));
  }
}
console.log(
  markdownTable(
    [`of ${values.size}, 30 frames a second`, "cores", "least to most"],
    MODES.map(([name]) => {
      const cores = used.get(name) ?? [];
      return [name, show(median(cores)), `${show(Math.min(...cores))} to ${show(Math.max(...cores))}`];
    }),
  ),
);
const rows: string[][] = [];
for (const codec of CODECS) {
  const found = await delays(source, bytes, codec);
  rows.push([codec, show(median(found)), show(percentile(found, 0.95))]);
}
console.log(`\n${markdownTable(["480p", "in the encoder, ms", "95 % within, ms"], rows)}`);
console.log(`\n${values.rounds} rounds of ${values.seconds} s, medians. ${describeMachine()}`);

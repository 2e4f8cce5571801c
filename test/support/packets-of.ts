import { readFile, stat } from "node:fs/promises";
import { run } from "./program.js";

/** One packet as ffprobe reads it; microseconds, undefined where the container has none. */
export interface ProbedPacket {
  readonly pts: number | undefined;
  readonly dts: number | undefined;
  readonly duration: number | undefined;
  readonly key: boolean;
  readonly hash: string;
}

export async function ffmpeg(args: readonly string[]): Promise<string> {
  return await run("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]).output;
}

type Kind = "video" | "audio";

/** All packets of a file's first track of a kind, in the file's order. */
export async function packetsOf(file: string, kind: Kind): Promise<readonly ProbedPacket[]> {
  return (await once("packets", file, readPackets))[kind];
}

/** MD5s of what a track decodes to, in the order shown, with their times in microseconds. */
export async function decoded(
  file: string,
  kind: Kind,
): Promise<readonly { readonly pts: number; readonly hash: string }[]> {
  return (await once("decoded", file, decode))[kind];
}

const answers = new Map<string, Promise<unknown>>();

/** Asks once as long as a file is the same: a program takes longer to begin than to read these small ones. */
async function once<T>(what: string, file: string, ask: (file: string) => Promise<T>): Promise<T> {
  const { mtimeMs, size, ino } = await stat(file);
  const key = [what, file, mtimeMs, size, ino].join(" ");
  const answer = (answers.get(key) as Promise<T> | undefined) ?? ask(file);
  answers.set(key, answer);
  return answer;
}

async function readPackets(file: string): Promise<Record<Kind, ProbedPacket[]>> {
  const entries =
    "stream=index,codec_type:packet=stream_index,pts_time,dts_time,duration_time,flags,data_hash";
  const text = await run("ffprobe", [
    ...["-v", "error", "-show_data_hash", "md5", "-show_packets", "-show_streams"],
    ...["-show_entries", entries, "-of", "json", file],
  ]).output;
  const { packets, streams } = JSON.parse(text) as {
    packets: (Record<string, string | undefined> & { stream_index: number })[];
    streams: { index: number; codec_type: string }[];
  };
  const micros = (seconds: string | undefined): number | undefined =>
    seconds === undefined ? undefined : Math.round(Number(seconds) * 1_000_000);
  const of = (kind: Kind): ProbedPacket[] => {
    const first = streams.find(({ codec_type }) => codec_type === kind)?.index;
    return packets
      .filter(({ stream_index }) => stream_index === first)
      .map((packet) => ({
        pts: micros(packet.pts_time),
        dts: micros(packet.dts_time),
        duration: micros(packet.duration_time),
        key: packet.flags?.startsWith("K") === true,
        hash: packet.data_hash ?? "",
      }));
  };
  return { video: of("video"), audio: of("audio") };
}

async function decode(file: string): Promise<Record<Kind, { pts: number; hash: string }[]>> {
  const text = await ffmpeg([
    ...["-i", file, "-map", "0:v:0?", "-map", "0:a:0?"],
    ...[
      "-fps_mode:v",
      "passthrough",
      "-enc_time_base:v",
      "1/1000000",
      "-f",
      "framehash",
      "-hash",
      "md5",
      "-",
    ],
  ]);
  const kinds = new Map([...text.matchAll(/^#media_type (\d+): (\w+)/gm)].map(([, n, kind]) => [n, kind]));
  const frames = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/, */))
    .map(([stream, , pts = "", , , hash = ""]) => ({ kind: kinds.get(stream), pts: Number(pts), hash }));
  const of = (kind: Kind) =>
    frames.filter((frame) => frame.kind === kind).map(({ pts, hash }) => ({ pts, hash }));
  return { video: of("video"), audio: of("audio") };
}

/** What ffprobe says of a file's first track of a kind. */
export async function trackOf(file: string, kind: "video" | "audio"): Promise<Record<string, unknown>> {
  const text = await run("ffprobe", [
    ...[
      "-v",
      "error",
      "-select_streams",
      kind === "video" ? "v:0" : "a:0",
      "-show_streams",
      "-of",
      "json",
      file,
    ],
  ]).output;
  return (JSON.parse(text) as { streams: Record<string, unknown>[] }).streams[0] ?? {};
}

/** The names of an MP4's outermost boxes, in order. */
export async function boxesOf(file: string): Promise<string[]> {
  const bytes = await readFile(file);
  const boxes: string[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    boxes.push(bytes.toString("latin1", at + 4, at + 8));
    // 1: the size follows in 64 bits; 0: to the end.
    const whole = size === 1 ? Number(bytes.readBigUInt64BE(at + 8)) : size;
    if (whole < 8) break;
    at += whole;
  }
  return boxes;
}

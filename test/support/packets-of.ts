import { readFile } from "node:fs/promises";
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

/** All packets of a file's first track of a kind, in the file's order. */
export async function packetsOf(file: string, kind: "video" | "audio"): Promise<ProbedPacket[]> {
  const entries = "packet=pts_time,dts_time,duration_time,flags,data_hash";
  const text = await run("ffprobe", [
    ...["-v", "error", "-select_streams", kind === "video" ? "v:0" : "a:0"],
    ...["-show_data_hash", "md5", "-show_packets", "-show_entries", entries, "-of", "json", file],
  ]).output;
  const { packets } = JSON.parse(text) as { packets: Record<string, string | undefined>[] };
  const micros = (seconds: string | undefined): number | undefined =>
    seconds === undefined ? undefined : Math.round(Number(seconds) * 1_000_000);
  return packets.map((packet) => ({
    pts: micros(packet.pts_time),
    dts: micros(packet.dts_time),
    duration: micros(packet.duration_time),
    key: packet.flags?.startsWith("K") === true,
    hash: packet.data_hash ?? "",
  }));
}

/** MD5s of what a track decodes to, in the order shown, with their times in microseconds. */
export async function decoded(
  file: string,
  kind: "video" | "audio",
): Promise<readonly { readonly pts: number; readonly hash: string }[]> {
  const map = kind === "video" ? "0:v:0" : "0:a:0";
  const text = await ffmpeg([
    ...["-i", file, "-map", map, "-fps_mode", "passthrough", "-enc_time_base", "1/1000000"],
    ...["-f", "framehash", "-hash", "md5", "-"],
  ]);
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(/, */))
    .map(([, , pts = "", , , hash = ""]) => ({ pts: Number(pts), hash }));
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

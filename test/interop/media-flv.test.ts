import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demuxAll, type Heard } from "../../fuzz/support/flv.js";
import { concatBytes } from "../../src/media/bytes/bytes.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import { type FlvOptions, flvFormat } from "../../src/media/format/flv/muxer.js";

/** What FFmpeg writes is read, and what we write FFmpeg and flvmeta read as the same. */

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-flv-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (program: string, args: readonly string[]) => execFileSync(program, args, { encoding: "utf8" });

function encode(name: string, codecs: readonly string[]): string {
  const file = path.join(folder, name);
  const picture = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2"];
  const sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=2"];
  run("ffmpeg", ["-v", "error", "-y", ...picture, ...sound, ...codecs, "-f", "flv", file]);
  return file;
}

function remux(file: string, options?: FlvOptions): { heard: Heard; file: string } {
  const heard = demuxAll(createFlvDemuxer, readFileSync(file), 777);
  const [first] = heard.packets;
  const metadata = heard.metadata[0] ?? {};
  const muxer = flvFormat(options).createMuxer({ tracks: heard.tracks, metadata, zero: 0 });
  const out = new ByteWriter();
  for (const packet of heard.packets) muxer.write(packet, out);
  const again = `${file}-again.flv`;
  writeFileSync(again, concatBytes([muxer.start(heard.tracks, first?.dts ?? 0), out.finish()]));
  return { heard, file: again };
}

/** Every packet's stream, times, size and MD5, as FFmpeg reads them. */
const packetsOf = (file: string) =>
  run("ffmpeg", ["-v", "error", "-i", file, "-map", "0", "-c", "copy", "-f", "framemd5", "-"]);

const streamsOf = (file: string) =>
  JSON.parse(run("ffprobe", ["-v", "error", "-of", "json", "-show_streams", file])).streams as unknown[];

const x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25"];

describe("FLV from FFmpeg", () => {
  it.each<[string, string[], FlvOptions]>([
    ["AVC with B-frames and AAC", [...x264, "-bf", "2", "-c:a", "aac"], {}],
    [
      "AVC with B-frames and AAC, metadata repeated",
      [...x264, "-bf", "2", "-c:a", "aac"],
      { metadataAtKey: true },
    ],
    ["AVC without B-frames and MP3", [...x264, "-tune", "zerolatency", "-c:a", "libmp3lame"], {}],
    ["AVC only", [...x264, "-an"], {}],
    ["AAC only", ["-vn", "-c:a", "aac"], {}],
  ])("%s comes back as it was", (name, codecs, options) => {
    const source = encode(`${name.replace(/\W+/g, "-")}.flv`, codecs);
    const { heard, file } = remux(source, options);
    expect(heard.dropped).toEqual([]);
    expect(packetsOf(file)).toBe(packetsOf(source));
    const report = run("flvmeta", ["--check", "--quiet", "--level=error", file]);
    expect(report.trim()).toBe("");
  });

  it("finds the key frames, tracks and rates that FFmpeg finds", () => {
    const source = encode("keys.flv", [...x264, "-bf", "2", "-c:a", "aac", "-ac", "1"]);
    const { heard, file } = remux(source);
    const entries = ["-show_entries", "packet=flags,dts_time,pts_time", "-of", "csv=p=0"];
    const listed = run("ffprobe", ["-v", "error", "-select_streams", "v", ...entries, source])
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    const ours = heard.packets
      .filter(({ track }) => track.kind === "video")
      .map(({ pts, dts, key }) => [pts / 1e6, dts / 1e6, key]);
    expect(ours).toEqual(
      listed.map(([pts, dts, flags]) => [Number(pts), Number(dts), flags?.startsWith("K")]),
    );
    expect(streamsOf(file)).toMatchObject([
      { codec_name: "h264", width: 160, height: 90, r_frame_rate: "25/1" },
      { codec_name: "aac", sample_rate: "44100", channels: 1 },
    ]);
  });
});

import { chmod, writeFile } from "node:fs/promises";
import { EncodedPacketSink, FilePathSource, Input, MP4 } from "mediabunny";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FramesOptions, frames } from "../../src/av/frames.js";
import { createKeyFrameEncoder } from "../../src/av/key-frame.js";
import { probe } from "../../src/av/probe.js";
import { type TranscodeOptions, transcode } from "../../src/av/transcode.js";
import { transform } from "../../src/av/transform.js";
import { readHevcConfig } from "../../src/media/codec/hevc.js";
import { mediaFolder } from "../support/media-files.js";
import { ffmpeg } from "../support/packets-of.js";
import { killPrograms } from "../support/program.js";

// A picture in SDR, the same as PQ and as HLG in BT.2020, and what becomes of those where SDR is wanted.

const media = mediaFolder();
const { path: at } = media;
afterAll(async () => {
  await killPrograms();
  media.remove();
});

/** What a display shows as white in SDR content that was brought into HDR: ITU-R BT.2408. */
const WHITE = "npl=203";
const LINEAR = `zscale=tin=bt709:pin=bt709:min=bt709:rin=tv:t=linear:${WHITE},format=gbrpf32le`;
let sdr: Uint8Array;

beforeAll(async () => {
  const made = (source: string): string[] => [
    "-f",
    "lavfi",
    "-i",
    `${source}=size=160x90:rate=25:duration=0.4`,
  ];
  const bt709 = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv";
  await ffmpeg([
    ...[...made("testsrc2"), ...made("smptehdbars")],
    ...["-filter_complex", `[0][1]hstack,format=yuv420p,${bt709}`],
    ...["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-color_primaries", "bt709"],
    ...["-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv", at("sdr.mp4")],
  ]);
  for (const [name, transfer] of [
    ["pq.mp4", "smpte2084"],
    ["hlg.mp4", "arib-std-b67"],
  ] as const) {
    const coded = `colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc:range=limited`;
    await ffmpeg([
      ...["-i", at("sdr.mp4"), "-vf"],
      `${LINEAR},zscale=p=bt2020:t=${transfer}:m=bt2020nc:r=tv:${WHITE},format=yuv420p10le`,
      ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", `log-level=error:crf=10:${coded}`],
      ...["-tag:v", "hvc1", at(name)],
    ]);
  }
  sdr = await picture("sdr.mp4");
});

async function picture(name: string, options: FramesOptions = { atMs: 0 }): Promise<Uint8Array> {
  for await (const { data } of frames(at(name), options)) return data;
  throw new Error("there is no picture");
}

/** How far two pictures are apart, of 255 on average. */
function apart(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / ((a.length * 3) / 4);
}

function meanOf(data: Uint8Array): number {
  // Opacity is always 255.
  return (data.reduce((sum, value) => sum + value, 0) / data.length) * (4 / 3) - 85;
}

/** Near to what it was made from: bright colours are bent a little. Unmapped it is 45 (HLG) and 65 (PQ) away. */
function expectMapped(data: Uint8Array, from: Uint8Array = sdr): void {
  expect(apart(data, from)).toBeLessThan(25);
  expect(Math.abs(meanOf(data) - meanOf(from))).toBeLessThan(15);
}

describe.each(["pq.mp4", "hlg.mp4"])("a picture of high dynamic range, %s", (name) => {
  it("is one that looks as it was meant in frames, however they are chosen", async () => {
    const others = [{ count: 1 }, { everyMs: 100 }, { keyframes: true }, {}];
    // All ways lead to the same filters, whatever the curve is.
    for (const options of [{ atMs: 0 }, ...(name === "pq.mp4" ? others : [])])
      expectMapped(await picture(name, options), await picture("sdr.mp4", options));
    // Odd sides, too.
    const { length } = await picture(name, { atMs: 0, size: { width: 161 } });
    expect(length).toBe(161 * 45 * 4);
    expect(apart(await picture(name, { atMs: 0, toneMap: "none" }), sdr)).toBeGreaterThan(40);
  });

  it("is SDR in H.264, and in others where that is wanted", async () => {
    const cases: readonly [string, TranscodeOptions, boolean][] = [
      ["h264.mp4", {}, true],
      ["none.mp4", { toneMap: "none" }, false],
      ["hevc.mp4", { video: "hevc" }, false],
      ["always.mp4", { video: "hevc", toneMap: "always" }, true],
    ];
    for (const [to, options, mapped] of name === "pq.mp4" ? cases : cases.slice(0, 1)) {
      const { notes } = await transcode(at(name), at(`${name}-${to}`), { preset: "ultrafast", ...options })
        .done;
      expect(notes).toEqual([]);
      const [track] = (await probe(at(`${name}-${to}`))).tracks;
      const color = { primaries: "bt709", transfer: "bt709", matrix: "bt709", range: "tv" };
      if (mapped) {
        expect(track).toMatchObject({ color });
        expect(track).not.toHaveProperty("hdr");
        expectMapped(await picture(`${name}-${to}`));
      } else expect(track).toMatchObject({ hdr: { kind: name.slice(0, -4) } });
    }
  });

  it("is mapped in a snapshot, from the key frame alone", async () => {
    const input = new Input({ formats: [MP4], source: new FilePathSource(at(name)) });
    const track = await input.getPrimaryVideoTrack();
    if (track === null) throw new Error("there is no picture");
    const { description } = (await track.getDecoderConfig()) ?? {};
    const first = await new EncodedPacketSink(track).getFirstPacket();
    const hvcC = new Uint8Array(description as ArrayBuffer);
    const encoder = createKeyFrameEncoder({ maxRunning: 1, maxWaiting: 1 });
    const jpeg = await encoder.jpeg(
      {
        track: { id: 1, kind: "video", codec: "hevc", config: readHevcConfig(hvcC) },
        ...{ dts: 0, pts: 0, key: true, receivedAt: 0, data: first?.data ?? new Uint8Array() },
      },
      new AbortController().signal,
    );
    await encoder.close();
    input.dispose();
    await writeFile(at(`${name}.snapshot`), jpeg);
    expectMapped(await picture(`${name}.snapshot`, {}));
  });
});

describe("a picture of high dynamic range", () => {
  it("is given to a function as it is meant to look", async () => {
    let seen: Uint8Array | undefined;
    const change = ({ data }: { data: Uint8Array }): Uint8Array => {
      seen ??= data.slice();
      return data;
    };
    await transform(at("pq.mp4"), at("turned.mp4"), change, { preset: "ultrafast" }).done;
    expectMapped(seen ?? new Uint8Array());
  });

  it("is left as it is, with a note, by an FFmpeg that has not the filters", async () => {
    const program = at("ffmpeg-without");
    await writeFile(
      program,
      '#!/bin/sh\nfor a in "$@"; do [ "$a" = -filters ] && exit 0; done\nexec ffmpeg "$@"\n',
    );
    await chmod(program, 0o755);
    const without = { ffmpeg: program, ffprobe: "ffprobe", engine: "ffmpeg" } as const;
    expect(apart(await picture("pq.mp4", { atMs: 0, ...without }), sdr)).toBeGreaterThan(40);
    const { notes } = await transcode(at("pq.mp4"), at("noted.mp4"), { preset: "ultrafast", ...without })
      .done;
    expect(notes).toEqual([expect.stringMatching(/no zscale and tonemap filters/)]);
  });

  it("refuses another word for how", async () => {
    expect(() => transcode(at("pq.mp4"), at("no.mp4"), { toneMap: "sdr" as "auto" })).toThrow(/toneMap/);
    expect(() => transcode(at("pq.mp4"), at("no.mp4"), { video: "copy", toneMap: "auto" })).toThrow(
      /toneMap/,
    );
  });
});

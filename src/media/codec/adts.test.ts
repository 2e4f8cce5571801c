import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { isAdts, writeAacConfig } from "./aac.js";
import { adtsWriter } from "./adts.js";

const LC_48_STEREO = writeAacConfig({ sampleRate: 48000, numberOfChannels: 2 });

/** The raw frames of an ADTS file without CRCs. */
function framesOf(file: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const [a = 0, b = 0, c = 0] = file.subarray(at + 3, at + 6);
    const size = ((a & 3) << 11) | (b << 3) | (c >> 5);
    frames.push(file.subarray(at + 7, at + size));
    at += size;
  }
  return frames;
}

describe("ADTS", () => {
  it("is what FFmpeg reads back, frame for frame", () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-adts-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const theirs = join(folder, "theirs.aac");
    const make = "-v error -f lavfi -i sine=440:sample_rate=48000 -t 0.5 -ac 2 -c:a aac -f adts".split(" ");
    execFileSync("ffmpeg", [...make, theirs]);
    const frames = framesOf(readFileSync(theirs));
    const ours = join(folder, "ours.aac");
    writeFileSync(ours, Buffer.concat(frames.map(adtsWriter(LC_48_STEREO))));
    const probe = (file: string): string =>
      execFileSync(
        "ffprobe",
        `-v error -show_entries packet=size,data_hash -show_data_hash md5 ${file}`.split(" "),
      )
        .toString()
        .trim();
    expect(frames.length).toBeGreaterThan(20);
    expect(probe(ours)).toBe(probe(theirs));
  });

  it("gives back what was put in, whatever that is", () => {
    const writer = adtsWriter(LC_48_STEREO);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 }), (frames) => {
        const file = Buffer.concat(frames.map(writer));
        if (frames.length > 0) expect(isAdts(file)).toBe(true);
        expect(framesOf(file).map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
      }),
    );
  });

  it("has no bits for long frames, and for object types and rates beyond its tables", () => {
    expect(() => adtsWriter(LC_48_STEREO)(new Uint8Array(8185))).toThrow("8185 bytes");
    // ER AAC LD at 48 kHz, then LC at a rate of its own, 10000 Hz.
    expect(() => adtsWriter(Uint8Array.of(0xb9, 0x90, 0x00, 0x00))).toThrow();
    expect(() => adtsWriter(Uint8Array.of(0x17, 0x80, 0x13, 0x88, 0x10))).toThrow("10000 Hz in ADTS");
  });
});

import { describe, expect, it } from "vitest";
import { writeAacConfig } from "../../media/codec/aac.js";
import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack } from "../../media/model/track.js";
import { createFileDecoder, fileWriter } from "./file-decoder.js";

const AAC: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "aac",
  config: {
    codec: "mp4a.40.2",
    description: writeAacConfig({ sampleRate: 48000, numberOfChannels: 2 }),
    sampleRate: 48000,
    numberOfChannels: 2,
    samplesPerFrame: 1024,
  },
};
const MP3: AudioTrack = {
  ...AAC,
  codec: "mp3",
  config: { codec: "mp3", sampleRate: 44100, numberOfChannels: 2, samplesPerFrame: 1152 },
};
const OPUS: AudioTrack = { ...AAC, codec: "opus", config: { ...AAC.config, codec: "opus" } };

const packet = (track: AudioTrack, i: number, gap = 0): Packet => {
  const { samplesPerFrame = 0, sampleRate } = track.config;
  const dts = gap + Math.round((i * samplesPerFrame * 1_000_000) / sampleRate);
  return { track, dts, pts: dts, key: true, data: Uint8Array.of(i), receivedAt: 0 };
};

/** Decodes each frame of a file to samples of its own number; the first `trimmed` samples are left out. */
function setUp(track: AudioTrack, trimmed = 0) {
  const { samplesPerFrame = 0, sampleRate } = track.config;
  const header = track.codec === "aac" ? 7 : 0;
  const heard: { time: number; frames: number[]; length: number }[] = [];
  const waiting: (() => void)[] = [];
  let failing = false;
  let failures = 0;
  const decoder = createFileDecoder(
    track,
    (time, [plane = new Float32Array()]) =>
      heard.push({ time, frames: [...new Set(plane)], length: plane.length }),
    () => {
      failures += 1;
    },
    (file) =>
      new Promise((resolve, reject) => {
        waiting.push(() => {
          if (failing) return reject(new Error("no file"));
          const frames = [...new Uint8Array(file)].filter((_, i) => i % (header + 1) === header);
          const all = Float32Array.from(frames.flatMap((n) => new Array(samplesPerFrame).fill(n)));
          const plane = all.slice(trimmed);
          const buffer = {
            numberOfChannels: 1,
            length: plane.length,
            sampleRate,
            getChannelData: () => plane,
          };
          resolve(buffer as unknown as AudioBuffer);
        });
      }),
  );
  /** Has the browser decode what it was given, the last first. */
  const decode = async (): Promise<void> => {
    for (const give of waiting.splice(0).reverse()) give();
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return {
    decoder,
    heard,
    decode,
    waiting,
    failures: () => failures,
    fail() {
      failing = true;
    },
  };
}

describe("sound by way of small files", () => {
  it.each([
    ["aac", AAC],
    ["mp3", MP3],
  ])("hears every frame of %s once, in order, whichever file is done first", async (_, track) => {
    for (const trimmed of [0, 500]) {
      const { decoder, heard, decode } = setUp(track, trimmed);
      for (let i = 1; i <= 16; i += 1) decoder.push(packet(track, i));
      await decode();
      const { samplesPerFrame = 0, sampleRate } = track.config;
      expect(heard.flatMap(({ frames }) => frames)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
      expect(heard.reduce((sum, { length }) => sum + length, 0)).toBe(16 * samplesPerFrame - trimmed);
      // Whatever is left out at the beginning, a file ends where its last frame does.
      for (const { time, frames, length } of heard) {
        const end = packet(track, (frames.at(-1) as number) + 1).pts;
        expect(Math.abs(time + (length * 1_000_000) / sampleRate - end)).toBeLessThan(2);
      }
    }
  });

  it("begins anew after a gap, with nothing of before", async () => {
    const { decoder, heard, decode } = setUp(AAC);
    for (let i = 1; i <= 4; i += 1) decoder.push(packet(AAC, i));
    await decode();
    for (let i = 5; i <= 8; i += 1) decoder.push(packet(AAC, i, 1_000_000));
    await decode();
    expect(heard.at(-1)).toMatchObject({ time: packet(AAC, 5, 1_000_000).pts, frames: [5, 6, 7, 8] });
  });

  it("leaves out what the browser does not keep up with", () => {
    const { decoder, waiting } = setUp(AAC);
    for (let i = 1; i <= 100; i += 1) decoder.push(packet(AAC, i));
    expect(waiting).toHaveLength(8);
  });

  it("says so after three files that are none, and nothing once it is closed", async () => {
    const broken = setUp(AAC);
    broken.fail();
    for (let i = 1; i <= 8; i += 1) broken.decoder.push(packet(AAC, i));
    await broken.decode();
    expect(broken.failures()).toBe(1);

    const closed = setUp(AAC);
    for (let i = 1; i <= 8; i += 1) closed.decoder.push(packet(AAC, i));
    closed.decoder.close();
    await closed.decode();
    expect(closed.heard).toEqual([]);
  });

  it("has a file for AAC and MP3, and none for what it does not know how to write", () => {
    expect(fileWriter(MP3)?.(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
    expect(fileWriter(AAC)?.(Uint8Array.of(1, 2))).toHaveLength(9);
    expect(fileWriter(OPUS)).toBeUndefined();
    expect(
      fileWriter({ ...AAC, config: { ...AAC.config, description: Uint8Array.of(0xb9, 0x90) } }),
    ).toBeUndefined();
  });
});

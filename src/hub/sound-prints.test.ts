import { describe, expect, it } from "vitest";
import { audioTrack, packet, videoTrack } from "../../test/support/toy-format.js";
import { SoundPrints } from "./sound-prints.js";

const FRAME_MS = 20;

/** Sound that begins at a moment, a frame every 20 ms that says what is in it. */
function heard(fromMs: number, frames: readonly string[]): SoundPrints {
  const prints = new SoundPrints();
  prints.setTracks([videoTrack(), audioTrack()]);
  for (const [i, data] of frames.entries()) {
    prints.add(packet(videoTrack(), fromMs + i * FRAME_MS, { data: `picture ${fromMs}` }));
    prints.add(packet(audioTrack(), fromMs + i * FRAME_MS, { data }));
  }
  return prints;
}

const song = (length: number): string[] => Array.from({ length }, (_, i) => `note ${i}`);

describe("the sound of two streams", () => {
  it("is the same where each frame at the same moment is, wherever either begins", () => {
    const here = heard(0, song(40));
    const there = heard(7_000 + 10 * FRAME_MS, song(40).slice(10));
    expect(here.isSame(there, 7_000_000, 0)).toBe(true);
    expect(there.isSame(here, -7_000_000, 7_000_000)).toBe(true);
    expect(here.isSame(there, 7_000_000 + FRAME_MS * 1000, 0)).toBe(false);
    expect(here.isSame(there, 7_000_001, 0)).toBe(false);
  });

  it("is another where one frame is", () => {
    const other = song(40);
    other[30] = "cough";
    expect(heard(0, song(40)).isSame(heard(0, other), 0, 0)).toBe(false);
    // Which is forgotten where only what came after it counts.
    expect(heard(0, song(40)).isSame(heard(0, other), 0, 31 * FRAME_MS * 1000)).toBe(true);
  });

  it("says nothing while there is too little of it, or only silence, or no sound", () => {
    expect(heard(0, song(8)).isSame(heard(0, song(8)), 0, 0)).toBe(true);
    expect(heard(0, song(7)).isSame(heard(0, song(7)), 0, 0)).toBe(false);
    const silence = Array<string>(200).fill("hush");
    expect(heard(0, silence).isSame(heard(0, silence), 0, 0)).toBe(false);
    const picture = new SoundPrints();
    picture.setTracks([videoTrack()]);
    for (let ms = 0; ms < 1_000; ms += 40) picture.add(packet(videoTrack(), ms, { data: `v${ms}` }));
    expect(picture.isSame(picture, 0, 0)).toBe(false);
  });

  it("is remembered for some seconds", () => {
    const here = heard(0, song(10_000));
    expect(here.isSame(heard(0, song(5_000)), 0, 0)).toBe(false);
    expect(here.isSame(heard(0, song(9_800)), 0, 0)).toBe(true);
  });
});

import { describe, expect, it } from "vitest";
import { audioTrack, packet, videoTrack } from "../../../../test/support/toy-format.js";
import type { Packet } from "../../../media/model/packet.js";
import { createLoopClock } from "./loop-clock.js";

/** Times in milliseconds that a clip's packets get in this many rounds, by kind. */
function play(clip: readonly Packet[], rounds: number): Record<"video" | "audio", number[]> {
  const clock = createLoopClock();
  const times = { video: [] as number[], audio: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const each of clip) {
      const offset = clock.place(each);
      if (offset !== undefined) times[each.track.kind as "video" | "audio"].push((each.dts + offset) / 1000);
    }
    clock.endRound();
  }
  return times;
}

function clipOf(video: readonly number[], audio: readonly number[]): Packet[] {
  const packets = [
    ...video.map((ms) => packet(videoTrack(), ms)),
    ...audio.map((ms) => packet(audioTrack(), ms)),
  ];
  return packets.sort((a, b) => a.dts - b.dts);
}

const steps = (count: number, ms: number, first = 0): number[] =>
  Array.from({ length: count }, (_, i) => first + Math.round(i * ms));

describe("the loop clock", () => {
  it("goes on without a seam where picture and sound end together", () => {
    const { video, audio } = play(clipOf(steps(25, 40, 80), steps(50, 20, 80)), 3);
    expect(video).toEqual(steps(75, 40, 80));
    expect(audio).toEqual(steps(150, 20, 80));
  });

  it("lets sound that hangs over take the place of the next round's first", () => {
    const { video, audio } = play(clipOf(steps(25, 40), steps(52, 20)), 3);
    expect(video).toEqual(steps(75, 40));
    expect(audio).toEqual(steps(152, 20));
  });

  it("goes by the mean where times are rounded to milliseconds", () => {
    const { video } = play(clipOf(steps(31, 100 / 3), []), 2);
    expect(video[31]).toBeCloseTo(1033.333, 2);
  });

  it("keeps a long tail of sound", () => {
    const { video, audio } = play(clipOf(steps(10, 40), steps(100, 20)), 2);
    expect(video[10]).toBe(2000);
    expect(audio).toEqual(steps(200, 20));
  });

  it("goes by the sound where there is no picture, and bears a clip of one packet or none", () => {
    expect(play(clipOf([], steps(3, 20)), 2).audio).toEqual(steps(6, 20));
    expect(play(clipOf([5], []), 3).video).toEqual([5, 45, 85]);
    expect(play([], 2)).toEqual({ video: [], audio: [] });
  });
});

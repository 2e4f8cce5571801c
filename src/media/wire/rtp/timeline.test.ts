import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RtpTimeline } from "./timeline.js";

const WALL = 1_764_000_000_000_000;
const RATES = [90_000, 48_000];
const VIDEO = 0;
const AUDIO = 1;

/** A sender whose clocks have begun at `zero` on its own wall clock, with these timestamps. */
function sender(first: readonly number[], zero = WALL) {
  const at = (track: number, micros: number): number =>
    (first[track] as number) + Math.round((micros * (RATES[track] as number)) / 1e6);
  return {
    at: (track: number, micros: number) => at(track, micros) >>> 0,
    report: (timeline: RtpTimeline, track: number, micros: number) =>
      timeline.report(track, zero + micros, at(track, micros) >>> 0),
  };
}

describe("RtpTimeline", () => {
  it("places tracks by when their first packets came, until the sender tells", () => {
    const timeline = new RtpTimeline(RATES, VIDEO);
    const camera = sender([123_456, 777]);
    // Sound of 100 ms came 250 ms after a picture of 0 ms.
    timeline.see(VIDEO, camera.at(VIDEO, 0), WALL);
    timeline.see(AUDIO, camera.at(AUDIO, 100_000), WALL + 250_000);
    expect(timeline.alignment).toBe("arrival");
    expect(timeline.settled).toBe(false);
    expect(timeline.at(VIDEO, camera.at(VIDEO, 40_000))).toBe(40_000);
    expect(timeline.at(AUDIO, camera.at(AUDIO, 100_000))).toBe(250_000);

    camera.report(timeline, VIDEO, 500_000);
    expect(timeline.alignment).toBe("arrival");
    camera.report(timeline, AUDIO, 500_000);
    expect(timeline.alignment).toBe("sender-reports");
    // The leading track stays where it is.
    expect(timeline.at(VIDEO, camera.at(VIDEO, 600_000))).toBe(600_000);
    expect(timeline.at(AUDIO, camera.at(AUDIO, 600_000))).toBe(600_000);
    expect(timeline.senderWall).toBe(WALL);
    expect(timeline.origin).toBe(WALL);
  });

  it("believes RTP-Info at once, unless a first packet is nowhere near", () => {
    const camera = sender([2 ** 32 - 1000, 5_000_000]);
    const timeline = new RtpTimeline(RATES, VIDEO);
    timeline.inform([camera.at(VIDEO, 0), camera.at(AUDIO, 0)]);
    expect(timeline.settled).toBe(true);
    timeline.see(AUDIO, camera.at(AUDIO, 20_000), WALL);
    timeline.see(VIDEO, camera.at(VIDEO, 40_000), WALL + 1_000_000);
    expect(timeline.alignment).toBe("rtp-info");
    expect(timeline.at(VIDEO, camera.at(VIDEO, 40_000))).toBe(40_000);
    expect(timeline.at(AUDIO, camera.at(AUDIO, 40_000))).toBe(40_000);

    const zeros = new RtpTimeline(RATES, VIDEO);
    zeros.inform([0, 0]);
    zeros.see(VIDEO, 900_000_000, WALL);
    expect(zeros.alignment).toBe("arrival");
    const half = new RtpTimeline(RATES, VIDEO);
    half.inform([camera.at(VIDEO, 0), undefined]);
    expect(half.settled).toBe(false);
  });

  it("takes a report that comes before the first packet", () => {
    const camera = sender([5, 6]);
    const timeline = new RtpTimeline(RATES, VIDEO);
    for (const track of [VIDEO, AUDIO]) camera.report(timeline, track, 0);
    timeline.see(VIDEO, camera.at(VIDEO, 0), WALL);
    expect(timeline.settled).toBe(false);
    timeline.see(AUDIO, camera.at(AUDIO, 80_000), WALL + 300_000);
    expect(timeline.settled).toBe(true);
    expect(timeline.at(AUDIO, camera.at(AUDIO, 80_000))).toBe(80_000);
  });

  it("keeps picture and sound together to 3 ms while their clocks drift apart", () => {
    const timeline = new RtpTimeline(RATES, VIDEO);
    // The sound's crystal is 200 ppm fast beside the picture's, which is 30 ppm slow beside the sender's clock.
    const ticks = (track: number, micros: number): number =>
      Math.round((micros * (track === VIDEO ? 90_000 * (1 - 30e-6) : 48_000 * (1 + 200e-6))) / 1e6) >>> 0;
    for (const track of [VIDEO, AUDIO]) timeline.see(track, ticks(track, 0), WALL);
    for (let second = 0; second <= 3600; second += 5) {
      const micros = second * 1_000_000;
      for (const track of [VIDEO, AUDIO]) timeline.report(track, WALL + micros, ticks(track, micros));
      const [video, audio] = [VIDEO, AUDIO].map((track) => timeline.at(track, ticks(track, micros)));
      // 3 ms, and what they drift apart in the reports that the median looks back on.
      expect(Math.abs((audio as number) - (video as number))).toBeLessThanOrEqual(3_000 + 5 * 1_150 + 30);
    }
    const { ppm: video = 0 } = timeline.drift(VIDEO);
    const { ppm: audio = 0 } = timeline.drift(AUDIO);
    expect(Math.abs(video - 30)).toBeLessThan(1);
    expect(Math.abs(audio + 200)).toBeLessThan(1);
  });

  it("lets one wild report pass, and follows a wall clock that was set", () => {
    const camera = sender([0, 0]);
    const timeline = new RtpTimeline(RATES, VIDEO);
    for (const track of [VIDEO, AUDIO]) timeline.see(track, 0, WALL);
    for (let i = 0; i < 5; i++)
      for (const track of [VIDEO, AUDIO]) camera.report(timeline, track, i * 5_000_000);
    timeline.report(AUDIO, WALL + 25_000_000 + 80_000, camera.at(AUDIO, 25_000_000));
    expect(timeline.at(AUDIO, camera.at(AUDIO, 25_000_000))).toBe(25_000_000);
    const later = sender([0, 0], WALL + 3_600_000_000);
    later.report(timeline, AUDIO, 30_000_000);
    expect(timeline.at(AUDIO, camera.at(AUDIO, 30_000_000))).toBe(30_000_000);
    later.report(timeline, VIDEO, 30_000_000);
    expect(timeline.at(AUDIO, camera.at(AUDIO, 30_000_000))).toBe(30_000_000);
    expect(timeline.senderWall).toBe(WALL + 3_600_000_000);
  });

  it("does not believe reports that contradict when everything came", () => {
    const timeline = new RtpTimeline(RATES, VIDEO);
    for (const track of [VIDEO, AUDIO]) timeline.see(track, 0, WALL);
    timeline.report(VIDEO, WALL, 0);
    timeline.report(AUDIO, WALL - 3_600_000_000, 0);
    expect(timeline.alignment).toBe("arrival");
    expect(timeline.at(AUDIO, 48_000)).toBe(1_000_000);
  });

  it("places a source that begins anew where it comes", () => {
    const timeline = new RtpTimeline(RATES, VIDEO);
    for (const track of [VIDEO, AUDIO]) timeline.see(track, 0, WALL);
    expect(timeline.at(AUDIO, 48_000)).toBe(1_000_000);
    timeline.restart(AUDIO);
    timeline.see(AUDIO, 999_999_999, WALL + 2_000_000);
    expect(timeline.at(AUDIO, 999_999_999 + 480)).toBe(2_010_000);
  });

  it("is exact in the lead for a week: nothing adds up (property)", () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 7 * 24 * 60 }), (first, minutes) => {
        const timeline = new RtpTimeline([90_000], 0);
        timeline.see(0, first, WALL);
        expect(timeline.settled).toBe(true);
        let at = 0;
        for (let minute = 1; minute <= minutes; minute += 60) {
          at = timeline.at(0, (first + minute * 60 * 90_000) % 2 ** 32);
          expect(at).toBe(minute * 60_000_000);
        }
      }),
      { seed: 6, numRuns: 30 },
    );
  });
});

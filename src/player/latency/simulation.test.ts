import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArrivalMeter } from "./arrivals.js";
import { EdgeControl } from "./edge-control.js";

const FRAME_MS = 40;
const STEP_MS = 10;
const DECIDE_MS = 50;
/** As Chromium does: after running out, it goes on with so much ahead. */
const RESUME_AHEAD_MS = 200;

interface Network {
  /** When the packet made at this moment arrives, at the earliest; order is kept. */
  arrival(madeAt: number): number;
}

interface Outcome {
  /** From what is shown to what is made, at each step; `at` from the beginning of the viewing. */
  readonly steps: readonly { at: number; delay: number; rate: number; standing: boolean }[];
  readonly jumps: number;
}

/** A viewer who joins `cachedMs` of cached media, and an element that plays as browsers do. */
function view(seconds: number, network: Network, cachedMs = 1500): Outcome {
  const meter = new ArrivalMeter();
  const control = new EdgeControl({});
  const joined = 10_000;
  const first = joined - cachedMs;
  const pending: { time: number; at: number }[] = [];
  let last = 0;
  for (let made = first; made < joined + seconds * 1000; made += FRAME_MS) {
    // The cached media comes at once, a frame a millisecond.
    const at = made <= joined ? joined + (made - first) / FRAME_MS : network.arrival(made);
    last = Math.max(last, at);
    pending.push({ time: made - first, at: last });
  }
  const steps: { at: number; delay: number; rate: number; standing: boolean }[] = [];
  let end = 0;
  let time = 0;
  let rate = 1;
  let placed = false;
  let standing = true;
  let jumps = 0;
  for (let now = joined; now < joined + seconds * 1000; now += STEP_MS) {
    while (pending[0] !== undefined && pending[0].at <= now) {
      const packet = pending.shift() as { time: number; at: number };
      meter.add(packet.time, packet.at);
      end = packet.time + FRAME_MS;
    }
    const ranges = [{ start: 0, end: end / 1000 }];
    const arrivals = meter.now;
    if (!placed && arrivals !== undefined && (!arrivals.burst || now - joined > 150)) {
      placed = true;
      time = 1000 * (control.startAt(ranges, arrivals) ?? 0);
    } else if (placed && (now - joined) % DECIDE_MS === 0) {
      const next = control.decide({ currentTime: time / 1000, ranges, rate }, arrivals, now);
      rate = next.rate;
      if (next.seekTo !== undefined) {
        time = next.seekTo * 1000;
        jumps += 1;
        standing = true;
      }
    }
    if (standing && placed && end - time >= Math.min(RESUME_AHEAD_MS, end)) standing = false;
    if (!standing) {
      time += STEP_MS * rate;
      if (time >= end) {
        time = end;
        standing = true;
        control.underrun(now);
      }
    }
    steps.push({ at: now - joined, delay: now - first - time, rate, standing });
  }
  return { steps, jumps };
}

const steadyNetwork: Network = { arrival: (made) => made + 5 };

/** Uniform jitter from a seed. */
function jittery(amplitude: number, seed: number): Network {
  let state = seed;
  return {
    arrival(made) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return made + 5 + (state / 2 ** 32) * amplitude;
    },
  };
}

/** Nothing comes while a cut lasts; all of it comes when it is over. */
function cut(begun: number, lengthMs: number, base = steadyNetwork): Network {
  return {
    arrival(made) {
      const at = base.arrival(made);
      const from = 10_000 + begun;
      return at >= from && at < from + lengthMs ? from + lengthMs : at;
    },
  };
}

function from(outcome: Outcome, at: number): Outcome["steps"] {
  return outcome.steps.filter((step) => step.at >= at);
}

describe("the live edge, simulated", () => {
  it.each([0, 100, 700, 1990])(
    "is reached within 2 s by who joins %i ms into a group of pictures",
    (cached) => {
      const outcome = view(10, steadyNetwork, cached);
      const after = from(outcome, 2000);
      expect(Math.max(...after.map(({ delay }) => delay))).toBeLessThan(250);
      expect(after.some(({ standing }) => standing)).toBe(false);
      expect(outcome.jumps).toBe(0);
    },
  );

  it("keeps away from the edge as far as 100 ms of jitter asks for, and no further", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const after = from(view(60, jittery(100, seed)), 10_000);
        expect(after.some(({ standing }) => standing)).toBe(false);
        expect(Math.max(...after.map(({ delay }) => delay))).toBeLessThan(400);
      }),
      { numRuns: 20 },
    );
  });

  it.each([500, 2000, 10_000])("is back at its target within 3 s of the end of a cut of %i ms", (length) => {
    const outcome = view(40, cut(10_000, length));
    const before = from(outcome, 9000)[0]?.delay ?? 0;
    const after = from(outcome, 13_000 + length);
    expect(Math.max(...after.slice(0, 300).map(({ delay }) => delay))).toBeLessThan(before + 120);
    expect(after.some(({ standing }) => standing)).toBe(false);
    expect(outcome.jumps).toBe(length > 1000 ? 1 : 0);
  });

  it("plays at no more than 1.1 times the speed and no less than 0.95, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 3000 }),
        (seed, jitter, length) => {
          const { steps } = view(30, cut(8000, length, jittery(jitter, seed)));
          for (const { rate } of steps) {
            expect(rate).toBeLessThanOrEqual(1.1);
            expect(rate).toBeGreaterThanOrEqual(0.95);
          }
          expect(steps.at(-1)?.delay).toBeLessThan(2600);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("takes an outage of the publisher for what it is: no part of the timeline", () => {
    const meter = new ArrivalMeter();
    for (let i = 0; i < 200; i += 1) meter.add(i * 40, 1000 + i * 40);
    const before = meter.now?.base ?? 0;
    // Five seconds later the media goes on one frame after where it stood.
    for (let i = 200; i < 300; i += 1) meter.add(i * 40, 6000 + i * 40);
    expect((meter.now?.base ?? 0) - before).toBe(5000);
    expect(meter.now?.jitterMs).toBeLessThan(100);
  });

  it("is back soon after a network that was too slow for a while: that was no jitter", () => {
    // Half the rate for 5 s, then four times it: what waited comes within a second.
    const slow: Network = {
      arrival(made) {
        const since = made - 20_000;
        if (since < 0) return made + 5;
        const late = since < 2500 ? since : Math.max(0, 2500 - (since - 2500) * 3);
        return made + 5 + late;
      },
    };
    const outcome = view(20, slow);
    const before = from(outcome, 8000).find(({ at }) => at >= 9000)?.delay ?? 0;
    expect(before).toBeGreaterThan(0);
    expect(Math.max(...from(outcome, 19_000).map(({ delay }) => delay))).toBeLessThan(before + 150);
  });
});

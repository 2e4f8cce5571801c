import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Retimer } from "./retimer.js";

const frame = (dts: number, pts: number) => ({ dts, pts, receivedAt: dts + 5 });

describe("the times of an encoder's pictures", () => {
  it("are those of the pictures that they were made from, to the microsecond", () => {
    const retimer = new Retimer();
    retimer.add(frame(33_333, 33_333));
    retimer.add(frame(66_667, 66_667));
    expect(retimer.span).toBe(33_334);
    expect(retimer.take(33_000)).toEqual(frame(33_333, 33_333));
    expect(retimer.take(67_000)).toEqual(frame(66_667, 66_667));
    expect(retimer.take(67_000)).toBeUndefined();
    expect(retimer.span).toBe(0);
  });

  it("keep the source's times of decoding where it reorders", () => {
    const retimer = new Retimer();
    // I P B B, as it is decoded.
    for (const [dts, pts] of [
      [0, 80],
      [40, 200],
      [80, 120],
      [120, 160],
    ] as const) {
      retimer.add(frame(dts * 1000, pts * 1000));
    }
    const out = [80, 120, 160, 200].map((pts) => retimer.take(pts * 1000));
    expect(out.map((each) => [each?.dts, each?.pts])).toEqual([
      [0, 80_000],
      [40_000, 120_000],
      [80_000, 160_000],
      [120_000, 200_000],
    ]);
  });

  it("pass over what the encoder left out, and are none for what did not go in", () => {
    const retimer = new Retimer();
    for (let i = 0; i < 5; i++) retimer.add(frame(i * 40_000, i * 40_000));
    expect(retimer.take(20_000)).toBeUndefined();
    expect(retimer.take(120_000)?.dts).toBe(120_000);
    expect(retimer.take(80_000)).toBeUndefined();
    expect(retimer.take(160_000)?.dts).toBe(160_000);
  });

  it("do not add up without end where nothing comes out", () => {
    const retimer = new Retimer();
    for (let i = 0; i < 10_000; i++) retimer.add(frame(i * 1000, i * 1000));
    expect(retimer.span).toBeLessThan(4_100_000);
  });

  it("whatever the order of decoding: the same dts, the same pts, a key frame of a closed group at its own dts", () => {
    // Groups in which each picture is shown up to three places away from where it is decoded.
    const group = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 7_000, max: 50_000 }),
        (groups, step) => {
          const retimer = new Retimer();
          const source: { dts: number; pts: number; receivedAt: number }[] = [];
          const keys = new Set<number>();
          let at = 0;
          for (const moves of groups) {
            const order = moves
              .map((by, i) => ({ i, shown: i === 0 ? -1 : i + by }))
              .sort((a, b) => a.shown - b.shown || a.i - b.i)
              .map(({ i }) => i);
            keys.add(at * step);
            for (let i = 0; i < moves.length; i++) {
              // Shown late enough to have been decoded.
              source.push(frame((at + i) * step, (at + order.indexOf(i) + 4) * step));
            }
            at += moves.length;
          }
          for (const each of source) retimer.add(each);
          const shown = source.map(({ pts }) => pts).sort((a, b) => a - b);
          const out = shown.map((pts) => retimer.take(Math.round(pts / 1000) * 1000));
          expect(out.map((each) => each?.pts)).toEqual(shown);
          expect(out.map((each) => each?.dts)).toEqual(source.map(({ dts }) => dts));
          for (const each of out) expect(each?.dts).toBeLessThanOrEqual(each?.pts ?? 0);
          for (const { dts, pts } of source) {
            if (keys.has(dts)) expect(out.find((each) => each?.pts === pts)?.dts).toBe(dts);
          }
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });
});

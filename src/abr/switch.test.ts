import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSwitcher, type SwitchDecision, type ViewerSigns } from "./switch.js";

const LADDER = [400_000, 1_200_000, 2_500_000, 4_000_000] as const;
const TOP = LADDER.length - 1;

const WELL = { lagMs: 50, dropped: 0, stalledMs: 0, deliveredBitrate: undefined };

/** One look a second, each as told. */
function looks(start: number, signs: readonly Partial<ViewerSigns>[]): (SwitchDecision | undefined)[] {
  const switcher = createSwitcher(LADDER, start);
  return signs.map((sign, i) => switcher.look({ ...WELL, at: i * 1000, offered: i * 70, ...sign }));
}

const many = (n: number, signs: Partial<ViewerSigns> = {}): Partial<ViewerSigns>[] => Array(n).fill(signs);

describe("a viewer is moved down", () => {
  it("when frames were left out for it, at once", () => {
    expect(looks(TOP, [{}, {}, { dropped: 1 }])).toEqual([undefined, undefined, { to: 2, cause: "drops" }]);
  });

  it("when its lag stays over a second, not for a moment of it", () => {
    expect(looks(TOP, [{}, { lagMs: 1500 }, {}, { lagMs: 1500 }, {}]).filter(Boolean)).toEqual([]);
    expect(looks(TOP, [{}, { lagMs: 1500 }, { lagMs: 1200 }]).at(-1)).toEqual({ to: 2, cause: "lag" });
  });

  it("when its player has stood still for half a second in twenty", () => {
    expect(looks(TOP, [{}, { stalledMs: 300 }, { stalledMs: 600 }]).at(-1)).toEqual({
      to: 2,
      cause: "stalls",
    });
    const far = [{}, { stalledMs: 300 }, ...many(25, { stalledMs: 300 }), { stalledMs: 600 }];
    expect(looks(TOP, far).filter(Boolean)).toEqual([]);
  });

  it("to what fits into what gets through, where that is known, and one step at least", () => {
    const to = (deliveredBitrate: number) => looks(TOP, [{}, { dropped: 1, deliveredBitrate }]).at(-1)?.to;
    expect([100_000, 600_000, 2_000_000, 3_200_000, 9_000_000].map(to)).toEqual([0, 0, 1, 2, 2]);
  });

  it("not below the least, and not while the publisher is silent", () => {
    expect(looks(0, [{}, { dropped: 9 }, { lagMs: 5000 }, { lagMs: 5000 }]).filter(Boolean)).toEqual([]);
    const silent = many(8, { offered: 0, lagMs: 3000 });
    expect(looks(TOP, silent).filter(Boolean)).toEqual([]);
  });

  it("not because of a standstill that the publisher has made, though players tell of it later", () => {
    const signs = [
      ...Array.from({ length: 10 }, (_, i) => ({ offered: i * 70 })),
      { offered: 9 * 70 + 10 },
      { offered: 11 * 70, stalledMs: 700 },
      ...Array.from({ length: 20 }, (_, i) => ({ offered: (12 + i) * 70, stalledMs: 1500 })),
    ];
    expect(looks(TOP, signs).filter(Boolean)).toEqual([]);
  });
});

describe("a viewer is moved up", () => {
  it("one step, after ten seconds in which all was well, and never above where it began", () => {
    const switcher = createSwitcher(LADDER, 2);
    switcher.moved(0, 0);
    const decisions: [number, SwitchDecision][] = [];
    for (let i = 1; i < 200; i++) {
      const decision = switcher.look({ ...WELL, at: i * 1000, offered: i * 70 });
      if (decision === undefined) continue;
      decisions.push([i, decision]);
      switcher.moved(decision.to, i * 1000);
    }
    expect(decisions).toEqual([
      [16, { to: 1, cause: "well" }],
      [32, { to: 2, cause: "well" }],
    ]);
  });

  it("after as long as it is told, and no less than that after a change", () => {
    const switcher = createSwitcher(LADDER, 1, { upAfterMs: 2_000 });
    switcher.moved(0, 0);
    const look = (second: number) => switcher.look({ ...WELL, at: second * 1000, offered: second * 70 });
    expect([1, 2, 3, 4].map(look)).toEqual([undefined, undefined, undefined, { to: 1, cause: "well" }]);
  });

  it("after twice as long each time that this has failed", () => {
    const switcher = createSwitcher(LADDER, 1);
    switcher.moved(0, 0);
    const ups: number[] = [];
    let dropped = 0;
    for (let i = 1; i < 4000; i++) {
      if (switcher.step === 1) dropped += 1;
      const decision = switcher.look({ ...WELL, at: i * 1000, offered: i * 70, dropped });
      if (decision === undefined) continue;
      if (decision.to === 1) ups.push(i);
      switcher.moved(decision.to, i * 1000);
    }
    const waits = ups.slice(1).map((at, i) => at - (ups[i] as number));
    // Six seconds in which nothing counts on either side, and a look for each change.
    expect(waits.map((wait) => wait - 12)).toEqual([20, 40, 80, 160, 320, 600, 600, 600, 600, 600]);
  });
});

it("decides nothing more until it is told what has become of it, and leaves alone what is not to be had", () => {
  const switcher = createSwitcher(LADDER, TOP);
  const look = (second: number) =>
    switcher.look({ ...WELL, at: second * 1000, offered: second * 70, dropped: second });
  expect([look(0), look(1)?.to, look(2), look(3), look(60)]).toEqual([
    undefined,
    2,
    undefined,
    undefined,
    undefined,
  ]);
  switcher.refused(60_000);
  expect([look(61), look(89), look(90)?.to]).toEqual([undefined, undefined, 2]);
  expect(switcher.step).toBe(TOP);
  expect(() => createSwitcher(LADDER, 4)).toThrow(TypeError);
});

/** A line of some capacity, with a server that leaves out what would come more than three seconds late. */
class Line {
  readonly moves: { readonly at: number; readonly from: number; readonly to: number }[] = [];
  readonly switcher = createSwitcher(LADDER, TOP);
  #queued = 0;
  #held = false;
  #dropped = 0;
  #offered = 0;
  #second = 0;
  #pending: { readonly at: number; readonly to: number } | undefined;

  /** @param capacity bits per second @param key seconds from one key frame to the next */
  second(capacity: number, key: number): void {
    this.#second += 1;
    const at = this.#second * 1000;
    if (this.#pending !== undefined && this.#second % key === 0) {
      const { to } = this.#pending;
      this.moves.push({ at, from: this.switcher.step, to });
      this.switcher.moved(to, at);
      this.#pending = undefined;
    }
    const rate = LADDER[this.switcher.step] as number;
    this.#offered += 70;
    if (this.#held) this.#dropped += 70;
    else this.#queued += rate;
    const full = this.#queued > capacity;
    this.#queued = Math.max(0, this.#queued - capacity);
    const lagMs = (1000 * this.#queued) / Math.min(rate, capacity);
    if (lagMs > 3000) this.#held = true;
    if (lagMs < 1500) this.#held = false;
    const decision = this.switcher.look({
      at,
      lagMs,
      offered: this.#offered,
      dropped: this.#dropped,
      stalledMs: undefined,
      deliveredBitrate: full ? capacity : undefined,
    });
    if (decision !== undefined) this.#pending = { at, to: decision.to };
  }

  get step(): number {
    return this.switcher.step;
  }
}

const RUNS = { seed: 11, numRuns: 60 };
const capacity = fc.integer({ min: 100_000, max: 8_000_000 });
const key = fc.integer({ min: 1, max: 6 });

describe("on a simulated line", () => {
  it("a viewer whose line carries it is left alone", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4_000_001, max: 20_000_000 }), key, (capacity, key) => {
        const line = new Line();
        for (let i = 0; i < 600; i++) line.second(capacity, key);
        expect(line.moves).toEqual([]);
      }),
      RUNS,
    );
  });

  it("every step is on the ladder, and the changes do not go on and on", () => {
    fc.assert(
      fc.property(fc.array(capacity, { minLength: 1, maxLength: 8 }), key, (capacities, key) => {
        const line = new Line();
        const each = 900;
        for (const capacity of capacities) {
          const before = line.moves.length;
          for (let i = 0; i < each; i++) line.second(capacity, key);
          // Down and up for the change of the line, trials after 10, 20, 40 … seconds, then three in five minutes.
          expect(line.moves.length - before).toBeLessThanOrEqual(
            2 * LADDER.length + 3 * 7 + (3 * each) / 300,
          );
        }
        for (const { from, to } of line.moves) {
          expect(to).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThanOrEqual(TOP);
          expect(Math.abs(to - from)).toBeGreaterThan(0);
          if (to > from) expect(to).toBe(from + 1);
        }
      }),
      RUNS,
    );
  });

  it("on a line that stays the same trials become rare, and most of the time is spent on a step that fits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 500_000, max: 3_900_000 }), key, (capacity, key) => {
        // Where the line is just a little over or under a step it takes long to tell.
        fc.pre(LADDER.every((rate) => Math.abs(capacity - rate) > 0.15 * rate));
        const line = new Line();
        let fits = 0;
        for (let i = 0; i < 7200; i++) {
          line.second(capacity, key);
          if ((LADDER[line.step] as number) <= capacity) fits += 1;
        }
        expect(fits / 7200).toBeGreaterThan(0.85);
        const lastHour = line.moves.filter(({ at }) => at > 3_600_000);
        expect(lastHour.length).toBeLessThanOrEqual(3 * 6);
      }),
      { ...RUNS, numRuns: 20 },
    );
  });

  it("a line that breaks in is followed down within half a minute, and up again once it is back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 500_000, max: 2_000_000 }), key, (low, key) => {
        fc.pre(LADDER.every((rate) => Math.abs(low - rate) > 0.15 * rate));
        const line = new Line();
        for (let i = 0; i < 60; i++) line.second(10_000_000, key);
        let least = line.step;
        for (let i = 0; i < 30; i++) {
          line.second(low, key);
          least = Math.min(least, line.step);
        }
        expect(LADDER[least]).toBeLessThanOrEqual(low);
        for (let i = 0; i < 300; i++) line.second(10_000_000, key);
        expect(line.step).toBe(TOP);
      }),
      RUNS,
    );
  });
});

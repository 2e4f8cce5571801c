import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ledger, OTHER } from "./ledger.js";

const lines = (ledger: Ledger): Record<string, number> =>
  Object.fromEntries(
    ledger.series.map(({ stream, protocol, numbers }) => [`${stream} ${protocol}`, numbers[0] ?? 0]),
  );

function add(ledger: Ledger, stream: string, value: number): void {
  const { numbers } = ledger.account(stream, "flv");
  numbers[0] = (numbers[0] ?? 0) + value;
}

describe("a ledger", () => {
  it("gives lines to those that are shown, and adds up all others", () => {
    const ledger = new Ledger(1, 10);
    for (const [stream, value] of [
      ["a/1", 1],
      ["a/2", 10],
      ["a/3", 100],
    ] as const)
      add(ledger, stream, value);
    ledger.settle(new Set(["a/1"]));
    expect(lines(ledger)).toEqual({ "a/1 flv": 1, "other flv": 110 });
  });

  it("lets no line jump or fall when a stream gets a line, loses it and gets it back", () => {
    const ledger = new Ledger(1, 10);
    add(ledger, "a/1", 5);
    ledger.settle(new Set());
    add(ledger, "a/1", 1);
    ledger.settle(new Set(["a/1"]));
    expect(lines(ledger)).toEqual({ "a/1 flv": 1, "other flv": 5 });
    add(ledger, "a/1", 2);
    ledger.settle(new Set());
    expect(lines(ledger)).toEqual({ "a/1 flv": 1, "other flv": 7 });
    add(ledger, "a/1", 3);
    ledger.settle(new Set(["a/1"]));
    expect(lines(ledger)).toEqual({ "a/1 flv": 4, "other flv": 7 });
  });

  it("counts what a stream had at its end, and goes on when it comes back", () => {
    const ledger = new Ledger(1, 10);
    add(ledger, "a/1", 5);
    ledger.close(ledger.account("a/1", "flv"));
    ledger.settle(new Set(["a/1"]));
    add(ledger, "a/1", 2);
    ledger.settle(new Set(["a/1"]));
    expect(lines(ledger)).toEqual({ "a/1 flv": 7 });
  });

  it("is bounded however many streams come and go, whether anybody asks or not", () => {
    const ledger = new Ledger(1, 10);
    for (let i = 0; i < 5_000; i++) {
      add(ledger, `a/${i}`, 1);
      ledger.close(ledger.account(`a/${i}`, "flv"));
    }
    ledger.settle(new Set());
    expect(lines(ledger)).toEqual({ "other flv": 5_000 });
    for (let i = 0; i < 500; i++) {
      add(ledger, `b/${i}`, 1);
      ledger.settle(new Set([`b/${i}`]));
    }
    expect(ledger.series.length).toBeLessThanOrEqual(21);
    expect(lines(ledger)["b/499 flv"]).toBe(1);
  });

  it("loses nothing and lets nothing fall, whatever happens", () => {
    const stream = fc.constantFrom("a/1", "a/2", "a/3");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), stream, value: fc.nat(100) }),
      fc.record({ kind: fc.constant("close" as const), stream }),
      fc.record({ kind: fc.constant("settle" as const), shown: fc.subarray(["a/1", "a/2", "a/3"]) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new Ledger(1, 10);
        let sum = 0;
        let before: Record<string, number> = {};
        for (const each of [...steps, { kind: "settle" as const, shown: [] }]) {
          if (each.kind === "add") {
            add(ledger, each.stream, each.value);
            sum += each.value;
          } else if (each.kind === "close") ledger.close(ledger.account(each.stream, "flv"));
          else ledger.settle(new Set(each.shown));
          const now = lines(ledger);
          for (const [line, value] of Object.entries(before)) expect(now[line]).toBeGreaterThanOrEqual(value);
          before = now;
        }
        expect(Object.values(before).reduce((a, b) => a + b, 0)).toBe(sum);
        expect(Object.keys(before).every((line) => line.startsWith(OTHER) || line.startsWith("a/"))).toBe(
          true,
        );
      }),
    );
  });
});

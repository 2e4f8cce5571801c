import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Batch } from "./batch.js";
import { BatchRing } from "./batch-ring.js";
import { HUB_DEFAULTS, OBJECT_BYTES } from "./options.js";

interface Piece {
  readonly key: boolean;
  readonly ms: number;
  readonly size: number;
}

/** Pushes batches of one frame each; `sent` of them have been handed out, all by default. */
function filled(options: Partial<typeof HUB_DEFAULTS>, pieces: readonly Piece[], sent = Infinity): BatchRing {
  const ring = new BatchRing({ ...HUB_DEFAULTS, ...options });
  let totalBytes = 0;
  let dts = 0;
  pieces.forEach(({ key, ms, size }, seq) => {
    totalBytes += size;
    dts += ms * 1000;
    const bytes = new Uint8Array(size);
    const totals = { totalBytes, totalFrames: seq + 1, frames: 1, size };
    ring.push(new Batch({ seq, bytes, packets: [], key, tracks: [], dts, receivedAt: 0, ...totals }), sent);
  });
  return ring;
}

function kept(ring: BatchRing): Batch[] {
  const batches: Batch[] = [];
  for (let seq = 0; seq < ring.nextSeq; seq++) {
    const batch = ring.at(seq);
    if (batch !== undefined) batches.push(batch);
  }
  return batches;
}

const group = (frames: number, ms: number, size = 10): Piece[] =>
  Array.from({ length: frames }, (_, i) => ({ key: i === 0, ms, size }));

describe("BatchRing", () => {
  it("finds batches by their number while it keeps them", () => {
    const ring = filled({ maxLagMs: 100 }, [...group(10, 40), ...group(10, 40)]);
    expect(ring.head?.seq).toBe(19);
    expect(ring.nextSeq).toBe(20);
    expect(ring.at(19)).toBe(ring.head);
    expect([ring.at(-1), ring.at(3), ring.at(20)]).toEqual([undefined, undefined, undefined]);
  });

  it("keeps the lag bound, and the newest group whole beyond it", () => {
    const ring = filled({ maxLagMs: 200, gopCacheMs: 1000 }, [...group(10, 40), ...group(10, 40)]);
    expect(kept(ring)[0]?.seq).toBe(10);
    const next = filled({ maxLagMs: 200, gopCacheMs: 1000 }, [...group(10, 40), ...group(2, 40)]);
    expect(kept(next)[0]?.seq).toBe(6);
    expect(next.newestKey?.seq).toBe(10);
  });

  it("has no place to begin once the newest group outgrows the cache", () => {
    const ring = filled({ maxLagMs: 100, gopCacheMs: 400 }, group(12, 40));
    expect(ring.newestKey).toBeUndefined();
    expect(ring.cachedKey).toBeUndefined();
    expect(kept(ring).length).toBeLessThan(12);
  });

  it("lets new readers begin only within the cache's bounds, whatever is kept for slow ones", () => {
    expect(filled({ maxLagMs: 1000, gopCacheMs: 100 }, group(10, 40)).cachedKey).toBeUndefined();
    expect(filled({ maxLagMs: 1000, gopCacheMs: 0 }, group(1, 40)).cachedKey).toBeUndefined();
    expect(filled({ gopCacheBytes: 80 }, group(10, 40)).cachedKey).toBeUndefined();
    expect(filled({ gopCacheBytes: 90 }, group(10, 40)).cachedKey?.seq).toBe(0);
  });

  it("keeps what has not been handed out, whatever its size", () => {
    const ring = filled({ maxLagMs: 100, gopCacheMs: 100 }, group(50, 40), 20);
    expect(kept(ring)[0]?.seq).toBe(20);
  });

  it("is bounded in time and bytes, objects counted (property)", () => {
    const piece = fc.record({
      key: fc.boolean(),
      ms: fc.integer({ min: 0, max: 100 }),
      size: fc.integer({ min: 0, max: 5_000 }),
    });
    const bounds = fc.record({
      maxLagMs: fc.integer({ min: 0, max: 1_000 }),
      maxLagBytes: fc.integer({ min: 0, max: 50_000 }),
      gopCacheMs: fc.integer({ min: 0, max: 1_000 }),
      gopCacheBytes: fc.integer({ min: 0, max: 50_000 }),
    });
    fc.assert(
      fc.property(bounds, fc.array(piece, { minLength: 1, maxLength: 200 }), (options, pieces) => {
        const ring = filled(options, pieces);
        const batches = kept(ring);
        const [first] = batches;
        const { head } = ring;
        expect(first !== undefined && head !== undefined).toBe(true);
        if (first === undefined || head === undefined) return;
        expect(head.seq - first.seq + 1).toBe(batches.length);
        expect(head.dts - first.dts).toBeLessThanOrEqual(
          1000 * Math.max(options.maxLagMs, options.gopCacheMs),
        );
        const after = batches.slice(1).reduce((sum, { size }) => sum + size + 2 * OBJECT_BYTES, 0);
        expect(after).toBeLessThanOrEqual(Math.max(options.maxLagBytes, options.gopCacheBytes));
        const newest = batches.filter(({ key }) => key).at(-1);
        expect(ring.newestKey).toBe(newest);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

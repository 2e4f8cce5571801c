import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VideoTrack } from "../../model/track.js";
import { DecodeTimes } from "./decode-times.js";

function track(reorderDepth?: number): VideoTrack {
  const depth = reorderDepth === undefined ? {} : { reorderDepth };
  const config = { codec: "avc1.640028", codedWidth: 1920, codedHeight: 1080, frameRate: 25, ...depth };
  return { id: 1, kind: "video", codec: "avc", config };
}

const FRAME = 40_000;

function times(presentation: readonly number[], of: VideoTrack): number[] {
  const decode = new DecodeTimes();
  return presentation.map((frame) => decode.next(frame * FRAME, of) / FRAME);
}

describe("DecodeTimes", () => {
  it("are the presentation times where nothing is reordered", () => {
    expect(times([0, 1, 2, 3], track(0))).toEqual([0, 1, 2, 3]);
    // An upper bound that is inferred from the level delays nothing.
    expect(times([0, 1, 2, 3], track(4))).toEqual([0, 1, 2, 3]);
  });

  it("step on evenly through B pictures, from the depth before the first", () => {
    expect(times([0, 4, 2, 1, 3, 8, 6, 5, 7], track(2))).toEqual([-2, -1, 0, 1, 2, 3, 4, 5, 6]);
    expect(times([0, 2, 1, 4, 3, 6, 5], track(1))).toEqual([-1, 0, 1, 2, 3, 4, 5]);
  });

  it("find the depth out where nobody tells it", () => {
    const found = times([0, 2, 1, 4, 3, 6, 5, 8, 7], track());
    expect(found.slice(3)).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it("begin anew where the clock jumps, forth and back", () => {
    expect(times([0, 2, 1, 1000, 1002, 1001], track(1))).toEqual([-1, 0, 1, 999, 1000, 1001]);
    expect(times([1000, 1002, 1001, 0, 2, 1], track(1))).toEqual([999, 1000, 1001, -1, 0, 1]);
  });

  it("never fall, and are not after the presentation where the depth is known (property)", () => {
    const groups = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 20 });
    fc.assert(
      fc.property(groups, fc.boolean(), (sizes, told) => {
        // Each group: an anchor, then the pictures before it in order of presentation: a depth of one.
        const presentation = [0];
        for (const size of sizes) {
          const first = Math.max(...presentation) + 1;
          presentation.push(first + size - 1, ...Array.from({ length: size - 1 }, (_, i) => first + i));
        }
        const found = times(presentation, track(told ? 1 : undefined));
        for (let i = 1; i < found.length; i++) {
          expect(found[i]).toBeGreaterThanOrEqual(found[i - 1] as number);
        }
        if (told) {
          for (const [i, dts] of found.entries()) expect(dts).toBeLessThanOrEqual(presentation[i] as number);
        }
      }),
      { seed: 6 },
    );
  });
});

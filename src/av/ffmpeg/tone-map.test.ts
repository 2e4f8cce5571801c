import { describe, expect, it } from "vitest";
import { hdrColor, toneMapFilters } from "./tone-map.js";

describe("hdrColor", () => {
  it.each([
    [
      { transfer: "smpte2084", primaries: "bt2020" },
      { transfer: "smpte2084", primaries: "bt2020" },
    ],
    [
      { transfer: "arib-std-b67", primaries: "smpte432" },
      { transfer: "arib-std-b67", primaries: "smpte432" },
    ],
    // What says nothing of its primaries has the usual ones; and nothing else gets into a graph of filters.
    [{ transfer: "smpte2084" }, { transfer: "smpte2084", primaries: "bt2020" }],
    [
      { transfer: "smpte2084", primaries: "film,movie=/etc/passwd" },
      { transfer: "smpte2084", primaries: "bt2020" },
    ],
    [{ transfer: "bt709", primaries: "bt2020" }, undefined],
    [{}, undefined],
  ])("of %j is %j", (color, expected) => {
    expect(hdrColor(color)).toEqual(expected);
  });
});

it("a tone map ends in BT.709, without subsampled colours before it", () => {
  const filters = toneMapFilters({ transfer: "arib-std-b67", primaries: "bt2020" }).split(",");
  expect(filters[0]).toBe("format=gbrp12le");
  expect(filters[1]).toContain("tin=arib-std-b67:pin=bt2020");
  expect(filters.slice(-2)).toEqual(["zscale=t=bt709:m=bt709:r=tv", "format=yuv444p"]);
});

import fc from "fast-check";
import { expect, it } from "vitest";
import type { VideoTrack } from "../media/model/track.js";
import { hdrColorOf } from "./track-color.js";

function track(codec: VideoTrack["codec"], description?: Uint8Array): VideoTrack {
  const config = { codec, codedWidth: 16, codedHeight: 16, ...(description && { description }) };
  return { id: 1, kind: "video", codec, config };
}

/** A vpcC of VP9's profile 2 with 10 bits: primaries, transfer and matrix are H.273's code points. */
const vpcC = (primaries: number, transfer: number): Uint8Array =>
  Uint8Array.of(2, 31, 0xa2, primaries, transfer, 9, 0, 0);

it("VP9 says so in its configuration", () => {
  expect(hdrColorOf(track("vp9", vpcC(9, 16)))).toEqual({ transfer: "smpte2084", primaries: "bt2020" });
  expect(hdrColorOf(track("vp9", vpcC(12, 18)))).toEqual({ transfer: "arib-std-b67", primaries: "smpte432" });
  expect(hdrColorOf(track("vp9", vpcC(1, 1)))).toBeUndefined();
  expect(hdrColorOf(track("vp9"))).toBeUndefined();
});

it("what cannot be read is no high dynamic range, and no error", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("avc" as const, "hevc" as const, "av1" as const, "vp9" as const),
      fc.uint8Array({ maxLength: 64 }),
      (codec, bytes) => {
        const found = hdrColorOf(track(codec, bytes));
        expect(found === undefined || ["smpte2084", "arib-std-b67"].includes(found.transfer)).toBe(true);
      },
    ),
  );
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mediaInfo } from "./probe.js";
import { parseProbed } from "./probed.js";
import { fraction, micros, ratio, whole } from "./values.js";

describe("what ffprobe writes", () => {
  it("are seconds to the microsecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e15, max: 1e15 }), (us) => {
        const sign = us < 0 ? "-" : "";
        const [seconds, rest] = [Math.floor(Math.abs(us) / 1e6), Math.abs(us) % 1e6];
        expect(micros(`${sign}${seconds}.${String(rest).padStart(6, "0")}`)).toBe(us);
      }),
    );
    expect([micros("N/A"), micros(undefined), micros("1.5")]).toEqual([undefined, undefined, 1_500_000]);
  });

  it("are fractions, or unknown", () => {
    expect([fraction("30000/1001"), fraction("0/0"), fraction("25/1")]).toEqual([29.97003, undefined, 25]);
    expect([ratio("4:3"), ratio("0:1"), ratio(undefined)]).toEqual([4 / 3, undefined, undefined]);
    expect([whole("44100"), whole("N/A"), whole("0")]).toEqual([44_100, undefined, undefined]);
  });

  it("is read whatever is missing", () => {
    const text = fc.oneof(fc.constantFrom("N/A", "1.5", "25/1", "K_", "video", "audio"), fc.string());
    const entry = fc.dictionary(
      fc.constantFrom(
        "codec_type",
        "codec_name",
        "pts_time",
        "dts_time",
        "flags",
        "duration",
        "pix_fmt",
        "size",
      ),
      text,
    );
    const indexed = fc.tuple(entry, fc.nat(3)).map(([made, n]) => ({ ...made, index: n, stream_index: n }));
    fc.assert(
      fc.property(entry, fc.array(indexed), fc.array(indexed), (format, streams, packets) => {
        const info = mediaInfo(parseProbed(JSON.stringify({ format, streams, packets })));
        expect(info.tracks.length).toBe(streams.length);
        expect(JSON.parse(JSON.stringify(info))).toEqual(info);
      }),
    );
    expect(() => parseProbed("{")).toThrow(expect.objectContaining({ code: "failed" }));
  });
});

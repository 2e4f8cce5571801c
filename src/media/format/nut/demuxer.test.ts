import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ELIDED, type NutFrame, writeNut } from "../../../../fuzz/support/nut-writer.js";
import { concatBytes, fromHex } from "../../bytes/bytes.js";
import type { Packet } from "../../model/packet.js";
import type { Track } from "../../model/track.js";
import { createNutDemuxer } from "./demuxer.js";

// That it reads what FFmpeg writes is test/interop/made-codecs.test.ts.

interface Heard {
  readonly tracks: Track[];
  readonly packets: Packet[];
}

function read(bytes: Uint8Array, cuts: readonly number[] = []): Heard {
  const heard: Heard = { tracks: [], packets: [] };
  const demuxer = createNutDemuxer({
    track: (track) => heard.tracks.push(track),
    packet: (packet) => heard.packets.push(packet),
  });
  let at = 0;
  for (const cut of [...cuts.map((each) => each % bytes.length).sort((a, b) => a - b), bytes.length]) {
    // The slice is only borrowed.
    const slice = bytes.slice(at, cut);
    demuxer.push(slice, 7);
    slice.fill(0xee);
    at = cut;
  }
  demuxer.end();
  return heard;
}

const failing = (bytes: Uint8Array): unknown => {
  try {
    read(bytes);
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

const VP9_KEY = fromHex("824983420013f00b360638241c184a00");
const VP9_INTER = fromHex("86004092f121400000907f91e44e8e35");
const AV1_SEQUENCE = fromHex("0a0b0000000cc4ff6736be4010");
const AV1_KEY = concatBytes([fromHex("1200"), AV1_SEQUENCE, fromHex("32 03 10 00 00")]);
const AV1_INTER = fromHex("1200 32 03 30 00 00");

describe("NUT as an encoder writes it", () => {
  it("gives the same packets however it is cut and however frames are written", () => {
    const form = fc.constantFrom<NutFrame["form"]>("plain", "coded", "whole", "elided", "syncpoint");
    const frame = fc.record({
      step: fc.oneof(fc.constant(2), fc.integer({ min: 0, max: 5_000 })),
      rest: fc.uint8Array({ maxLength: 300 }),
      form,
    });
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (steps, cuts) => {
          let pts = 0;
          const frames = steps.map(({ step, rest, form }, i) => {
            pts += step;
            return { pts, data: concatBytes([i === 0 ? VP9_KEY : VP9_INTER, rest]), form };
          });
          const bytes = writeNut({ fourCc: "VP90", timeBase: [1, 64_000] }, frames);
          const { tracks, packets } = read(bytes, cuts);
          expect(tracks).toHaveLength(1);
          expect(packets.map((packet) => [packet.pts, packet.key, packet.receivedAt])).toEqual(
            frames.map(({ pts }, i) => [Math.round((pts * 1_000_000) / 64_000), i === 0, 7]),
          );
          expect(packets.map(({ dts }) => dts)).toEqual(packets.map((packet) => packet.pts));
          expect(packets.map(({ data }) => [...data])).toEqual(frames.map(({ data }) => [...data]));
        },
      ),
      { seed: 3, numRuns: 200 },
    );
  });

  it("has VP9's configuration from its key frames, and passes over what comes before the first", () => {
    const frames = [VP9_INTER, VP9_KEY, VP9_INTER].map(
      (data, i): NutFrame => ({ pts: 40 * i, data, form: "plain" }),
    );
    const { tracks, packets } = read(writeNut({ fourCc: "VP90" }, frames));
    expect(tracks).toMatchObject([
      { kind: "video", codec: "vp9", config: { codec: "vp09.00.11.08", codedWidth: 320, codedHeight: 180 } },
    ]);
    expect(packets.map(({ pts, key }) => [pts, key])).toEqual([
      [40_000, true],
      [80_000, false],
    ]);
  });

  it("has AV1's configuration from its sequence headers, and no temporal delimiters", () => {
    const frames = [AV1_KEY, AV1_INTER].map((data, i): NutFrame => ({ pts: i, data, form: "whole" }));
    const { tracks, packets } = read(writeNut({ fourCc: "AV01" }, frames));
    expect(tracks).toMatchObject([{ codec: "av1", config: { codec: "av01.0.01M.08", codedWidth: 640 } }]);
    expect(packets.map(({ data }) => [...data])).toEqual([
      [...AV1_KEY.subarray(2)],
      [...AV1_INTER.subarray(2)],
    ]);
    expect(packets.map(({ key }) => key)).toEqual([true, false]);
  });

  it("turns H.265's byte stream into length-prefixed units, its parameter sets into a configuration", () => {
    const sets = [
      "40010c01ffff016000000300900000030000030 05aba0240",
      "420101016000000300900000030000 03005aa006c201e1cde5ba4a4c2fff0500050169c200000300020000 03003c10",
      "4401c073c189",
    ].map(fromHex);
    const startCode = Uint8Array.of(0, ...ELIDED);
    const extradata = concatBytes(sets.flatMap((set) => [startCode, set]));
    const idr = Uint8Array.of(0x26, 1, 0xaf, 9);
    const data = concatBytes([ELIDED, Uint8Array.of(0x4e, 1, 5, 0x80), ELIDED, idr]);
    const trail = concatBytes([startCode, Uint8Array.of(2, 1, 0xd0, 8)]);
    const frames: NutFrame[] = [
      { pts: 0, data, form: "elided" },
      { pts: 40, data: trail, form: "whole" },
    ];
    const { tracks, packets } = read(writeNut({ fourCc: "HEVC", extradata }, frames));
    expect(tracks).toMatchObject([
      { codec: "hevc", config: { codedWidth: 854, codedHeight: 480, nalLengthSize: 4 } },
    ]);
    expect(packets.map((packet) => [packet.key, [...packet.data]])).toEqual([
      [true, [0, 0, 0, 4, 0x4e, 1, 5, 0x80, 0, 0, 0, 4, ...idr]],
      [false, [0, 0, 0, 4, 2, 1, 0xd0, 8]],
    ]);
  });

  it.each([
    ["another file", fromHex("464c5601"), "truncated"],
    ["another file of the same length", new Uint8Array(30), "malformed"],
    ["another codec", writeNut({ fourCc: "MJPG" }, []), "unsupported"],
    ["a time base of nothing", writeNut({ fourCc: "VP90", timeBase: [0, 1] }, []), "malformed"],
    [
      "an end within a frame",
      writeNut({ fourCc: "VP90" }, [{ pts: 0, data: VP9_KEY, form: "whole" }]).subarray(0, -1),
      "truncated",
    ],
  ] as const)("is not %s", (_what, bytes, code) => {
    expect(failing(bytes)).toBe(code);
  });

  it("is not believed where a checksum is wrong, and not read on after that", () => {
    const bytes = writeNut({ fourCc: "VP90" }, []);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    const demuxer = createNutDemuxer({ track() {}, packet() {} });
    const wrong = expect.objectContaining({ code: "malformed" });
    expect(() => demuxer.push(bytes, 0)).toThrow(wrong);
    expect(() => demuxer.push(VP9_KEY, 0)).toThrow(wrong);
    expect(() => demuxer.end()).toThrow(wrong);
  });
});

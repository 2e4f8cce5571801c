import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, fromHex, toHex } from "../bytes/bytes.js";
import { dopsOf, isOpusTags, opusHeadOf, opusPacketDuration, readOpusConfig } from "./opus.js";

// What libopus wrote: `ffmpeg -f lavfi -i sine=sample_rate=48000 -ac N -c:a libopus x.ogg`.
const STEREO = fromHex("4f707573486561640102380180bb0000000000");
const SURROUND = fromHex("4f707573486561640106380180bb00000000010402000401020305");

describe("readOpusConfig", () => {
  it("reads an OpusHead", () => {
    expect(readOpusConfig(STEREO)).toEqual({
      codec: "opus",
      sampleRate: 48000,
      numberOfChannels: 2,
      preSkip: 312,
      inputSampleRate: 48000,
      description: STEREO,
    });
    expect(readOpusConfig(SURROUND)).toMatchObject({ numberOfChannels: 6, description: SURROUND });
    expect(readOpusConfig(STEREO).description).not.toBe(STEREO);
  });

  it("reads what an MP4 file has in its place", () => {
    expect(toHex(dopsOf(STEREO))).toBe("000201380000bb80000000");
    expect(readOpusConfig(fromHex("000201380000bb80000000"))).toEqual(readOpusConfig(STEREO));
    expect(readOpusConfig(dopsOf(SURROUND))).toEqual(readOpusConfig(SURROUND));
  });

  it("converts there and back", () => {
    const numbers = fc.uint8Array({ minLength: 8, maxLength: 8 });
    const mapping = fc.constantFrom(
      "00",
      "0102000001" /* two streams, by number */,
      "0301 00 0102" /* a matrix */,
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 }), numbers, mapping, (channels, fields, family) => {
        fc.pre(channels === 2 || family !== "0102000001");
        const head = concatBytes([
          fromHex("4f7075734865616401"),
          Uint8Array.of(channels),
          fields,
          fromHex(family),
        ]);
        expect(opusHeadOf(dopsOf(head))).toEqual(head);
      }),
      { seed: 5 },
    );
  });

  const head = "4f70757348656164";
  it.each([
    ["no bytes", "", "truncated"],
    ["a header cut short", `${head}0102380180bb00000000`, "truncated"],
    ["a mapping table cut short", `${head}0106380180bb0000000001040200040102`, "truncated"],
    ["another major version", `${head}1002380180bb0000000000`, "unsupported"],
    ["no channels", `${head}0100380180bb0000000000`, "malformed"],
    ["three channels without a mapping", `${head}0103380180bb0000000000`, "malformed"],
    ["no streams", `${head}0101380180bb0000000001000000`, "malformed"],
    ["more coupled streams than streams", `${head}0102380180bb00000000010102 0001`, "malformed"],
    ["a channel that is not decoded", `${head}0102380180bb00000000010101 0002`, "malformed"],
    ["a comment header", "4f70757354616773 00000000", "unsupported"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => readOpusConfig(fromHex(hex))).toThrow(expect.objectContaining({ name: "MediaError", code }));
  });

  it("takes silent channels, minor versions and ambisonics", () => {
    expect(readOpusConfig(fromHex(`${head}0f02380180bb00000000010101 00ff`)).numberOfChannels).toBe(2);
    expect(readOpusConfig(fromHex(`${head}0104380180bb00000000030202`)).numberOfChannels).toBe(4);
  });

  it("knows the comment header that E-RTMP allows as a sequence start", () => {
    expect(isOpusTags(fromHex("4f7075735461677300000000"))).toBe(true);
    expect(isOpusTags(STEREO)).toBe(false);
    expect(isOpusTags(new Uint8Array(0))).toBe(false);
  });
});

describe("opusPacketDuration", () => {
  // First bytes of packets that libopus made with -frame_duration 20 (default), 2.5, 60 and 120, as ffprobe times them.
  it.each([
    ["fcb4065a", 20_000],
    ["e4700018", 2_500],
    ["fb83fd10", 60_000],
    ["fb86fd10", 120_000],
    ["fc02fffe", 20_000],
  ])("libopus %s", (hex, duration) => {
    expect(opusPacketDuration(fromHex(hex))).toBe(duration);
  });

  it("follows the table of RFC 6716 section 3.1", () => {
    const durations = Array.from({ length: 32 }, (_, config) =>
      opusPacketDuration(Uint8Array.of(config << 3)),
    );
    const silk = [10_000, 20_000, 40_000, 60_000];
    const hybrid = [10_000, 20_000];
    const celt = [2_500, 5_000, 10_000, 20_000];
    expect(durations).toEqual([silk, silk, silk, hybrid, hybrid, celt, celt, celt, celt].flat());
    for (const code of [1, 2]) expect(opusPacketDuration(Uint8Array.of((31 << 3) | code))).toBe(40_000);
    // Code 3: 48 frames of 2.5 ms, with VBR and padding flags beside the count.
    expect(opusPacketDuration(fromHex("e3f0"))).toBe(120_000);
  });

  it.each([
    ["an empty packet", "", "truncated"],
    ["code 3 without its count", "e3", "truncated"],
    ["no frames", "e3c0", "malformed"],
    ["49 frames of 2.5 ms", "e331", "malformed"],
    ["three frames of 60 ms", "1b03", "malformed"],
  ])("refuses %s", (_what, hex, code) => {
    expect(() => opusPacketDuration(fromHex(hex))).toThrow(expect.objectContaining({ code }));
  });
});

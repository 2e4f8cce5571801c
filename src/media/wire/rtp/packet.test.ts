import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rtpPacket } from "../../../../fuzz/support/rtp.js";
import { MediaError } from "../../model/error.js";
import { parseRtp } from "./packet.js";

describe("parseRtp", () => {
  it("finds the payload behind contributors and extension, before padding (property)", () => {
    const fields = fc.record({
      sequence: fc.nat(0xffff),
      timestamp: fc.nat(0xffff_ffff),
      ssrc: fc.nat(0xffff_ffff),
      marker: fc.boolean(),
      payloadType: fc.nat(127),
      payload: fc.uint8Array({ maxLength: 50 }),
      csrcs: fc.nat(15),
      padding: fc.nat(255),
    });
    const extension = fc.option(fc.nat(20), { nil: undefined });
    fc.assert(
      fc.property(fields, extension, (given, words) => {
        const { sequence, timestamp, ssrc, marker, payloadType, payload } = given;
        const bytes = rtpPacket(words === undefined ? given : { ...given, extension: words });
        expect(parseRtp(bytes)).toEqual({ sequence, timestamp, ssrc, marker, payloadType, payload });
      }),
      { seed: 6 },
    );
  });

  it("refuses another version, what ends early, and padding that cannot be", () => {
    const bytes = rtpPacket({ sequence: 1, timestamp: 2, payload: Uint8Array.of(1, 2, 3), padding: 2 });
    expect(() => parseRtp(bytes.map((byte, i) => (i === 0 ? 0x40 : byte)))).toThrow(/version 1/);
    expect(() => parseRtp(bytes.subarray(0, 11))).toThrow(MediaError);
    expect(() => parseRtp(bytes.map((byte, i) => (i === bytes.length - 1 ? 0 : byte)))).toThrow(/0 octets/);
    expect(() => parseRtp(bytes.map((byte, i) => (i === bytes.length - 1 ? 6 : byte)))).toThrow(/6 octets/);
    expect(() => parseRtp(bytes.map((byte, i) => (i === 0 ? 0xaf : byte)))).toThrow(/needs 60 bytes/);
  });
});

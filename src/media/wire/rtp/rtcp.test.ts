import { describe, expect, it } from "vitest";
import { bye, rtpPacket, senderReport } from "../../../../fuzz/support/rtp.js";
import { concatBytes, toHex } from "../../bytes/bytes.js";
import { MediaError } from "../../model/error.js";
import { parseRtp } from "./packet.js";
import { Reception } from "./reception.js";
import { readRtcp, type SenderReport, writeReceiverReport } from "./rtcp.js";

function read(bytes: Uint8Array): { reports: SenderReport[]; byes: number[] } {
  const reports: SenderReport[] = [];
  const byes: number[] = [];
  readRtcp(bytes, { senderReport: (report) => reports.push(report), bye: (ssrc) => byes.push(ssrc) });
  return { reports, byes };
}

const WALL = 1_764_000_000_250_000;

describe("readRtcp", () => {
  it("walks a compound packet, and passes over what it does not know", () => {
    const other = writeReceiverReport(7, "name", undefined);
    const { reports, byes } = read(concatBytes([senderReport(5, WALL, 90_000), other, bye(5)]));
    expect(reports).toEqual([
      {
        ssrc: 5,
        wall: WALL,
        timestamp: 90_000,
        lastSr: ((((1_764_000_000 + 2_208_988_800) & 0xffff) << 16) | 0x4000) >>> 0,
      },
    ]);
    expect(byes).toEqual([5]);
  });

  it("takes a time of 0 for none", () => {
    expect(read(senderReport(5, 0, 1)).reports[0]?.wall).toBeUndefined();
  });

  it("refuses what runs past the end", () => {
    const whole = senderReport(5, WALL, 1);
    expect(() => read(whole.subarray(0, 20))).toThrow(MediaError);
    expect(() => read(Uint8Array.of(0x80, 200, 0, 0))).toThrow(MediaError);
    expect(() => read(Uint8Array.of(0x00, 200, 0, 0))).toThrow(/version 0/);
    expect(() => read(Uint8Array.of(0x9f, 203, 0, 1, 0, 0, 0, 1))).toThrow(MediaError);
  });
});

describe("reports of a receiver", () => {
  it("count losses, jitter and the time since the sender's report", () => {
    const reception = new Reception(0x11223344, 90_000);
    expect(reception.report(0)).toBeUndefined();
    // 10 packets of 40 ms, two of which are missing; the third is 16 ms late.
    for (const i of [0, 1, 2, 4, 5, 6, 8, 9]) {
      const packet = parseRtp(
        rtpPacket({ sequence: 0xfffb + i, timestamp: 3600 * i, payload: new Uint8Array(1) }),
      );
      reception.packet(packet, WALL + 40_000 * i + (i === 2 ? 16_000 : 0));
    }
    const report: SenderReport = { ssrc: 0x11223344, wall: WALL, lastSr: 0xabcd, timestamp: 0 };
    reception.senderReport(report, 1_000_000);
    expect(reception.report(2_500_000)).toEqual({
      ssrc: 0x11223344,
      fractionLost: Math.floor((2 * 256) / 10),
      cumulativeLost: 2,
      highestSequence: 0x10004,
      // 1440 ticks there and back, each smoothed over 16.
      jitter: expect.toSatisfy((jitter: number) => jitter > 100 && jitter < 180),
      lastSr: 0xabcd,
      delaySinceLastSr: 1.5 * 65_536,
    });
    expect(reception.report(2_500_000)).toMatchObject({ fractionLost: 0, cumulativeLost: 2 });
  });

  it("are written with the name that has to come with them", () => {
    expect(toHex(writeReceiverReport(1, "ab", undefined))).toBe(
      "80c9000100000001" + "81ca000300000001" + "01026162" + "00000000",
    );
    const block = {
      ssrc: 2,
      fractionLost: 3,
      cumulativeLost: -1,
      highestSequence: 4,
      jitter: 5,
      lastSr: 6,
      delaySinceLastSr: 7,
    };
    const bytes = writeReceiverReport(1, "abc", block);
    expect(toHex(bytes.subarray(0, 32))).toBe(
      "81c90007" + "00000001" + "00000002" + "03ffffff" + "00000004" + "00000005" + "00000006" + "00000007",
    );
    expect(bytes.length % 4).toBe(0);
    readRtcp(bytes, {});
  });
});

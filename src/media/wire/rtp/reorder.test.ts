import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RtpPacket } from "./packet.js";
import { ReorderBuffer } from "./reorder.js";

function packet(sequence: number, size = 1): RtpPacket {
  const payload = new Uint8Array(size).fill(sequence & 0xff);
  return { marker: false, payloadType: 96, sequence: sequence & 0xffff, timestamp: 0, ssrc: 1, payload };
}

function listen(): { buffer: ReorderBuffer; heard: (number | string)[] } {
  const heard: (number | string)[] = [];
  const buffer = new ReorderBuffer({
    packet: ({ sequence }) => heard.push(sequence),
    lost: (count) => heard.push(`lost ${count}`),
  });
  return { buffer, heard };
}

describe("ReorderBuffer", () => {
  it("hands on what comes in order as it comes, over the wrap", () => {
    const { buffer, heard } = listen();
    for (let i = 0xfffd; i < 0x10003; i++) buffer.push(packet(i), 0);
    expect(heard).toEqual([0xfffd, 0xfffe, 0xffff, 0, 1, 2]);
  });

  it("puts any small disorder right, and leaves duplicates out (property)", () => {
    fc.assert(
      fc.property(
        fc.nat(0xffff),
        fc.array(fc.tuple(fc.nat(8), fc.boolean()), { maxLength: 60 }),
        (start, how) => {
          const { buffer, heard } = listen();
          // Each packet is late by up to 8 places; the first is where it begins.
          const order = how
            .map(([late, twice], i) => ({ at: i === 0 ? -1 : i + late, sequence: start + i, twice }))
            .sort((a, b) => a.at - b.at);
          for (const { sequence, twice } of order) {
            buffer.push(packet(sequence), 0);
            if (twice) buffer.push(packet(sequence), 0);
          }
          expect(heard).toEqual(how.map((_, i) => (start + i) & 0xffff));
        },
      ),
      { seed: 6 },
    );
  });

  it("waits 0.2 s for what is missing, then says how much was", () => {
    const { buffer, heard } = listen();
    for (const sequence of [1, 4, 5]) buffer.push(packet(sequence), 1_000);
    buffer.expire(200_000);
    expect(heard).toEqual([1]);
    buffer.expire(201_000);
    expect(heard).toEqual([1, "lost 2", 4, 5]);
    buffer.push(packet(3), 201_000);
    buffer.push(packet(6), 201_000);
    expect(heard.slice(4)).toEqual([6]);
  });

  it("holds a bounded number of packets and of bytes", () => {
    const { buffer, heard } = listen();
    buffer.push(packet(0), 0);
    for (let i = 2; i < 515; i++) buffer.push(packet(i), 0);
    expect(heard.slice(0, 3)).toEqual([0, "lost 1", 2]);
    const large = listen();
    large.buffer.push(packet(0), 0);
    for (let i = 2; i < 100; i++) large.buffer.push(packet(i, 60_000), 0);
    expect(large.heard.slice(0, 3)).toEqual([0, "lost 1", 2]);
  });

  it("copies what it keeps: the slice is its owner's again", () => {
    const payloads: number[] = [];
    const buffer = new ReorderBuffer({ packet: ({ payload }) => payloads.push(payload[0] ?? -1), lost() {} });
    buffer.push(packet(0), 0);
    const second = packet(2);
    buffer.push(second, 0);
    second.payload.fill(99);
    buffer.push(packet(1), 0);
    expect(payloads).toEqual([0, 1, 2]);
  });

  it("follows a source that begins anew, but no single packet that is lost in space", () => {
    const { buffer, heard } = listen();
    for (const sequence of [10, 11, 40_000, 12, 40_001, 30_000, 30_001, 30_002])
      buffer.push(packet(sequence), 0);
    expect(heard).toEqual([10, 11, 12, "lost 1", 30_001, 30_002]);
  });
});

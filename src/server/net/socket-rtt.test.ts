import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { connectionKey, createSocketRtts, parseSsLine } from "./socket-rtt.js";

// As iproute2 6.1 writes them.
const LINES = [
  "0      0          127.0.0.1:8080       127.0.0.1:41234 cubic wscale:7,7 rto:204 rtt:0.052/0.026 ato:40 mss:32768 cwnd:10 minrtt:0.03",
  "0      131072 [::ffff:10.0.0.1]:8080 [::ffff:10.0.0.9]:50000 cubic rto:400 rtt:183.5/12 unacked:4",
  "0      0      [fe80::1%eth0]:1935        [fe80::2%eth0]:40000 cubic rto:204 rtt:7/3",
];

describe("parseSsLine", () => {
  it("reads IPv4, IPv6 and what is both", () => {
    expect(LINES.map(parseSsLine)).toEqual([
      { key: "127.0.0.1 8080 127.0.0.1 41234", rttMs: 0.052 },
      { key: "::ffff:10.0.0.1 8080 ::ffff:10.0.0.9 50000", rttMs: 183.5 },
      { key: "fe80::1 1935 fe80::2 40000", rttMs: 7 },
    ]);
  });

  it("names them as sockets do", () => {
    const connection = {
      localAddress: "fe80::1%eth0",
      localPort: 1935,
      remoteAddress: "fe80::2%eth0",
      remotePort: 40000,
    };
    expect(connectionKey(connection)).toBe(parseSsLine(LINES[2] ?? "")?.key);
  });

  it("makes nothing of other lines, whatever they are (property)", () => {
    expect(parseSsLine("0 0 127.0.0.1:8080 127.0.0.1:41234 cubic rto:204")).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (line) => {
        expect(parseSsLine(line)).toBeUndefined();
      }),
    );
  });
});

describe("createSocketRtts", () => {
  it("knows what the last answer said", async () => {
    const scheduler = createFakeScheduler();
    const rtts = createSocketRtts(scheduler, async () => LINES.join("\n"));
    expect(rtts.rttMs("127.0.0.1 8080 127.0.0.1 41234")).toBeUndefined();
    await rtts.refresh();
    expect(rtts.rttMs("127.0.0.1 8080 127.0.0.1 41234")).toBe(0.052);
  });

  it("leaves a machine without ss in peace", async () => {
    const scheduler = createFakeScheduler();
    let asked = 0;
    const rtts = createSocketRtts(scheduler, () => {
      asked += 1;
      return Promise.reject(new Error("ENOENT"));
    });
    await rtts.refresh();
    await rtts.refresh();
    expect(asked).toBe(1);
    expect(rtts.rttMs("127.0.0.1 8080 127.0.0.1 41234")).toBeUndefined();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTcpTableReader, tcpTableKey } from "./tcp-table.js";

const connection = (localAddress: string, remoteAddress: string) => ({
  localAddress,
  localPort: 8080,
  remoteAddress,
  remotePort: 44024,
});

describe("tcpTableKey", () => {
  it.each([
    ["127.0.0.1", "192.168.0.9", "0100007F:1F90 0900A8C0:ABF8"],
    ["::1", "::1", "00000000000000000000000001000000:1F90 00000000000000000000000001000000:ABF8"],
    [
      "::ffff:127.0.0.1",
      "::ffff:10.1.2.3",
      "0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000302010A:ABF8",
    ],
    [
      "2001:db8::a:1",
      "fe80::1%eth0",
      "B80D01200000000000000000" + "01000A00:1F90 000080FE000000000000000001000000:ABF8",
    ],
  ])("writes %s and %s as the kernel of a little-endian machine does", (local, remote, key) => {
    expect(tcpTableKey(connection(local, remote), true)).toBe(key);
  });

  it("leaves the bytes in order on a big-endian machine", () => {
    expect(tcpTableKey(connection("127.0.0.1", "192.168.0.9"), false)).toBe("7F000001:1F90 C0A80009:ABF8");
  });

  it("has no key for what is no address", () => {
    expect(tcpTableKey(connection("", "127.0.0.1"))).toBeUndefined();
    expect(tcpTableKey(connection("/run/socket", "127.0.0.1"))).toBeUndefined();
  });

  it("has a key of the right length for every address (property)", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const digits = address.includes(":") ? 32 : 8;
        expect(tcpTableKey(connection(address, address))).toMatch(
          new RegExp(`^[0-9A-F]{${digits}}:1F90 [0-9A-F]{${digits}}:ABF8$`),
        );
      }),
    );
  });
});

describe("createTcpTableReader", () => {
  const HEAD =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const line = (number: number, key: string, queued: number): string =>
    `${String(number).padStart(4)}: ${key} 01 ${queued.toString(16).toUpperCase().padStart(8, "0")}:00000000 01:00000014 00000000     0        0 586 4 000000004ffca75d 20 4 30 10 -1`;

  function read(bytes: Buffer, cuts: readonly number[] = []): (readonly [string, number])[] {
    const entries: (readonly [string, number])[] = [];
    const push = createTcpTableReader((key, queued) => entries.push([key, queued]));
    let at = 0;
    for (const cut of [
      ...cuts.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b),
      bytes.length,
    ]) {
      const piece = Buffer.from(bytes.subarray(at, cut));
      push(piece);
      piece.fill(0x41);
      at = cut;
    }
    return entries;
  }

  it("reads keys and send queues of both families, however the table is cut (property)", () => {
    const entry = fc.tuple(
      fc.oneof(fc.ipV4(), fc.ipV6()).map((address) => tcpTableKey(connection(address, address)) ?? ""),
      fc.nat({ max: 0xffff_ffff }),
      fc.nat({ max: 99_999 }),
    );
    fc.assert(
      fc.property(fc.array(entry), fc.array(fc.nat()), (entries, cuts) => {
        const lines = [HEAD, ...entries.map(([key, queued, number]) => line(number, key, queued)), ""];
        expect(read(Buffer.from(lines.join("\n")), cuts)).toEqual(
          entries.map(([key, queued]) => [key, queued]),
        );
      }),
    );
  });

  it("makes nothing of other lines, whatever they are (property)", () => {
    const good = line(1, "0100007F:1F90 0900A8C0:ABF8", 0x2fa10);
    const other = fc.oneof(
      fc.string({ unit: "binary" }).map((text) => text.replaceAll(":", "")),
      fc.nat({ max: good.indexOf(":00000000") }).map((length) => good.slice(0, length)),
      fc.constantFrom(good.replace("0002FA10", "0002fa10"), good.replace(" 01 ", "_01 "), `: ${good}`, ":"),
    );
    fc.assert(
      fc.property(other, (text) => {
        expect(read(Buffer.from(`${text}\n${good}\n`))).toEqual([["0100007F:1F90 0900A8C0:ABF8", 0x2fa10]]);
      }),
    );
  });
});

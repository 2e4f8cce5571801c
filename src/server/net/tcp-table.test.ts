import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTcpTableLine, tcpTableKey } from "./tcp-table.js";

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

describe("parseTcpTableLine", () => {
  it("reads key and send queue", () => {
    const line =
      "  31: 0100007F:1F90 0900A8C0:ABF8 01 0002FA10:00000000 01:00000014 00000000     0        0 586 4 000000004ffca75d 20 4 30 10 -1";
    expect(parseTcpTableLine(line)).toEqual({ key: "0100007F:1F90 0900A8C0:ABF8", queued: 0x2fa10 });
  });

  it("makes nothing of other lines, whatever they are (property)", () => {
    expect(parseTcpTableLine("  sl  local_address rem_address   st tx_queue rx_queue")).toBeUndefined();
    expect(parseTcpTableLine("")).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (line) => {
        expect(parseTcpTableLine(line)).toBeUndefined();
      }),
    );
  });
});

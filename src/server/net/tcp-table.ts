/**
 * Linux's table of TCP connections, `/proc/net/tcp` and `/proc/net/tcp6` (Documentation/networking/proc_net_tcp.rst):
 * addresses in hexadecimal, as 32-bit words in the machine's own byte order.
 */
import { isIPv4, isIPv6 } from "node:net";
import { endianness } from "node:os";
import type { TcpConnection } from "../contract/kernel-queues.js";

/** The two address columns of the connection's line; undefined where an address is none. */
export function tcpTableKey(
  { localAddress, localPort, remoteAddress, remotePort }: TcpConnection,
  littleEndian: boolean = endianness() === "LE",
): string | undefined {
  const local = addressBytes(localAddress);
  const remote = addressBytes(remoteAddress);
  if (local === undefined || remote === undefined) return undefined;
  const column = (bytes: readonly number[], port: number): string =>
    `${wordsOf(bytes, littleEndian)}:${hex(port, 4)}`;
  return `${column(local, localPort)} ${column(remote, remotePort)}`;
}

/** A line's columns up to the queues: `  12: LOCAL REMOTE STATE TX:RX …`. */
const LINE = /^ *\d+: ([0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/;

/** The key of a line of the table and the bytes in its send queue; undefined for any other line. */
export function parseTcpTableLine(
  line: string,
): { readonly key: string; readonly queued: number } | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, key = "", queued = ""] = match;
  return { key, queued: Number.parseInt(queued, 16) };
}

function wordsOf(bytes: readonly number[], littleEndian: boolean): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4) {
    const word = bytes.slice(i, i + 4);
    if (littleEndian) word.reverse();
    for (const byte of word) text += hex(byte, 2);
  }
  return text;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

function addressBytes(address: string): number[] | undefined {
  if (isIPv4(address)) return address.split(".").map(Number);
  // A link-local address names its interface after a percent sign.
  const [bare = ""] = address.split("%");
  if (!isIPv6(bare)) return undefined;
  const [head = "", tail] = bare.split("::");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  return [...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after];
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >>> 8, value & 0xff];
  });
}

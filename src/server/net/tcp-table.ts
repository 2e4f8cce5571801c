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

const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
/** Digits of an address. */
const IPV4_DIGITS = 8;
const IPV6_DIGITS = 32;
/** Digits of a queue's length. */
const QUEUE_DIGITS = 8;

/**
 * Takes a table's bytes piece by piece. By hand, without a string for each line: with a thousand connections lines and
 * regular expressions took some hundredths of a core.
 *
 * @param onEntry is told each line's key and the bytes in its send queue
 */
export function createTcpTableReader(
  onEntry: (key: string, queued: number) => void,
): (piece: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (piece) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      readLine(bytes, at, end, onEntry);
      at = end + 1;
    }
    // The piece is only borrowed.
    rest = Buffer.from(bytes.subarray(at));
  };
}

/** `  12: LOCAL REMOTE STATE TX:RX …`; any other line is passed over. */
function readLine(
  bytes: Buffer,
  from: number,
  end: number,
  onEntry: (key: string, queued: number) => void,
): void {
  const number = bytes.indexOf(COLON, from);
  if (number < 0 || number >= end) return;
  const key = number + 2;
  const digits =
    bytes[key + IPV4_DIGITS] === COLON ? IPV4_DIGITS : bytes[key + IPV6_DIGITS] === COLON ? IPV6_DIGITS : 0;
  const keyEnd = key + 2 * (digits + ":1F90".length) + 1;
  const queue = keyEnd + " 01 ".length;
  const queueEnd = queue + QUEUE_DIGITS;
  if (digits === 0 || queueEnd >= end || bytes[keyEnd] !== SPACE || bytes[queueEnd] !== COLON) return;
  const queued = readHex(bytes, queue, queueEnd);
  if (queued >= 0) onEntry(bytes.toString("latin1", key, keyEnd), queued);
}

/** -1 where there is something else than the kernel's digits. */
function readHex(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    const digit =
      byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x41 && byte <= 0x46 ? byte - 0x37 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
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

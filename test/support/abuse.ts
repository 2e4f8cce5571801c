import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Random } from "../../fuzz/target.js";
import { cutOff } from "../../src/server/net/socket-writer.js";

/** Peers that mean no good, or do not know better. Each opens one connection on loopback. */

interface Attack {
  readonly name: string;
  readonly port: "rtmp" | "http";
  readonly sends: (random: Random) => readonly Uint8Array[];
  /** The server has no reason to end it so soon. */
  readonly allowed?: true;
}

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** C0 and C1 with the time and zeros of the simple handshake. */
function hello(random: Random): Uint8Array {
  const bytes = random.bytes(1537);
  bytes.fill(0, 0, 9);
  bytes[0] = 3;
  return bytes;
}

export const ATTACKS: readonly Attack[] = [
  { name: "RTMP: nothing", port: "rtmp", sends: () => [] },
  { name: "RTMP: one byte", port: "rtmp", sends: () => [Uint8Array.of(3)] },
  { name: "RTMP: half a handshake", port: "rtmp", sends: (random) => [hello(random).subarray(0, 700)] },
  { name: "RTMP: a handshake without C2", port: "rtmp", sends: (random) => [hello(random)] },
  {
    name: "RTMP: a handshake and nothing",
    port: "rtmp",
    sends: (random) => [hello(random), random.bytes(1536)],
  },
  {
    name: "RTMP: a handshake and noise",
    port: "rtmp",
    sends: (random) => [hello(random), random.bytes(1536), random.bytes(4_000)],
  },
  {
    name: "RTMP: a handshake and the beginning of a message of 16 MB",
    port: "rtmp",
    sends: (random) => [
      hello(random),
      random.bytes(1536),
      Uint8Array.of(0x03, 0, 0, 0, 0xff, 0xff, 0xff, 0x14, 0, 0, 0, 0),
      random.bytes(128),
    ],
  },
  {
    name: "RTMP: a handshake and a message begun on each of many chunk streams",
    port: "rtmp",
    sends: (random) => [
      hello(random),
      random.bytes(1536),
      ...Array.from({ length: 61 }, (_, i) => {
        const chunk = new Uint8Array(12 + 128);
        chunk.set([3 + i, 0, 0, 0, 0x00, 0xff, 0xff, 0x09, 1, 0, 0, 0]);
        return chunk;
      }),
    ],
  },
  { name: "RTMP: noise", port: "rtmp", sends: (random) => [random.bytes(8_000)] },
  { name: "RTMP: an HTTP request", port: "rtmp", sends: () => [ascii("GET / HTTP/1.1\r\nHost: x\r\n\r\n")] },
  { name: "HTTP: nothing", port: "http", sends: () => [] },
  { name: "HTTP: noise", port: "http", sends: (random) => [random.bytes(4_000)] },
  {
    name: "HTTP: half a request",
    port: "http",
    sends: () => [ascii("GET /live/demo.flv HTTP/1.1\r\nHost: ")],
  },
  {
    name: "HTTP: headers without an end",
    port: "http",
    sends: () => [ascii(`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(500)}`)],
  },
  {
    name: "HTTP: too many headers",
    port: "http",
    sends: () => [ascii(`GET / HTTP/1.1\r\nHost: x\r\n${"x: yyyyyyyyyyyyyyyyyyyy\r\n".repeat(2_000)}\r\n`)],
  },
  {
    name: "HTTP: a stream that is not there",
    port: "http",
    allowed: true,
    sends: () => [ascii("GET /live/none.flv HTTP/1.1\r\nHost: x\r\n\r\n")],
  },
  {
    name: "HTTP: half a WebSocket handshake",
    port: "http",
    sends: () => [
      ascii("GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ],
  },
  {
    name: "HTTP: a WebSocket that sends noise",
    port: "http",
    sends: (random) => [
      ascii(
        "GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2x1aWNlIHNsdWljZSBzbA==\r\n\r\n",
      ),
      random.bytes(2_000),
    ],
  },
  {
    name: "HTTP: a viewer that reads nothing",
    port: "http",
    allowed: true,
    sends: () => [ascii("GET /live/demo.flv HTTP/1.1\r\nHost: x\r\n\r\n")],
  },
];

/** A connection that attacks. */
export interface Attacker {
  readonly attack: Attack;
  /** Whether the connection is closed, whoever closed it. */
  readonly gone: boolean;
  /** Breaks it. */
  leave(): void;
}

/** Settles once it is connected and has begun. */
export async function openAttacker(given: Attack, port: number, random: Random): Promise<Attacker> {
  const socket: Socket = connect(port, "127.0.0.1");
  let gone = false;
  socket.on("error", () => {});
  socket.on("close", () => {
    gone = true;
  });
  await once(socket, "connect");
  for (const bytes of given.sends(random)) socket.write(bytes);
  // Read, or the end would not be seen; but nothing is answered.
  if (given.allowed === undefined) socket.resume();
  return {
    attack: given,
    get gone() {
      return gone;
    },
    leave: () => cutOff(socket),
  };
}

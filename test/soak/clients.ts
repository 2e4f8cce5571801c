import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createRtmpClientConnection } from "../../src/media/wire/rtmp/client.js";
import { cutOff } from "../../src/server/net/socket-writer.js";
import { NODE_CRYPTO } from "../../src/server/protocol/rtmp/crypto.js";

/** Viewers and publishers that cost as little as possible: no libraries between them and the socket. */

export interface Ports {
  readonly rtmpPort: number;
  readonly httpPort: number;
}

/** In order, by closing the socket, or by breaking the connection. */
export type Leave = "orderly" | "close" | "reset";
export const LEAVES: readonly Leave[] = ["orderly", "close", "reset"];

export type ViewerKind = "http-flv" | "ws-flv" | "mp4" | "rtmp";
export const VIEWER_KINDS: readonly ViewerKind[] = ["http-flv", "ws-flv", "rtmp", "mp4"];

/** A viewer leaves once it has got this much: media, not only headers. */
const ENOUGH_BYTES = 8_000;

/**
 * Watches a stream until media has come, and leaves.
 *
 * @param name such as `demo`, in app `live`
 * @throws Error when it was refused or cut off before
 */
export function view(ports: Ports, kind: ViewerKind, name: string, leave: Leave): Promise<void> {
  return kind === "rtmp"
    ? viewRtmp(ports.rtmpPort, name, leave)
    : viewHttp(ports.httpPort, kind, name, leave);
}

function viewHttp(
  port: number,
  kind: "http-flv" | "ws-flv" | "mp4",
  name: string,
  leave: Leave,
): Promise<void> {
  const file = kind === "mp4" ? `${name}.mp4` : `${name}.flv`;
  const upgrade =
    kind === "ws-flv"
      ? "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2x1aWNlIHNsdWljZSBzbA==\r\n"
      : "";
  const wanted = kind === "ws-flv" ? "HTTP/1.1 101" : "HTTP/1.1 200";
  return withSocket(port, (socket, done, fail) => {
    let read = 0;
    socket.on("connect", () =>
      socket.write(`GET /live/${file} HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`),
    );
    socket.on("data", (slice: Buffer) => {
      if (read === 0 && !slice.subarray(0, 12).equals(Buffer.from(wanted))) {
        fail(new Error(`${kind} ${name}: ${slice.subarray(0, 40).toString("latin1")}`));
      }
      read += slice.length;
      if (read < ENOUGH_BYTES) return;
      // A close frame with 1000, masked with zeros, is WebSocket's goodbye; HTTP has none.
      const goodbye = kind === "ws-flv" ? Buffer.from("88820000000003e8", "hex") : undefined;
      if (leave === "orderly" && goodbye !== undefined) socket.write(goodbye);
      done(leave);
    });
  });
}

function viewRtmp(port: number, name: string, leave: Leave): Promise<void> {
  return withSocket(port, (socket, done, fail) => {
    let read = 0;
    const client = createRtmpClientConnection(
      { crypto: NODE_CRYPTO, mode: "play", tcUrl: `rtmp://127.0.0.1:${port}/live`, app: "live", name },
      {
        send: (bytes) => void socket.write(bytes),
        ready() {},
        media(_type, _timestamp, body) {
          read += body.length;
        },
        failed: ({ code }) => fail(new Error(`rtmp ${name}: ${code}`)),
      },
    );
    socket.on("connect", () => client.start());
    socket.on("data", (slice: Buffer) => {
      client.push(slice, 0);
      if (read < ENOUGH_BYTES) return;
      if (leave === "orderly") client.close();
      done(leave);
    });
  });
}

/**
 * Publishes the demo clip's first group of pictures, and leaves when all of it has been written and `watched` settles.
 *
 * @throws Error when it was refused or cut off before
 */
export function publish(ports: Ports, name: string, leave: Leave, watched: Promise<void>): Promise<void> {
  const port = ports.rtmpPort;
  return withSocket(port, (socket, done, fail) => {
    const client = createRtmpClientConnection(
      { crypto: NODE_CRYPTO, mode: "publish", tcUrl: `rtmp://127.0.0.1:${port}/live`, app: "live", name },
      {
        send: (bytes) => void socket.write(bytes),
        ready() {
          for (const { type, timestamp, body } of firstTags()) client.sendMedia(type, timestamp, body);
          socket.write(new Uint8Array(0), () => {
            watched.then(() => {
              if (leave === "orderly") client.close();
              done(leave);
            }, fail);
          });
        },
        media() {},
        failed: ({ code }) => fail(new Error(`publish ${name}: ${code}`)),
      },
    );
    socket.on("connect", () => client.start());
    socket.on("data", (slice: Buffer) => client.push(slice, 0));
  });
}

/** Connects, and settles when the connection is closed: as the client wanted, or with an error. */
function withSocket(
  port: number,
  use: (socket: Socket, done: (leave: Leave) => void, fail: (error: Error) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let left = false;
    const done = (leave: Leave): void => {
      if (left) return;
      left = true;
      socket.removeAllListeners("data");
      if (leave === "orderly") socket.end();
      if (leave === "orderly") socket.resume();
      else if (leave === "close") socket.destroy();
      else cutOff(socket);
    };
    const fail = (error: Error): void => {
      reject(error);
      socket.destroy();
    };
    socket.on("error", (error) => {
      // Whoever closes while bytes are on their way may be told so.
      if (!left) fail(error);
    });
    socket.on("close", () => {
      if (left) resolve();
      else reject(new Error("the server closed the connection"));
    });
    use(socket, done, fail);
  });
}

interface Tag {
  readonly type: number;
  readonly timestamp: number;
  readonly body: Uint8Array;
}

let tags: Tag[] | undefined;

/** The demo clip's first second as RTMP messages: configurations, a key frame, what follows, and sound. */
function firstTags(): readonly Tag[] {
  if (tags !== undefined) return tags;
  tags = [];
  const file = readFileSync("assets/demo.flv");
  for (let at = 13; at + 11 < file.length; ) {
    const length = file.readUIntBE(at + 1, 3);
    const timestamp = file.readUIntBE(at + 4, 3);
    if (timestamp > 1000) break;
    tags.push({ type: file[at] as number, timestamp, body: file.subarray(at + 11, at + 11 + length) });
    at += 11 + length + 4;
  }
  return tags;
}

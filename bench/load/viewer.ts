import { connect, type Socket } from "node:net";
import { sharedMicros } from "../stamp.js";
import { createFlvReader } from "./flv-reader.js";
import { createHttpWire } from "./http-wire.js";
import { createRtmpWire } from "./rtmp-wire.js";
import { createTagCheck, type FrameIndex, type TagCheck } from "./tag-check.js";
import { createWebSocketWire } from "./websocket-wire.js";
import type { Wire } from "./wire.js";

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "ws:": 80, "rtmp:": 1935 };

/** One buffer for all: what is read is used up before the next read. */
const READ_BUFFER = Buffer.alloc(256 * 1024);

export interface Viewer {
  readonly bytes: number;
  readonly reads: number;
  /** When bytes last came, on the shared clock. */
  readonly readAt: number;
  readonly playing: boolean;
  /** What went wrong; undefined while all is well. */
  readonly problem: string | undefined;
  /** What a closely watched one got. */
  readonly check: TagCheck | undefined;
  /** From the connect to the first complete key frame, microseconds; closely watched ones only. */
  readonly firstKeyMicros: number | undefined;
  close(): void;
}

/** @param index the clip's frames, for a viewer that is watched closely; the others count bytes */
export function openViewer(url: URL, index: FrameIndex | undefined): Viewer {
  const check = index === undefined ? undefined : createTagCheck(index);
  const began = sharedMicros();
  let bytes = 0;
  let reads = 0;
  let readAt = began;
  let problem: string | undefined;

  const socket: Socket = connect({
    host: url.hostname,
    port: Number(url.port) || (DEFAULT_PORTS[url.protocol] ?? 0),
    noDelay: true,
    onread: {
      buffer: READ_BUFFER,
      callback(length, buffer) {
        bytes += length;
        reads += 1;
        readAt = sharedMicros();
        try {
          wire.push(buffer.subarray(0, length));
        } catch (error) {
          fail((error as Error).message);
        }
        return true;
      },
    },
  });
  const wire = createWire(url, (sent) => void socket.write(sent), check);
  function fail(what: string): void {
    problem ??= what;
    socket.destroy();
  }
  socket.on("connect", () => wire.open());
  socket.on("error", (error) => fail(error.message));
  socket.on("end", () => fail("the server closed the connection"));
  socket.on("close", () => fail("the connection was closed"));

  return {
    get bytes() {
      return bytes;
    },
    get reads() {
      return reads;
    },
    get readAt() {
      return readAt;
    },
    get playing() {
      return wire.playing;
    },
    get problem() {
      return problem;
    },
    check,
    get firstKeyMicros() {
      return check?.firstKeyAt === undefined ? undefined : check.firstKeyAt - began;
    },
    close: () => void socket.destroy(),
  };
}

function createWire(url: URL, send: (bytes: Uint8Array) => void, check: TagCheck | undefined): Wire {
  if (url.protocol === "rtmp:") return createRtmpWire({ url, send, message: check?.tag });
  const body = check === undefined ? undefined : createFlvReader(check.tag);
  return url.protocol === "ws:"
    ? createWebSocketWire({ url, send, body })
    : createHttpWire({ url, send, body });
}

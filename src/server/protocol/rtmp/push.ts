import { connect, type Socket } from "node:net";
import { ByteWriter } from "../../../media/bytes/writer.js";
import { encodeAmf0 } from "../../../media/format/amf/amf0.js";
import { TAG_SCRIPT } from "../../../media/format/flv/constants.js";
import { writeMetadataBody } from "../../../media/format/flv/script.js";
import {
  compositionTimeOf,
  tagTimestamp,
  tagTypeOf,
  writeConfigBody,
  writePacketBody,
} from "../../../media/format/flv/tag-encoder.js";
import { MediaError } from "../../../media/model/error.js";
import type { Metadata, Packet } from "../../../media/model/packet.js";
import type { Track } from "../../../media/model/track.js";
import { createRtmpClientConnection } from "../../../media/wire/rtmp/client.js";
import type { RtmpFailure } from "../../../media/wire/rtmp/client-types.js";
import { NODE_CRYPTO } from "./crypto.js";
import type { RtmpUrl } from "./url.js";

const DEFAULT_TIMEOUT_MS = 10_000;
/** More than this waits for the network: `ready` tells when it is less again. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** How long the last bytes may take to leave. */
const LINGER_MS = 2_000;

/** Why there is no publication, or no longer: the message is for people. */
export class RtmpPushError extends Error {
  /** What the server said, where it said something. */
  readonly status: RtmpFailure | undefined;

  constructor(message: string, options: { readonly status?: RtmpFailure; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "RtmpPushError";
    this.status = options.status;
  }
}

/** A stream that we publish elsewhere. Times are in microseconds from 0. */
export interface RtmpPush {
  describe(metadata: Metadata): void;
  /** A track's first or changed configuration, ahead of its packets. */
  track(track: Track): void;
  write(packet: Packet): void;
  /** Settles when the network can take more. @throws RtmpPushError when the publication is over */
  ready(): Promise<void>;
  readonly bytesOut: number;
  /** Says goodbye and closes; settles when all is released. Idempotent. */
  close(): Promise<void>;
}

/**
 * Connects to an RTMP server and publishes.
 *
 * @throws RtmpPushError when the server cannot be reached, or says no
 */
export function openRtmpPush(
  url: RtmpUrl,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<RtmpPush> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = connect({ host: url.host, port: url.port, noDelay: true });
    const out = new ByteWriter(64 * 1024);
    let failure: unknown;
    let opened = false;
    let waiting: { resolve(): void; reject(error: unknown): void } | undefined;
    /** The last timestamp sent: what is not media is given it. */
    let now = 0;

    const client = createRtmpClientConnection(
      { crypto: NODE_CRYPTO, mode: "publish", tcUrl: url.tcUrl, app: url.app, name: url.streamName },
      {
        send: (bytes) => void socket.write(bytes),
        ready() {
          opened = true;
          clearTimeout(timer);
          resolve(push);
        },
        media() {},
        failed: (status) => fail(new RtmpPushError(explainFailure(status), { status })),
      },
    );
    const closed = new Promise<void>((settle) => {
      socket.once("close", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        fail(new RtmpPushError("the server closed the connection"));
        settle();
      });
    });
    const timer = setTimeout(
      () => fail(new RtmpPushError(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener("abort", onAbort);

    function fail(error: unknown): void {
      if (failure !== undefined) return;
      failure = error;
      clearTimeout(timer);
      if (opened) goodbye(client, socket);
      else socket.destroy();
      waiting?.reject(error);
      waiting = undefined;
      reject(error);
    }

    function send(type: number, timestamp: number): void {
      client.sendMedia(type, timestamp, out.finish());
    }

    const push: RtmpPush = {
      describe(metadata) {
        if (!client.isReady) return;
        out.write(encodeAmf0(["@setDataFrame"]));
        writeMetadataBody(metadata, out);
        send(TAG_SCRIPT, now);
      },
      track(track) {
        if (client.isReady && writeConfigBody(track, "standard", out)) send(tagTypeOf(track), now);
      },
      write(packet) {
        if (!client.isReady) return;
        now = tagTimestamp(packet.dts, 0);
        writePacketBody(packet, compositionTimeOf(packet, 0), "standard", out);
        send(tagTypeOf(packet.track), now);
      },
      ready() {
        if (failure !== undefined) return Promise.reject(failure);
        if (socket.writableLength < MAX_PENDING_BYTES) return Promise.resolve();
        return new Promise((resume, giveUp) => {
          waiting = { resolve: resume, reject: giveUp };
        });
      },
      get bytesOut() {
        return socket.bytesWritten;
      },
      close() {
        fail(new RtmpPushError("closed"));
        return closed;
      },
    };

    socket.on("connect", () => client.start());
    socket.on("drain", () => {
      waiting?.resolve();
      waiting = undefined;
    });
    socket.on("data", (slice) => {
      try {
        client.push(slice, Date.now() * 1000);
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        fail(
          new RtmpPushError(`the server does not speak RTMP as we know it: ${error.message}`, {
            cause: error,
          }),
        );
      }
    });
    socket.on("error", (error) => fail(new RtmpPushError(explainSocket(error, url), { cause: error })));
  });
}

/** Says goodbye, lets the last bytes leave, and closes. */
function goodbye(client: { close(): void }, socket: Socket): void {
  client.close();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}

function explainSocket(error: NodeJS.ErrnoException, { host, port }: RtmpUrl): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return `connection refused: nothing listens on ${host} port ${port}; is the server running?`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `there is no host ${host}`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${host} cannot be reached`;
    case "ECONNRESET":
    case "EPIPE":
      return "the server broke the connection";
    default:
      return error.message;
  }
}

function explainFailure({ reason, code, description }: RtmpFailure): string {
  const said = [code, description].filter((part) => part !== "").join(": ");
  switch (reason) {
    case "connect-rejected":
      return `the server refused the connection (${said})`;
    case "publish-rejected":
      return code === "NetStream.Publish.BadName"
        ? `the name is not free, or no name that the server takes (${said})`
        : `the server does not let us publish (${said})`;
    case "ended":
      return `the server ended the stream (${said})`;
    default:
      return `the server refused (${said})`;
  }
}

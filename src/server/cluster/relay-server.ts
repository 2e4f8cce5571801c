import { timingSafeEqual } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { Hub } from "../../hub/hub.js";
import type { HubReason } from "../../hub/reason.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Subscriber } from "../../hub/subscriber.js";
import { encodeRelayEnd, relayFormat } from "../../media/format/relay/muxer.js";
import { createRelayRequestParser, type RelayRequest } from "../../media/format/relay/request.js";
import type { Logger } from "../contract/logger.js";
import { UNFRAMED } from "../net/framing.js";
import { SocketWriter } from "../net/socket-writer.js";

/** How long a process that dials may take to say what it wants, and then to read the end. */
const PATIENCE_MS = 5_000;
/** A stream is announced to the others before its tracks are known: who is early waits. */
const WAIT_MS = 10_000;

export interface RelayServerInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** A path of the file system, or a named pipe. */
  readonly address: string;
  readonly secret: string;
}

/** Hands what is published in this process to others, each stream once for each of them. */
export interface RelayServer {
  /** @throws what the listen call failed with */
  listen(): Promise<void>;
  /** Cuts off who still reads. Idempotent. */
  close(): Promise<void>;
}

const BOTH = { video: true, audio: true } as const;

export function createRelayServer(init: RelayServerInit): RelayServer {
  const { hub, scheduler, log, address } = init;
  const sockets = new Set<Socket>();
  const secret = Buffer.from(init.secret);
  let closed: Promise<void> | undefined;
  const server = createServer({ highWaterMark: 256 * 1024 }, (socket) => {
    sockets.add(socket);
    const gone = new AbortController();
    const cancel = scheduler.after(PATIENCE_MS, () => socket.destroy());
    socket.once("close", () => {
      cancel();
      sockets.delete(socket);
      gone.abort();
    });
    socket.on("error", () => {});
    const parser = createRelayRequestParser();
    const onData = (slice: Uint8Array): void => {
      let request: RelayRequest | undefined;
      try {
        request = parser.push(slice);
      } catch (error) {
        log.warn({ err: error }, "a relay request that cannot be read");
        socket.destroy();
      }
      if (request === undefined) return;
      cancel();
      socket.off("data", onData);
      socket.resume();
      serve(socket, request, gone.signal).catch((error: unknown) => {
        log.error({ err: error }, "passing a stream on failed");
        socket.destroy();
      });
    };
    socket.on("data", onData);
  });

  async function serve(socket: Socket, request: RelayRequest, gone: AbortSignal): Promise<void> {
    const given = Buffer.from(request.secret);
    if (given.length !== secret.length || !timingSafeEqual(given, secret)) {
      log.warn({}, "a relay request with a wrong secret");
      socket.destroy();
      return;
    }
    const stream = await hub.whenLive(request.name, WAIT_MS, gone);
    if (gone.aborted) return;
    let subscriber: Subscriber | undefined;
    const writer = new SocketWriter(socket, {
      framing: UNFRAMED,
      end: () => {},
      destroy: () => socket.destroy(),
    });
    const end = (reason: HubReason | "not-live"): void => {
      writer.release();
      socket.end(encodeRelayEnd(reason));
      const cancel = scheduler.after(PATIENCE_MS, () => socket.destroy());
      gone.addEventListener("abort", cancel);
    };
    // What comes from another process itself is passed on by that one: a ring of processes would never end.
    if (stream === undefined || stream.publisher?.relayed !== false) {
      end("not-live");
      return;
    }
    subscriber = stream.subscribe({
      format: relayFormat((dts) => stream.clockAt(dts)),
      selection: BOTH,
      onePublication: true,
      sink: {
        direct: writer,
        accept: (batch) => writer.accept(batch),
        cork: () => writer.cork(),
        uncork: () => writer.uncork(),
        dropped: (drop) =>
          log.warn({ name: request.name, ...drop }, "another process is too slow for a stream"),
        end,
      },
    });
    if (subscriber.ended) return;
    writer.onDrain(() => subscriber.resume());
    gone.addEventListener("abort", () => subscriber.close("aborted"));
  }

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(address, () => {
          server.off("error", reject);
          server.on("error", (error) => log.error({ err: error }, "the relay's listener failed"));
          resolve();
        });
      }),
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closed;
    },
  };
}

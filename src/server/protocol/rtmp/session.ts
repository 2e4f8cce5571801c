import type { Socket } from "node:net";
import { type Work, worked } from "../../../hub/work.js";
import { MediaError } from "../../../media/model/error.js";
import { createRtmpServerConnection } from "../../../media/wire/rtmp/server.js";
import type { RtmpRequest } from "../../../media/wire/rtmp/server-request.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import { MAX_USER_AGENT_LENGTH, type Session, type SessionReason } from "../../contract/session.js";
import type { Span } from "../../contract/trace.js";
import { UNFRAMED } from "../../net/framing.js";
import { cutOff, SocketWriter } from "../../net/socket-writer.js";
import { NODE_CRYPTO } from "./crypto.js";
import { type PlayRole, startPlay } from "./play.js";
import { type PublishRole, startPublish } from "./publish.js";
import type { Role } from "./role.js";

/** How often a player is asked whether it is still there. */
const PING_MS = 30_000;
/** Each request to publish or play asks `authorize` and is logged: so many in a window, and the connection ends. */
const MAX_REQUESTS = 32;
const REQUESTS_WINDOW_MS = 60_000;
/** How long a peer may take to read its last messages and close. */
const LINGER_MS = 2_000;
/** More than this, and nothing more is read from a peer until it has read. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** What is read from who does not publish. */
const CONTROL: Work = { stage: "control", protocol: "rtmp", stream: "" };

/** What a connection needs to know of the configuration. */
export interface RtmpSessionOptions {
  readonly handshakeTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly waitForPublisherMs: number;
}

/** One connection, whatever it carries. */
export interface RtmpSession {
  /** Looks at the clock, about once a second. */
  sweep(): void;
  /** Ends all that it carries in order, then the connection. Idempotent. */
  close(reason: SessionReason): void;
  /** Settles once the socket is closed and all is released. */
  readonly closed: Promise<void>;
}

/**
 * @param first the connection's record; further streams on it get records of their own
 */
export function createRtmpSession(
  socket: Socket,
  first: Session,
  options: RtmpSessionOptions,
  context: ProtocolContext,
): RtmpSession {
  const { scheduler, log, probe } = context;
  const { remoteAddress } = first;
  const openWriter = (): SocketWriter =>
    new SocketWriter(socket, {
      framing: UNFRAMED,
      end: () => end("shutdown"),
      destroy: () => end("shutdown", undefined, "cut"),
    });
  /** For the connection's own messages. */
  const writer = openWriter();
  const publishing = new Map<RtmpRequest, PublishRole>();
  const playing = new Map<RtmpRequest, PlayRole>();
  /** The record of a connection that does nothing at the moment; undefined while a stream has it. */
  let spare: Session | undefined = first;
  /** Whom received bytes and control messages are counted for: the one that was active last. */
  let account = first;
  /** What reading from it is, in a profile: what it was the last time. */
  let reading: Work = CONTROL;
  let userAgent: string | undefined;
  let begun = false;
  let readAt = scheduler.now();
  /** Since when nothing has happened on it, the scheduler's clock. */
  let unusedSince = readAt;
  let pingedAt: number | undefined;
  let socketError: Error | undefined;
  let ended: { reason: SessionReason; detail: string | undefined } | undefined;
  let cancelLinger = (): void => {};
  let requests = 0;
  let requestsSince = scheduler.now();

  const handshake = first.trace.start("handshake");
  let connect: Span | undefined;
  const machine = createRtmpServerConnection(
    { crypto: NODE_CRYPTO },
    {
      send(bytes) {
        account.counters.bytesOut += bytes.length;
        writer.write(bytes);
      },
      handshaken() {
        handshake.end();
        connect = first.trace.start("connect");
      },
      connected(info) {
        connect?.end();
        userAgent = info.flashVer.slice(0, MAX_USER_AGENT_LENGTH) || undefined;
      },
      publish: (request) => begin(request, publishing, startPublish),
      play: (request) => begin(request, playing, startPlay),
      media(type, timestamp, body, streamId, receivedAt) {
        for (const [request, role] of publishing) {
          if (request.streamId !== streamId) continue;
          account = role.session;
          reading = role.work;
          role.media(type, timestamp, body, receivedAt);
        }
      },
      stopped(request, why) {
        const role = publishing.get(request) ?? playing.get(request);
        if (role === undefined) return;
        if (why === "disconnect" && ended !== undefined) role.stop(ended.reason, ended.detail);
        else role.stop("client-closed");
        remove(request);
      },
      paused(streamId, paused) {
        for (const [request, role] of playing) if (request.streamId === streamId) role.pause(paused);
      },
      dropped() {
        account.counters.undecodable += 1;
      },
    },
  );

  function begin<R extends Role>(
    request: RtmpRequest,
    roles: Map<RtmpRequest, R>,
    start: (init: Parameters<typeof startPlay>[0]) => R,
  ): void {
    const session = isTooOften() ? undefined : takeSession();
    if (session === undefined) {
      const detail = requests > MAX_REQUESTS ? "too many requests to publish or play" : "no more sessions";
      // The machine wants no answer from within its call; and a server that is full answers nobody at length.
      queueMicrotask(() => end("limit", detail));
      return;
    }
    begun = true;
    const role = start({
      context,
      machine,
      openWriter,
      request,
      session,
      userAgent,
      waitForPublisherMs: options.waitForPublisherMs,
      onOver: (reason, detail) => {
        remove(request);
        if (publishing.size + playing.size === 0) end(reason, detail);
      },
    });
    roles.set(request, role);
  }

  function isTooOften(): boolean {
    const now = scheduler.now();
    if (now - requestsSince > REQUESTS_WINDOW_MS * 1000) {
      requestsSince = now;
      requests = 0;
    }
    requests += 1;
    return requests > MAX_REQUESTS;
  }

  function remove(request: RtmpRequest): void {
    publishing.delete(request);
    playing.delete(request);
    if (publishing.size + playing.size > 0 || ended !== undefined) return;
    unusedSince = scheduler.now();
  }

  /** The record for a new stream: the connection's own for the first. */
  function takeSession(): Session | undefined {
    const session = spare ?? openSession();
    spare = undefined;
    if (session !== undefined) account = session;
    return session;
  }

  function openSession(): Session | undefined {
    const session = context.openSession({ protocol: "rtmp", remoteAddress, userAgent });
    if (session !== undefined) watch(session);
    return session;
  }

  /** An operator or the server's end closes what a record stands for. */
  function watch(session: Session): void {
    const onAbort = (): void => {
      const reason = session.signal.reason as SessionReason;
      const role = [...publishing.values(), ...playing.values()].find((one) => one.session === session);
      if (role !== undefined) role.end(reason);
      else if (session === spare) end(reason);
    };
    session.signal.addEventListener("abort", onAbort, { once: true });
  }

  function end(reason: SessionReason, detail?: string, how: "orderly" | "cut" = "orderly"): void {
    if (ended !== undefined) return;
    ended = { reason, detail };
    for (const role of [...publishing.values(), ...playing.values()]) {
      if (how === "orderly") role.end(reason);
      else role.stop(reason, detail);
    }
    machine.close();
    spare?.end(reason, detail);
    spare = undefined;
    writer.release();
    if (socket.destroyed) return;
    if (how === "cut") {
      cutOff(socket);
      return;
    }
    socket.end();
    cancelLinger = scheduler.after(LINGER_MS, () => cutOff(socket));
  }

  function receive(slice: Uint8Array): void {
    if (ended !== undefined) return;
    readAt = scheduler.now();
    pingedAt = undefined;
    try {
      machine.push(slice, scheduler.wall());
      account.counters.bytesIn += slice.length;
    } catch (error) {
      account.counters.bytesIn += slice.length;
      if (error instanceof MediaError) {
        end(error.code === "limit" ? "limit" : "malformed", error.message, "cut");
      } else {
        log.error({ ...account.logFields, remoteAddress, err: error }, "RTMP connection failed");
        end("internal", String(error), "cut");
      }
    }
    // Answers that nobody reads must not pile up: who does not read is not read from.
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.pause();
  }

  function sweep(): void {
    if (ended !== undefined) return;
    const now = scheduler.now();
    const idleMicros = options.idleTimeoutMs * 1000;
    if (publishing.size + playing.size === 0) {
      const limit = begun ? idleMicros : options.handshakeTimeoutMs * 1000;
      if (now - unusedSince > limit) end(begun ? "idle-timeout" : "handshake-timeout");
      return;
    }
    for (const role of publishing.values()) {
      if (role.lastMediaAt !== undefined && now - role.lastMediaAt > idleMicros) role.end("idle-timeout");
    }
    if (pingedAt !== undefined) {
      // A publisher shows by its media that it is there.
      if (publishing.size === 0 && now - pingedAt > idleMicros) end("idle-timeout");
    } else if (now - readAt > PING_MS * 1000) {
      pingedAt = now;
      machine.ping(Math.floor(now / 1000) % 2 ** 32);
    }
  }

  watch(first);
  socket.on("data", (slice: Uint8Array) => worked(probe, reading, () => receive(slice)));
  socket.on("drain", () => socket.resume());
  socket.on("error", (error) => {
    socketError = error;
  });
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      cancelLinger();
      end(socketError === undefined ? "client-closed" : "client-reset", socketError?.message, "cut");
      resolve();
    });
  });
  return { sweep, close: (reason) => end(reason), closed };
}

import type { Socket } from "node:net";
import type { Publisher } from "../../../hub/publisher.js";
import { Refused } from "../../../hub/refused.js";
import { worked } from "../../../hub/work.js";
import { MediaError } from "../../../media/model/error.js";
import { createRtspClient, describeFailure, type RtspFailure } from "../../../media/wire/rtsp/client.js";
import type { RtspTransportReply } from "../../../media/wire/rtsp/transport.js";
import type { SessionDescription } from "../../../media/wire/sdp/sdp.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import { REFUSAL_REASONS, type Session, type SessionReason } from "../../contract/session.js";
import { cutOff } from "../../net/socket-writer.js";
import { type StreamName, streamKey } from "../../net/stream-name.js";
import { version } from "../../version.js";
import { NODE_CRYPTO } from "./crypto.js";
import { createIngest, type Ingest } from "./ingest.js";
import { type ChosenMedia, chooseMedia } from "./media.js";
import { openUdpPair, type UdpPair } from "./udp.js";
import type { RtspUrl } from "./url.js";

/** How long things may take, milliseconds. */
export interface RtspTiming {
  /** To connect, and from one answer to the next until media comes. */
  readonly answerTimeoutMs: number;
  /** Without media after PLAY. */
  readonly idleTimeoutMs: number;
  /** Between two receiver reports of a track. */
  readonly reportMs: number;
  /** How often the clock is looked at. */
  readonly sweepMs: number;
}

export interface SourceInit {
  readonly url: RtspUrl;
  readonly transport: "tcp" | "udp";
  readonly place: StreamName;
  readonly timing: RtspTiming;
  /** Ends it in order; its reason is a SessionReason. */
  readonly signal: AbortSignal;
}

/** How one connection to a source ended. */
export interface SourceEnd {
  readonly reason: SessionReason;
  readonly detail?: string | undefined;
  /** The source is at this address, the server says. */
  readonly redirect?: string | undefined;
  /** For how long media came, microseconds. */
  readonly playedMicros: number;
}

/** How long the last bytes may take to leave. */
const LINGER_MS = 1_000;
/** So long without media after a goodbye, and that was all. */
const LEAVING_MICROS = 500_000;
/** Keep-alives come at least this often, whatever a server says of its patience. */
const MAX_KEEP_ALIVE_MICROS = 30_000_000;

const UDP_HINT = "; where datagrams are not let through, the transport tcp is";

const FAILURES: Readonly<Record<RtspFailure["reason"], SessionReason>> = {
  unauthorized: "denied",
  "not-found": "not-found",
  transport: "client-closed",
  refused: "client-closed",
};

/** Publishes what a source sends over an open connection, until one side ends it. Settles when all of it is released. */
export function runSession(
  socket: Socket,
  session: Session,
  init: SourceInit,
  context: ProtocolContext,
): Promise<SourceEnd> {
  const { url, place, timing } = init;
  const { scheduler, log, probe } = context;
  const key = streamKey(place);
  const work = { stage: "ingest", protocol: "rtsp", stream: key };
  const { remoteAddress = "", localAddress = "" } = socket;
  const pairs: UdpPair[] = [];
  /** What is under way: nothing is released before it has ended. */
  const tasks: Promise<void>[] = [];
  let chosen: readonly ChosenMedia[] = [];
  let publisher: Publisher | undefined;
  let ingest: Ingest | undefined;
  let end: SourceEnd | undefined;
  /** Since when media is due, and when any, or an answer that led on to it, last came. */
  let playingSince: number | undefined;
  let heardAt = scheduler.now();
  let reportedAt = heardAt;
  let keptAliveAt = heardAt;
  /** The source has said goodbye. What it sent before may still come. */
  let leaving = false;
  let cancelLinger = (): void => {};

  const client = createRtspClient(
    { url: url.url, credentials: url.credentials, crypto: NODE_CRYPTO, userAgent: `Sluice/${version()}` },
    {
      send(bytes) {
        session.counters.bytesOut += bytes.length;
        if (socket.writable) socket.write(bytes);
      },
      described: (description) => inOwnTime(setUp(description)),
      ready: (transports) => inOwnTime(begin(transports)),
      playing(rtptimes) {
        heardAt = playingSince = scheduler.now();
        ingest?.inform(rtptimes);
      },
      media: take,
      redirected: (to) => finish("client-closed", "the source is elsewhere", to),
      failed: (failure) => finish(FAILURES[failure.reason], describeFailure(failure)),
    },
  );

  async function setUp(description: SessionDescription): Promise<void> {
    heardAt = scheduler.now();
    chosen = chooseMedia(description, (detail) =>
      log.info({ ...session.logFields, detail }, "a medium of the source was left out"),
    );
    if (chosen.length === 0) {
      finish("no-tracks", "the source has neither H.264 nor H.265, AAC or Opus");
      return;
    }
    ingest = createIngest(chosen, session, context, () => {
      leaving = true;
    });
    for (let index = 0; init.transport === "udp" && index < chosen.length; index++) {
      const pair = await openUdpPair(localAddress, remoteAddress, {
        rtp: (data) => takeDatagram(index, "rtp", data),
        rtcp: (data) => takeDatagram(index, "rtcp", data),
      });
      pairs.push(pair);
      // It may have ended meanwhile, and closed those that there were.
      if (end !== undefined) {
        await pair.close();
        return;
      }
    }
    client.setUp(
      chosen.map(({ control }, index) => {
        const pair = pairs[index];
        if (pair === undefined) return { control, transport: { protocol: "tcp" } };
        return { control, transport: { protocol: "udp", rtpPort: pair.rtpPort, rtcpPort: pair.rtcpPort } };
      }),
    );
  }

  /** Takes the name, then asks for the media. */
  async function begin(transports: readonly RtspTransportReply[]): Promise<void> {
    heardAt = scheduler.now();
    let given: Publisher;
    try {
      given = await context.publish(key, {
        origin: session.trace.traceparent,
        onEnd: (reason) => finish(reason as SessionReason),
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      finish(REFUSAL_REASONS[error.code], error.message);
      return;
    }
    // It may have ended while the name was being asked for.
    if (end !== undefined) {
      given.end("unpublished");
      return;
    }
    publisher = given;
    session.begin("publish", place.app, place.name);
    ingest?.publishTo(given);
    for (const [index, reply] of transports.entries()) {
      if (reply.protocol !== "udp" || reply.rtpPort === undefined || reply.rtcpPort === undefined) continue;
      pairs[index]?.open(reply.rtpPort, reply.rtcpPort);
    }
    heardAt = scheduler.now();
    client.play();
  }

  function take(index: number, kind: "rtp" | "rtcp", data: Uint8Array): void {
    if (ingest === undefined || end !== undefined) return;
    if (kind === "rtp") heardAt = scheduler.now();
    ingest.take(index, kind, data);
  }

  function takeDatagram(index: number, kind: "rtp" | "rtcp", data: Uint8Array): void {
    session.counters.bytesIn += data.length;
    worked(probe, work, () => guarded(() => take(index, kind, data)));
  }

  function receive(slice: Uint8Array): void {
    if (end !== undefined) return;
    session.counters.bytesIn += slice.length;
    worked(probe, work, () => guarded(() => client.push(slice)));
  }

  /** A peer's fault ends the connection, and so does ours. */
  function guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof MediaError) {
        finish(error.code === "limit" ? "limit" : "malformed", error.message);
      } else {
        log.error({ ...session.logFields, err: error }, "RTSP source failed");
        finish("internal", String(error));
      }
    }
  }

  function inOwnTime(task: Promise<void>): void {
    const guardedTask = task.catch((error: unknown) =>
      guarded(() => {
        throw error;
      }),
    );
    tasks.push(guardedTask);
  }

  function sweep(): void {
    if (end !== undefined) return;
    const now = scheduler.now();
    if (leaving && now - heardAt > Math.min(LEAVING_MICROS, timing.idleTimeoutMs * 1000)) {
      finish("client-closed", "the source said goodbye");
      return;
    }
    const limitMs = playingSince === undefined ? timing.answerTimeoutMs : timing.idleTimeoutMs;
    if (now - heardAt > limitMs * 1000) {
      if (playingSince === undefined) finish("handshake-timeout", `no answer within ${limitMs / 1000} s`);
      else finish("idle-timeout", `no media for ${limitMs / 1000} s${pairs.length > 0 ? UDP_HINT : ""}`);
      return;
    }
    guarded(() => ingest?.sweep());
    if (playingSince === undefined) return;
    if (now - reportedAt >= timing.reportMs * 1000) {
      reportedAt = now;
      report();
    }
    // Half of a server's patience, so that one may get lost.
    if (now - keptAliveAt >= Math.min(client.timeoutMicros / 2, MAX_KEEP_ALIVE_MICROS)) {
      keptAliveAt = now;
      client.keepAlive();
    }
  }

  function report(): void {
    for (const index of chosen.keys()) {
      const bytes = ingest?.report(index);
      if (bytes === undefined) continue;
      const pair = pairs[index];
      if (pair === undefined) client.sendRtcp(index, bytes);
      else pair.sendRtcp(bytes);
    }
  }

  function finish(reason: SessionReason, detail?: string, redirect?: string): void {
    if (end !== undefined) return;
    const playedMicros = playingSince === undefined ? 0 : Math.max(0, heardAt - playingSince);
    end = { reason, detail, redirect, playedMicros };
    cancelSweep();
    publisher?.end(reason);
    client.close();
    session.end(reason, detail);
    if (socket.destroyed) return;
    socket.end();
    cancelLinger = scheduler.after(LINGER_MS, () => cutOff(socket));
  }

  const cancelSweep = scheduler.every(timing.sweepMs, sweep);
  const onAbort = (): void => finish((init.signal.reason as SessionReason) ?? "aborted");
  const onKick = (): void => finish(session.signal.reason as SessionReason);
  init.signal.addEventListener("abort", onAbort);
  session.signal.addEventListener("abort", onKick);
  session.ask("publish", place.app, place.name);

  return new Promise((resolve) => {
    let socketError: Error | undefined;
    socket.on("data", receive);
    // A server that closes its half has nothing more to send.
    socket.on("end", () => finish("client-closed", "the server closed the connection"));
    socket.on("error", (error) => {
      socketError = error;
    });
    socket.once("close", () => {
      cancelLinger();
      finish(socketError === undefined ? "client-closed" : "client-reset", socketError?.message);
      init.signal.removeEventListener("abort", onAbort);
      session.signal.removeEventListener("abort", onKick);
      void released().then(resolve);
    });
    if (init.signal.aborted) onAbort();
    else client.start();
  });

  async function released(): Promise<SourceEnd> {
    await Promise.all(tasks);
    await Promise.all(pairs.map((pair) => pair.close()));
    return end as SourceEnd;
  }
}

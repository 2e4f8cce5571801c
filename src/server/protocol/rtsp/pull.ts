import { setTimeout as sleep } from "node:timers/promises";
import type { ProtocolContext } from "../../contract/protocol.js";
import { PullError } from "../../contract/pull.js";
import type { SessionReason } from "../../contract/session.js";
import { peerAddress } from "../../net/peer.js";
import { type StreamName, streamKey } from "../../net/stream-name.js";
import { dial } from "./dial.js";
import { type RtspTiming, runSession, type SourceEnd } from "./session.js";
import { parseRtspUrl, type RtspUrl } from "./url.js";

/** Between attempts: this long at first, twice as long each time, and no longer than that, milliseconds. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** A source that has sent for this long was well: its next end is a new one, microseconds. */
const WELL_MICROS = 10_000_000;
/** Servers that send us on and on are left alone for a while. */
const MAX_REDIRECTS = 5;

export interface PullInit {
  readonly url: RtspUrl;
  /** Whether media comes in the RTSP connection, or in datagrams beside it. */
  readonly transport: "tcp" | "udp";
  /** What it is published as. */
  readonly place: StreamName;
  readonly timing: RtspTiming;
  /** Ends it; its reason is a SessionReason. */
  readonly signal: AbortSignal;
}

/** Ends that somebody wanted: they are no reason to begin again. */
const WANTED: ReadonlySet<SessionReason> = new Set(["aborted", "kicked", "shutdown", "taken-over"]);

/**
 * Fetches a source and publishes it; when it is lost, again, after a pause that grows. Its name is free in between, and
 * its viewers are kept for `keepViewersMs` as those of any publisher. Settles when the signal fires, or somebody has ended
 * the stream.
 *
 * @throws PullError when the source lets nobody in, or has nothing to publish
 */
export async function pullRtsp(init: PullInit, context: ProtocolContext): Promise<void> {
  const { signal, place } = init;
  const { log } = context;
  let { url } = init;
  let retryMs = FIRST_RETRY_MS;
  let redirects = 0;
  while (!signal.aborted) {
    const { reason, detail, redirect, playedMicros } = await attempt({ ...init, url }, context);
    if (signal.aborted || WANTED.has(reason)) return;
    if (reason === "denied" || reason === "no-tracks") throw new PullError(reason, detail ?? reason);
    if (playedMicros >= WELL_MICROS) retryMs = FIRST_RETRY_MS;
    const next = redirect === undefined ? undefined : redirected(url, redirect);
    if (next !== undefined && redirects < MAX_REDIRECTS) {
      url = next;
      redirects += 1;
      continue;
    }
    // Where we were sent may be gone tomorrow: the address that was given is where to begin.
    ({ url } = init);
    redirects = 0;
    // Not the path: there are devices that want the password in it.
    const source = `${url.host}:${url.port}`;
    log.warn(
      { stream: streamKey(place), source, reason, detail, retryMs },
      "the RTSP source was lost; it is asked again",
    );
    // It keeps the process alive, as the connection did: somebody waits for this source.
    await sleep(retryMs, undefined, { signal }).catch(() => {});
    retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
  }
}

/** One connection, from the first packet to the last. */
async function attempt(init: PullInit, context: ProtocolContext): Promise<SourceEnd> {
  const { url, timing, signal } = init;
  let socket: Awaited<ReturnType<typeof dial>>;
  try {
    socket = await dial(url, timing.answerTimeoutMs, signal);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { reason: signal.aborted ? "aborted" : "client-reset", detail, playedMicros: 0 };
  }
  const session = context.openSession({ protocol: "rtsp", remoteAddress: peerAddress(socket) });
  if (session === undefined) {
    socket.destroy();
    return { reason: "limit", detail: "the server has no room for another connection", playedMicros: 0 };
  }
  return runSession(socket, session, init, context);
}

/** User and password go along to the same server only; another one that wants some has its own in the address. */
function redirected(from: RtspUrl, location: string): RtspUrl | undefined {
  try {
    const to = parseRtspUrl(location);
    const same = to.host === from.host && to.port === from.port;
    return { ...to, credentials: to.credentials ?? (same ? from.credentials : undefined) };
  } catch {
    return undefined;
  }
}

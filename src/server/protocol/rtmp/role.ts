import type { RtmpRequest } from "../../../media/wire/rtmp/server-request.js";
import type { RtmpServerConnection } from "../../../media/wire/rtmp/server-types.js";
import type { AccessRequest } from "../../contract/access.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import type { Session, SessionReason } from "../../contract/session.js";
import type { SocketWriter } from "../../net/socket-writer.js";
import { type StreamName, splitStreamKey, streamNameProblem } from "../../net/stream-name.js";

/** What one publish or play on a connection does, from its command to its end. */
export interface Role {
  readonly kind: "publish" | "play";
  readonly session: Session;
  /** Lets go of the hub and closes the record. The client has been told, or has gone. Idempotent. */
  stop(reason: SessionReason, detail?: string): void;
  /** Ends it from our side and tells the client why. */
  end(reason: SessionReason): void;
}

/** What a role is given of its connection. */
export interface RoleInit {
  readonly context: ProtocolContext;
  readonly machine: RtmpServerConnection;
  /** A writer of its own to the connection's socket, which counts what it sends; the role releases it. */
  readonly openWriter: () => SocketWriter;
  readonly request: RtmpRequest;
  readonly session: Session;
  /** `flashVer`, such as `FMLE/3.0 (compatible; FMSc/1.0)`. */
  readonly userAgent: string | undefined;
  readonly waitForPublisherMs: number;
  /** Called once it is over for a reason of ours: the connection closes if nothing else happens on it. */
  readonly onOver: (reason: SessionReason, detail?: string) => void;
}

/** The hub's app and name for a request; where they are none that we allow, what is wrong with them. */
export function placeOf({ address }: RtmpRequest): StreamName | string {
  // Where the app ends is for each client to guess: cut anew at the last slash, as in every other protocol's URLs.
  const place = splitStreamKey(address.app === "" ? address.name : `${address.app}/${address.name}`);
  return streamNameProblem(place) ?? place;
}

/** What `authorize` is asked. */
export function accessRequest(
  { request, session, userAgent }: RoleInit,
  { app, name }: StreamName,
  signal: AbortSignal,
): AccessRequest {
  return {
    action: request.kind,
    protocol: session.protocol,
    app,
    name,
    query: new URLSearchParams(Object.entries(request.address.query)),
    remoteAddress: session.remoteAddress,
    userAgent,
    headers: {},
    sessionId: session.id,
    traceparent: session.trace.traceparent,
    signal,
  };
}

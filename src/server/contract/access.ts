/** What somebody wants to do, before they may. */
export interface AccessRequest {
  /** What it wants: to send media, or to receive it. */
  readonly action: "publish" | "play";
  /** `rtmp`, `http-flv`, `ws-flv`, `http-mp4` or `ws-mp4`. */
  readonly protocol: string;
  /** What stands before the stream's name: `live` in `/live/room.flv`; it may hold slashes. */
  readonly app: string;
  /** The stream's name within its app. */
  readonly name: string;
  /** The address's query, such as `?token=…`. */
  readonly query: URLSearchParams;
  /** The peer's IP address, without a port; empty where a Fetch API host does not tell it. */
  readonly remoteAddress: string;
  /** What the peer calls itself: the header, or RTMP's `flashVer`; at most 256 characters. */
  readonly userAgent: string | undefined;
  /** The request's headers where it came over HTTP, names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The session's id in the log, and in the answer's `X-Sluice-Session`. */
  readonly sessionId: string;
  /** W3C Trace Context's header, for what is asked elsewhere on its behalf: so that becomes part of the same trace. */
  readonly traceparent: string;
  /** Fires when the peer has gone or the answer comes too late. */
  readonly signal: AbortSignal;
}

/** An answer with a reason; the reason is logged, and told to publishers. */
export interface AccessAnswer {
  readonly allow: boolean;
  readonly reason?: string;
}

/** Decides on an AccessRequest. What it throws, and an answer that does not come in time, is a refusal. */
export type Authorize = (request: AccessRequest) => boolean | AccessAnswer | Promise<boolean | AccessAnswer>;

/** RTSP's client (RFC 2326) as a machine without sockets: bytes in; bytes, media and what happened out. */
import { baseUrl, controlUrl } from "../sdp/control.js";
import { parseSdp, type SessionDescription } from "../sdp/sdp.js";
import {
  type Authorizer,
  chooseChallenge,
  createAuthorizer,
  type RtspCredentials,
  type RtspCrypto,
} from "./auth.js";
import {
  createRtspReader,
  encodeRtsp,
  headerOf,
  type RtspResponse,
  type RtspServerRequest,
} from "./message.js";
import { readRtpInfo } from "./rtp-info.js";
import { type RtspTransport, type RtspTransportReply, readTransport, transportHeader } from "./transport.js";

/** Without a word of the server's (section 12.37). */
const DEFAULT_TIMEOUT_SECONDS = 60;
/** Answers to keep-alives that some servers never send. */
const MAX_PENDING = 16;
/** A nonce may be too old once, and the next one again. */
const MAX_ATTEMPTS = 3;

export interface RtspClientOptions {
  /** Without a user and a password in it. */
  readonly url: string;
  readonly credentials?: RtspCredentials | undefined;
  readonly crypto: RtspCrypto;
  readonly userAgent: string;
}

/** Why there will be no media. */
export interface RtspFailure {
  /**
   * - `unauthorized`: user and password are missing, or the server does not take them
   * - `not-found`: there is no such stream, or not now
   * - `transport`: not over this transport
   * - `refused`: another status of the server's
   */
  readonly reason: "unauthorized" | "not-found" | "transport" | "refused";
  readonly method: string;
  readonly status: number;
  /** The server's words, at most 100 characters. */
  readonly phrase: string;
}

export interface RtspSetup {
  /** The medium's `a=control`. */
  readonly control: string | undefined;
  readonly transport: RtspTransport;
}

export interface RtspClientHandler {
  send(bytes: Uint8Array): void;
  /** What there is; `setUp` is to be called with what is wanted of it. */
  described(description: SessionDescription): void;
  /** All is set up; `play` is to be called. One for each setup. */
  ready(transports: readonly RtspTransportReply[]): void;
  /** Media comes. @param rtptimes each track's RTP clock at the same moment, where the server tells */
  playing(rtptimes: readonly (number | undefined)[]): void;
  /** Interleaved media of the setup of this index; borrowed for the call. */
  media(index: number, kind: "rtp" | "rtcp", data: Uint8Array): void;
  /** The media is elsewhere: connect there. The machine is over. */
  redirected(url: string): void;
  /** The machine is over. */
  failed(failure: RtspFailure): void;
}

export interface RtspClient {
  /** How long the session lives without a word from us, microseconds. */
  readonly timeoutMicros: number;
  /** Whether an answer is waited for without which it does not go on. */
  readonly waiting: boolean;
  start(): void;
  /** @throws MediaError when the server does not speak RTSP as we know it: close the connection */
  push(slice: Uint8Array): void;
  setUp(setups: readonly RtspSetup[]): void;
  play(): void;
  /** Sends what goes over an interleaved channel: reports. */
  sendRtcp(index: number, data: Uint8Array): void;
  keepAlive(): void;
  /** Says goodbye where there is a session. Idempotent. */
  close(): void;
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  answer(response: RtspResponse): void;
  attempts: number;
}

export function createRtspClient(options: RtspClientOptions, handler: RtspClientHandler): RtspClient {
  const { url, credentials, crypto, userAgent } = options;
  const pending = new Map<number, Request>();
  let cseq = 0;
  let over = false;
  let authorizer: Authorizer | undefined;
  let methods = "";
  let session: string | undefined;
  let timeoutSeconds = DEFAULT_TIMEOUT_SECONDS;
  let base = url;
  /** What PLAY and the like are about: all media at once. */
  let aggregate = url;
  let setups: readonly RtspSetup[] = [];
  const controls: string[] = [];
  const transports: RtspTransportReply[] = [];
  let playing = false;

  const reader = createRtspReader({
    response(response) {
      if (!over) respond(response);
    },
    request: answerServer,
    interleaved(channel, data) {
      if (over) return;
      const index = transports.findIndex(
        (reply) =>
          reply.protocol === "tcp" && (reply.rtpChannel === channel || reply.rtcpChannel === channel),
      );
      const reply = transports[index];
      if (reply?.protocol !== "tcp") return;
      handler.media(index, reply.rtpChannel === channel ? "rtp" : "rtcp", data);
    },
  });

  function call(
    method: string,
    target: string,
    headers: Request["headers"],
    answer: (response: RtspResponse) => void,
  ): void {
    send({ method, url: target, headers, answer, attempts: 0 });
  }

  function send(request: Request): void {
    if (over) return;
    cseq += 1;
    pending.set(cseq, request);
    const oldest = pending.keys().next().value;
    if (pending.size > MAX_PENDING && oldest !== undefined) pending.delete(oldest);
    handler.send(
      encodeRtsp(`${request.method} ${request.url} RTSP/1.0`, [
        ["CSeq", String(cseq)],
        ["User-Agent", userAgent],
        ...(session === undefined ? [] : [["Session", session] as const]),
        ...(authorizer === undefined
          ? []
          : [["Authorization", authorizer.authorize(request.method, request.url)] as const]),
        ...request.headers,
      ]),
    );
  }

  function respond(response: RtspResponse): void {
    if (response.status < 200) return; // 100 Continue: the answer is still to come
    const number = headerOf(response.headers, "cseq");
    // Without a number it is the oldest request's.
    const key = number === undefined ? pending.keys().next().value : Number(number);
    const request = key === undefined ? undefined : pending.get(key);
    if (key === undefined || request === undefined) return;
    pending.delete(key);
    if (response.status === 401) reauthorize(request, response);
    else request.answer(response);
  }

  function reauthorize(request: Request, response: RtspResponse): void {
    const challenge = chooseChallenge(response.headers.get("www-authenticate") ?? []);
    if (credentials === undefined || challenge === undefined) {
      fail(request.method, response);
      return;
    }
    const next = createAuthorizer(challenge, credentials, crypto);
    request.attempts += 1;
    // Asking again with what was refused could lock the account.
    if (request.attempts > 1 && (!next.stale || request.attempts > MAX_ATTEMPTS)) {
      fail(request.method, response);
      return;
    }
    authorizer = next;
    send(request);
  }

  function fail(method: string, { status, reason }: RtspResponse): void {
    if (over) return;
    over = true;
    const known: Readonly<Record<number, RtspFailure["reason"]>> = {
      401: "unauthorized",
      403: "unauthorized",
      404: "not-found",
      461: "transport",
    };
    handler.failed({ reason: known[status] ?? "refused", method, status, phrase: reason.slice(0, 100) });
  }

  function describe(): void {
    call("DESCRIBE", url, [["Accept", "application/sdp"]], (response) => {
      const location = headerOf(response.headers, "location");
      if (response.status >= 300 && response.status < 400 && location !== undefined) {
        over = true;
        handler.redirected(location);
      } else if (response.status !== 200) fail("DESCRIBE", response);
      else {
        const description = parseSdp(new TextDecoder().decode(response.body));
        const { headers } = response;
        base = baseUrl(url, headerOf(headers, "content-base"), headerOf(headers, "content-location"));
        aggregate = controlUrl(base, description.control);
        handler.described(description);
      }
    });
  }

  function setUpNext(): void {
    const index = transports.length;
    const setup = setups[index];
    if (setup === undefined) {
      handler.ready(transports);
      return;
    }
    const { control, transport } = setup;
    // Media of a presentation with an address of its own are relative to that (RFC 2326 section C.1.1).
    const target = controlUrl(base, control);
    call("SETUP", target, [["Transport", transportHeader(transport, index)]], (response) => {
      if (response.status !== 200) {
        fail("SETUP", response);
        return;
      }
      takeSession(headerOf(response.headers, "session"));
      transports.push(readTransport(headerOf(response.headers, "transport"), transport, index));
      controls.push(target);
      setUpNext();
    });
  }

  /** `12345678;timeout=60` */
  function takeSession(header: string | undefined): void {
    const [, id, rest = ""] = /^([\x21-\x3a\x3c-\x7e]{1,256})(.*)$/.exec(header ?? "") ?? [];
    if (id === undefined) return;
    session = id;
    const [, seconds] = /;\s*timeout\s*=\s*(\d{1,6})/i.exec(rest) ?? [];
    if (seconds !== undefined && Number(seconds) > 0) timeoutSeconds = Number(seconds);
  }

  function answerServer({ method, headers }: RtspServerRequest): void {
    if (over) return;
    const known = ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"].includes(method);
    const number = headerOf(headers, "cseq") ?? "";
    handler.send(
      encodeRtsp(known ? "RTSP/1.0 200 OK" : "RTSP/1.0 501 Not Implemented", [
        ["CSeq", /^\d{1,10}$/.test(number) ? number : "0"],
      ]),
    );
  }

  return {
    get timeoutMicros() {
      return timeoutSeconds * 1_000_000;
    },
    get waiting() {
      return !over && !playing && pending.size > 0;
    },
    start() {
      call("OPTIONS", url, [], ({ headers }) => {
        // Who knows no OPTIONS may still know the rest.
        methods = (headers.get("public") ?? []).join(",").toUpperCase();
        describe();
      });
    },
    push(slice) {
      reader.push(slice);
    },
    setUp(given) {
      setups = given;
      setUpNext();
    },
    play() {
      call("PLAY", aggregate, [["Range", "npt=0.000-"]], (response) => {
        if (response.status !== 200) {
          fail("PLAY", response);
          return;
        }
        playing = true;
        handler.playing(readRtpInfo(headerOf(response.headers, "rtp-info") ?? "", controls));
      });
    },
    sendRtcp(index, data) {
      const reply = transports[index];
      if (over || reply?.protocol !== "tcp" || data.length > 0xffff) return;
      const frame = new Uint8Array(4 + data.length);
      frame.set([0x24, reply.rtcpChannel, data.length >> 8, data.length & 0xff]);
      frame.set(data, 4);
      handler.send(frame);
    },
    keepAlive() {
      const method = methods.includes("GET_PARAMETER") ? "GET_PARAMETER" : "OPTIONS";
      call(method, aggregate, [], (response) => {
        // Session Not Found: nothing more will come.
        if (response.status === 454) fail(method, response);
        else if (response.status >= 400) methods = "";
      });
    },
    close() {
      if (session !== undefined) call("TEARDOWN", aggregate, [], () => {});
      over = true;
    },
  };
}

/** What a person is told of a failure. */
export function describeFailure({ reason, method, status, phrase }: RtspFailure): string {
  const said = `${method}: ${status}${phrase === "" ? "" : ` ${phrase}`}`;
  switch (reason) {
    case "unauthorized":
      return `the server does not let us in (${said}); are user and password in the address right?`;
    case "not-found":
      return `the server has no such stream (${said})`;
    case "transport":
      return `the server does not send over this transport (${said})`;
    default:
      return `the server refused (${said})`;
  }
}

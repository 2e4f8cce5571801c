import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Exchange } from "../contract/exchange.js";
import { isLoopbackAddress, isLoopbackHost } from "../net/loopback.js";

/** The token that the API takes, and where from. */
export interface ApiToken {
  readonly token: string;
  /** Nobody chose it, it was made at the start: only who sits at this machine can have read it in the log. */
  readonly random: boolean;
}

/** Whether a request may be answered: `remote` is too far away for a random token, whatever it has. */
export type TokenVerdict = "allowed" | "missing" | "wrong" | "remote";

/** The cookie by which a browser's EventSource, which cannot send a header, is known. */
const COOKIE = "sluice-events";
const COOKIE_SECONDS = 12 * 3600;

/** @param chosen the operator's; a random one is made where it is empty */
export function chooseToken(chosen: string): ApiToken {
  return chosen === ""
    ? { token: randomBytes(24).toString("base64url"), random: true }
    : { token: chosen, random: false };
}

/** Headers by which a proxy says that somebody else is asking: behind one, everybody comes from loopback. */
const FORWARDING =
  /^(forwarded|via|x-forwarded(-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-.*)$/;

export function checkToken({ token, random }: ApiToken, exchange: Exchange): TokenVerdict {
  if (random && !isLocal(exchange)) return "remote";
  const given = bearerOf(exchange);
  if (given === undefined) return "missing";
  return equal(given, token) ? "allowed" : "wrong";
}

/** The same for what a browser's EventSource asks for: the header, or the cookie that `eventCookie` gave it. */
export function checkEventToken(api: ApiToken, exchange: Exchange, nowSeconds: number): TokenVerdict {
  const verdict = checkToken(api, exchange);
  if (verdict !== "missing") return verdict;
  const cookie = cookieOf(exchange);
  if (cookie === undefined) return "missing";
  const [expires = ""] = cookie.split(".", 1);
  const valid = /^\d{1,12}$/.test(expires) && Number(expires) > nowSeconds;
  return equal(cookie, signed(api, expires)) && valid ? "allowed" : "wrong";
}

/**
 * `Set-Cookie` for who has shown the token. It is good for the events alone, for half a day, and does not hold the
 * token: a browser sends cookies to every port of a host. Its path is the address's own folder (RFC 6265 section 5.1.4),
 * wherever we are mounted.
 */
export function eventCookie(api: ApiToken, nowSeconds: number): string {
  const value = signed(api, `${Math.floor(nowSeconds) + COOKIE_SECONDS}`);
  return `${COOKIE}=${value}; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Strict`;
}

function signed({ token }: ApiToken, expires: string): string {
  return `${expires}.${createHmac("sha256", token).update(`${COOKIE}\n${expires}`).digest("base64url")}`;
}

function bearerOf({ headers }: Exchange): string | undefined {
  const { authorization } = headers;
  if (typeof authorization !== "string") return undefined;
  return /^Bearer +(.+)$/i.exec(authorization)?.[1]?.trim();
}

function cookieOf({ headers }: Exchange): string | undefined {
  const { cookie } = headers;
  const text = typeof cookie === "string" ? cookie : "";
  for (const part of text.split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === COOKIE) return value;
  }
  return undefined;
}

/**
 * Whether this is somebody at this machine: a loopback connection without a sign of a proxy, that asks for this machine
 * by name. Without the last any website could send its visitors' browsers here (DNS rebinding).
 */
function isLocal({ remoteAddress, headers }: Exchange): boolean {
  const host = headers.host ?? headers[":authority"];
  return (
    isLoopbackAddress(remoteAddress) &&
    typeof host === "string" &&
    isLoopbackHost(host) &&
    !Object.keys(headers).some((name) => FORWARDING.test(name.toLowerCase()))
  );
}

/** In a time that says nothing about where they differ, nor how long the right one is. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

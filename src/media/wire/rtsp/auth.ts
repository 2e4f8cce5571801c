/** HTTP authentication as RTSP uses it: Basic (RFC 7617) and Digest (RFC 2069, 2617 and 7616). */
import { toBase64 } from "../../bytes/base64.js";

export interface RtspCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a digest takes that is no business of this room. */
export interface RtspCrypto {
  /** The hash of the text's UTF-8, in lower-case hexadecimal digits. */
  hash(algorithm: "md5" | "sha256", text: string): string;
  /** A new nonce of the client's: letters and digits, unpredictable. */
  nonce(): string;
}

/** A challenge that can be answered. */
export interface Challenge {
  readonly scheme: "basic" | "digest";
  readonly parameters: ReadonlyMap<string, string>;
}

/** Makes the `Authorization` of one request after another. */
export interface Authorizer {
  /** Whether the server says that only the nonce was too old. */
  readonly stale: boolean;
  authorize(method: string, url: string): string;
}

const MAX_CHALLENGES = 16;
const HASHES = { md5: "md5", "sha-256": "sha256" } as const;

/**
 * The strongest of the challenges that we can answer: Digest with SHA-256, Digest with MD5, Basic.
 *
 * @param values of the `WWW-Authenticate` fields, each of one challenge or more
 */
export function chooseChallenge(values: readonly string[]): Challenge | undefined {
  const challenges = values.flatMap(parseChallenges).slice(0, MAX_CHALLENGES);
  const strength = ({ scheme, parameters }: Challenge): number => {
    if (scheme === "basic") return 1;
    return hashOf(parameters) === "sha256" ? 3 : 2;
  };
  return challenges
    .filter(isKnown)
    .sort((a, b) => strength(b) - strength(a))
    .at(0);
}

export function createAuthorizer(
  { scheme, parameters }: Challenge,
  { username, password }: RtspCredentials,
  { hash, nonce: newNonce }: RtspCrypto,
): Authorizer {
  if (scheme === "basic") {
    const token = toBase64(new TextEncoder().encode(`${username}:${password}`));
    return { stale: false, authorize: () => `Basic ${token}` };
  }
  const algorithm = hashOf(parameters) ?? "md5";
  const { realm = "", nonce = "", opaque, qop, algorithm: named = "" } = Object.fromEntries(parameters);
  const session = /-sess$/i.test(named);
  const withQop = qop !== undefined && qop !== "";
  let count = 0;
  return {
    stale: parameters.get("stale")?.toLowerCase() === "true",
    authorize(method, url) {
      count += 1;
      const cnonce = newNonce();
      const nc = count.toString(16).padStart(8, "0");
      let secret = hash(algorithm, `${username}:${realm}:${password}`);
      if (session) secret = hash(algorithm, `${secret}:${nonce}:${cnonce}`);
      const request = hash(algorithm, `${method}:${url}`);
      const between = withQop ? `${nonce}:${nc}:${cnonce}:auth` : nonce;
      const response = hash(algorithm, `${secret}:${between}:${request}`);
      const parts = [
        `username=${quoted(username)}`,
        `realm=${quoted(realm)}`,
        `nonce=${quoted(nonce)}`,
        `uri=${quoted(url)}`,
        `response="${response}"`,
      ];
      if (named !== "") parts.push(`algorithm=${named}`);
      if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`);
      if (withQop) parts.push("qop=auth", `nc=${nc}`);
      if (withQop || session) parts.push(`cnonce="${cnonce}"`);
      return `Digest ${parts.join(", ")}`;
    },
  };
}

function isKnown({ scheme, parameters }: Challenge): boolean {
  if (scheme === "basic") return true;
  // `auth-int` alone would want the body's hash as well; no server of ours asks for that.
  const qops = parameters.get("qop")?.toLowerCase().split(",") ?? [];
  if (qops.length > 0 && !qops.some((qop) => qop.trim() === "auth" || qop.trim() === "")) return false;
  return parameters.has("nonce") && hashOf(parameters) !== undefined;
}

function hashOf(parameters: ReadonlyMap<string, string>): "md5" | "sha256" | undefined {
  const name = (parameters.get("algorithm") ?? "md5").toLowerCase().replace(/-sess$/, "");
  return name === "md5" || name === "sha-256" ? HASHES[name] : undefined;
}

/** `Digest realm="a, b", nonce="c", Basic realm="d"`: a name without `=` begins a challenge. */
function parseChallenges(value: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  // A scheme, or name=value with the value in quotes or not. Each alternative begins with another character class,
  // and what none takes is passed over one by one: nothing is looked at twice.
  const part = /([\w!#$%&'*+.^`|~-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g;
  for (const [, name = "", inQuotes, plain] of value.slice(0, 8192).matchAll(part)) {
    const text = inQuotes?.replace(/\\(.)/g, "$1") ?? plain;
    if (text === undefined) found.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else found.at(-1)?.parameters.set(name.toLowerCase(), text);
  }
  return found.flatMap(({ scheme, parameters }) =>
    scheme === "basic" || scheme === "digest" ? [{ scheme, parameters } as const] : [],
  );
}

/** In quotes; line breaks would end the header. */
function quoted(text: string): string {
  return `"${text.replace(/[\r\n]/g, "").replace(/["\\]/g, "\\$&")}"`;
}

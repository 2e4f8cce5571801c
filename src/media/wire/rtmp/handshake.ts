/** The handshake, section 5.2: C0 C1 C2 and S0 S1 S2, in the simple form or with digests. */
import { concatBytes } from "../../bytes/bytes.js";
import type { ByteQueue } from "../../bytes/queue.js";
import { MediaError } from "../../model/error.js";
import type { DigestScheme, RtmpCrypto } from "./digest.js";
import { CLIENT_KEYS, findDigest, HANDSHAKE_SIZE, SERVER_KEYS, signBlock, signedAnswer } from "./digest.js";

const VERSION = 3;

/** One end of a handshake. */
export interface Handshake {
  /** What is to be sent before anything has come; empty for a server. */
  start(): Uint8Array;
  /**
   * Takes what it can from the queue, and no byte that follows the handshake.
   *
   * @returns what is to be sent now
   * @throws MediaError when the peer does not speak RTMP, or a kind that we do not
   */
  advance(queue: ByteQueue): Uint8Array;
  readonly done: boolean;
}

/**
 * The server's end. A client that signs its C1 gets the signed answer of the same scheme: FFmpeg and Flash insist on
 * it when they play. Everybody else gets the simple one. C2 is taken as it is, as other servers do.
 */
export function createServerHandshake(crypto: RtmpCrypto): Handshake {
  let next: "C0" | "C1" | "C2" | "done" = "C0";

  function answer(c1: Uint8Array): Uint8Array {
    const s1 = new Uint8Array(HANDSHAKE_SIZE);
    s1.set(crypto.random(HANDSHAKE_SIZE - 8), 8); // Time 0, then zero: the simple form has no version
    const signed = findDigest(c1, CLIENT_KEYS, crypto);
    if (signed === undefined) return concatBytes([Uint8Array.of(VERSION), s1, echoOf(c1)]);
    s1.set([4, 5, 0, 1], 4); // A Flash Media Server from 3 on signs; clients look at the first byte
    signBlock(s1, signed.scheme, SERVER_KEYS, crypto);
    return concatBytes([Uint8Array.of(VERSION), s1, signedAnswer(signed.digest, SERVER_KEYS, crypto)]);
  }

  return {
    start: () => new Uint8Array(0),
    advance(queue) {
      let out: Uint8Array = new Uint8Array(0);
      if (next === "C0") {
        const c0 = queue.take(1);
        if (c0 === undefined) return out;
        checkClientVersion(c0[0] as number);
        next = "C1";
      }
      if (next === "C1") {
        const c1 = queue.take(HANDSHAKE_SIZE);
        if (c1 === undefined) return out;
        out = answer(c1);
        next = "C2";
      }
      if (next === "C2" && queue.take(HANDSHAKE_SIZE) !== undefined) next = "done";
      return out;
    },
    get done() {
      return next === "done";
    },
  };
}

/**
 * Section 5.2.2: a version that the server does not know is answered with 3, and the client decides. 32 and more is
 * what text begins with, so that whoever knocks at the wrong port learns it.
 */
function checkClientVersion(version: number): void {
  if (version === 6 || version === 8 || version === 9) {
    throw new MediaError(
      "unsupported",
      `RTMPE (version ${version}): encrypted RTMP is not supported, use RTMPS`,
    );
  }
  if (version === 0x16) throw new MediaError("malformed", "a TLS handshake where RTMP is expected");
  if (version > 31) throw new MediaError("malformed", `not RTMP: it begins with byte ${version}`);
}

export interface ClientHandshakeOptions {
  readonly crypto: RtmpCrypto;
  /** Sign C1, in this scheme. Servers that know no digests answer in the simple form, which is fine. */
  readonly digest?: DigestScheme;
}

/** The client's end. S2 is taken as it is: some servers send there what they like. */
export function createClientHandshake(options: ClientHandshakeOptions): Handshake {
  const { crypto, digest } = options;
  let next: "S0" | "S1" | "S2" | "done" = "S0";

  function answer(s1: Uint8Array): Uint8Array {
    if (digest === undefined) return echoOf(s1);
    const signed = findDigest(s1, SERVER_KEYS, crypto);
    return signed === undefined ? echoOf(s1) : signedAnswer(signed.digest, CLIENT_KEYS, crypto);
  }

  return {
    start() {
      const c1 = new Uint8Array(HANDSHAKE_SIZE);
      c1.set(crypto.random(HANDSHAKE_SIZE - 8), 8);
      if (digest !== undefined) {
        c1.set([128, 0, 7, 2], 4); // Flash Player's version: from 9.0.115 on C1 is signed
        signBlock(c1, digest, CLIENT_KEYS, crypto);
      }
      return concatBytes([Uint8Array.of(VERSION), c1]);
    },
    advance(queue) {
      let out: Uint8Array = new Uint8Array(0);
      if (next === "S0") {
        const s0 = queue.take(1);
        if (s0 === undefined) return out;
        if (s0[0] !== VERSION)
          throw new MediaError("unsupported", `the server answers with RTMP version ${s0[0]}`);
        next = "S1";
      }
      if (next === "S1") {
        const s1 = queue.take(HANDSHAKE_SIZE);
        if (s1 === undefined) return out;
        out = answer(s1);
        next = "S2";
      }
      if (next === "S2" && queue.take(HANDSHAKE_SIZE) !== undefined) next = "done";
      return out;
    },
    get done() {
      return next === "done";
    },
  };
}

/** S2 or C2 in the simple form, section 5.2.4: the peer's time, ours (0), and the peer's random bytes. */
function echoOf(block: Uint8Array): Uint8Array {
  const echo = new Uint8Array(block);
  echo.fill(0, 4, 8);
  return echo;
}

/**
 * The handshake that Flash Player 9 and Flash Media Server brought: C1 and S1 carry an HMAC-SHA256 digest of
 * themselves, S2 and C2 one of the digest they answer. It is no part of the specification; what stands here is what
 * librtmp, FFmpeg and SRS agree on.
 */
import { concatBytes, equalBytes, fromHex } from "../../bytes/bytes.js";
import { encodeText } from "../../format/amf/value.js";

/** What media/ does not bring itself: the caller's HMAC and its source of randomness. */
export interface RtmpCrypto {
  /** HMAC-SHA256: 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** So many random bytes; they need not be unpredictable. */
  random(length: number): Uint8Array;
}

export const HANDSHAKE_SIZE = 1536;
const DIGEST_SIZE = 32;

const COMMON_KEY = fromHex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae");
const SERVER_NAME = encodeText("Genuine Adobe Flash Media Server 001");
const CLIENT_NAME = encodeText("Genuine Adobe Flash Player 001");

/** Keys of one end: the name alone signs its C1 or S1, the whole key its answer. */
interface EndKeys {
  readonly name: Uint8Array;
  readonly full: Uint8Array;
}
export const SERVER_KEYS: EndKeys = { name: SERVER_NAME, full: concatBytes([SERVER_NAME, COMMON_KEY]) };
export const CLIENT_KEYS: EndKeys = { name: CLIENT_NAME, full: concatBytes([CLIENT_NAME, COMMON_KEY]) };

/** Where C1 and S1 have their digest: in their second half (0) or in their first (1). */
export type DigestScheme = 0 | 1;
const SCHEMES: readonly DigestScheme[] = [0, 1];

/** The four bytes that say where the digest is, for each scheme; it lies within the 728 bytes that follow. */
const OFFSET_FIELD = [772, 8] as const;

/** Offset of the digest in a C1 or S1. */
export function digestOffset(block: Uint8Array, scheme: DigestScheme): number {
  const field = OFFSET_FIELD[scheme];
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += block[field + i] as number;
  return field + 4 + (sum % 728);
}

/** Signs a C1 or S1 in place. */
export function signBlock(block: Uint8Array, scheme: DigestScheme, keys: EndKeys, crypto: RtmpCrypto): void {
  const offset = digestOffset(block, scheme);
  block.set(blockDigest(block, offset, keys, crypto), offset);
}

/** The scheme and digest of a C1 or S1 that the owner of these keys signed; undefined if nobody did. */
export function findDigest(
  block: Uint8Array,
  keys: EndKeys,
  crypto: RtmpCrypto,
): { scheme: DigestScheme; digest: Uint8Array } | undefined {
  for (const scheme of SCHEMES) {
    const offset = digestOffset(block, scheme);
    const digest = block.subarray(offset, offset + DIGEST_SIZE);
    if (equalBytes(digest, blockDigest(block, offset, keys, crypto)))
      return { scheme, digest: new Uint8Array(digest) };
  }
  return undefined;
}

function blockDigest(block: Uint8Array, offset: number, keys: EndKeys, crypto: RtmpCrypto): Uint8Array {
  const rest = concatBytes([block.subarray(0, offset), block.subarray(offset + DIGEST_SIZE)]);
  return crypto.hmacSha256(keys.name, rest);
}

/** S2 or C2, by the owner of these keys, for the other end's digest: random bytes and their signature. */
export function signedAnswer(digest: Uint8Array, keys: EndKeys, crypto: RtmpCrypto): Uint8Array {
  const answer = new Uint8Array(HANDSHAKE_SIZE);
  const random = crypto.random(HANDSHAKE_SIZE - DIGEST_SIZE);
  answer.set(random);
  answer.set(crypto.hmacSha256(crypto.hmacSha256(keys.full, digest), random), HANDSHAKE_SIZE - DIGEST_SIZE);
  return answer;
}

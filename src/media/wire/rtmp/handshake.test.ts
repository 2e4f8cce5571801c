import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { testCrypto } from "../../../../fuzz/support/rtmp.js";
import { concatBytes, equalBytes } from "../../bytes/bytes.js";
import { ByteQueue } from "../../bytes/queue.js";
import { MediaError } from "../../model/error.js";
import type { DigestScheme } from "./digest.js";
import { CLIENT_KEYS, digestOffset, findDigest, SERVER_KEYS, signBlock } from "./digest.js";
import type { Handshake } from "./handshake.js";
import { createClientHandshake, createServerHandshake } from "./handshake.js";

const hmac = testCrypto(0).hmacSha256;

/** Feeds the slices, and gives what was sent and what was left for the chunk reader. */
function feed(end: Handshake, slices: readonly Uint8Array[]): { sent: Uint8Array; left: number } {
  const queue = new ByteQueue();
  const sent: Uint8Array[] = [];
  for (const slice of slices) {
    queue.push(slice);
    sent.push(end.advance(queue));
    queue.keep();
  }
  return { sent: concatBytes(sent), left: queue.length };
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MediaError) return error.code;
    throw error;
  }
  return "none";
}

describe("the digest handshake, against the algorithm as librtmp states it", () => {
  // librtmp: GetDigestOffset1 adds up bytes 8 to 11, modulo 728, plus 12; GetDigestOffset2 bytes 772 to 775, plus 776.
  const plain = "Genuine Adobe Flash Player 001";
  const server = "Genuine Adobe Flash Media Server 001";
  const tail = "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae";

  it("has the keys", () => {
    expect(CLIENT_KEYS.name.length).toBe(30);
    expect(SERVER_KEYS.name.length).toBe(36);
    expect(
      Buffer.from(CLIENT_KEYS.full).equals(Buffer.concat([Buffer.from(plain), Buffer.from(tail, "hex")])),
    ).toBe(true);
    expect(
      Buffer.from(SERVER_KEYS.full).equals(Buffer.concat([Buffer.from(server), Buffer.from(tail, "hex")])),
    ).toBe(true);
  });

  for (const scheme of [0, 1] as const) {
    it(`places and computes the digest of scheme ${scheme}`, () => {
      const block = testCrypto(7).random(1536);
      const field = scheme === 0 ? 772 : 8;
      block.set([255, 255, 255, 200], field);
      const offset = ((255 * 3 + 200) % 728) + (scheme === 0 ? 776 : 12);
      expect(digestOffset(block, scheme)).toBe(offset);
      signBlock(block, scheme, CLIENT_KEYS, testCrypto(1));
      const rest = Buffer.concat([block.subarray(0, offset), block.subarray(offset + 32)]);
      const expected = createHmac("sha256", Buffer.from(plain)).update(rest).digest();
      expect(Buffer.from(block.subarray(offset, offset + 32)).equals(expected)).toBe(true);
      expect(findDigest(block, CLIENT_KEYS, testCrypto(1))?.scheme).toBe(scheme);
      expect(findDigest(block, SERVER_KEYS, testCrypto(1))).toBeUndefined();
    });

    it(`is answered in scheme ${scheme}, and verified by both ends`, () => {
      const client = createClientHandshake({ crypto: testCrypto(1), digest: scheme });
      const c0c1 = client.start();
      const { sent } = feed(createServerHandshake(testCrypto(2)), [c0c1]);
      expect(sent.length).toBe(1 + 2 * 1536);
      const s1 = sent.subarray(1, 1537);
      expect(s1[4]).toBeGreaterThanOrEqual(3); // FFmpeg verifies from 3 on
      expect(findDigest(s1, SERVER_KEYS, testCrypto(1))?.scheme).toBe(scheme);
      verifyAnswer(sent.subarray(1537), c0c1.subarray(1), scheme, SERVER_KEYS.full);

      const { sent: c2 } = feed(client, [sent]);
      expect(client.done).toBe(true);
      verifyAnswer(c2, s1, scheme, CLIENT_KEYS.full);
    });
  }

  function verifyAnswer(answer: Uint8Array, asked: Uint8Array, scheme: DigestScheme, key: Uint8Array): void {
    const offset = digestOffset(asked, scheme);
    const digest = asked.subarray(offset, offset + 32);
    const signature = hmac(hmac(key, digest), answer.subarray(0, 1504));
    expect(equalBytes(answer.subarray(1504), signature)).toBe(true);
  }

  it("falls back to the simple form when the server signs nothing", () => {
    const client = createClientHandshake({ crypto: testCrypto(1), digest: 0 });
    client.start();
    const s1 = testCrypto(5).random(1536);
    const { sent: c2 } = feed(client, [Uint8Array.of(3), s1, new Uint8Array(1536)]);
    expect(equalBytes(c2.subarray(8), s1.subarray(8))).toBe(true);
    expect(client.done).toBe(true);
  });
});

describe("the simple handshake", () => {
  it("echoes the peer's time and random bytes", () => {
    const client = createClientHandshake({ crypto: testCrypto(1) });
    const c0c1 = client.start();
    expect(c0c1[0]).toBe(3);
    expect([...c0c1.subarray(1, 9)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const c1 = c0c1.subarray(1);
    c1.set([1, 2, 3, 4]);
    const { sent } = feed(createServerHandshake(testCrypto(2)), [c0c1]);
    expect(sent[0]).toBe(3);
    expect([...sent.subarray(5, 9)]).toEqual([0, 0, 0, 0]);
    const s2 = sent.subarray(1537);
    expect([...s2.subarray(0, 8)]).toEqual([1, 2, 3, 4, 0, 0, 0, 0]);
    expect(equalBytes(s2.subarray(8), c1.subarray(8))).toBe(true);
  });

  it("leaves the peer's bytes as they are, also in a Node Buffer", () => {
    const c0c1 = Buffer.alloc(1537, 7);
    c0c1[0] = 3;
    feed(createServerHandshake(testCrypto(2)), [c0c1]);
    expect(c0c1.subarray(1).every((byte) => byte === 7)).toBe(true);
  });

  it("comes in any slices, and leaves what follows", () => {
    for (const size of [1, 2, 1535, 1536, 1537, 3072, 3073, 3080]) {
      const bytes = concatBytes([
        Uint8Array.of(3),
        new Uint8Array(1536),
        new Uint8Array(1536),
        new Uint8Array(7),
      ]);
      const server = createServerHandshake(testCrypto(2));
      const slices: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) slices.push(bytes.slice(at, at + size));
      const { sent, left } = feed(server, slices);
      expect(sent.length).toBe(3073);
      expect(server.done).toBe(true);
      expect(left).toBe(7);
    }
  });

  it("takes any C2 and S2", () => {
    const server = createServerHandshake(testCrypto(2));
    feed(server, [Uint8Array.of(3), new Uint8Array(1536), testCrypto(9).random(1536)]);
    expect(server.done).toBe(true);
  });

  it("answers versions it does not know with 3, and refuses what is not RTMP", () => {
    for (const version of [0, 2, 3, 4, 31]) {
      const { sent } = feed(createServerHandshake(testCrypto(2)), [
        Uint8Array.of(version),
        new Uint8Array(1536),
      ]);
      expect(sent[0]).toBe(3);
    }
    for (const version of [6, 8, 9]) {
      expect(failure(() => feed(createServerHandshake(testCrypto(2)), [Uint8Array.of(version)]))).toBe(
        "unsupported",
      );
    }
    for (const version of [0x16, 32, 0x47, 255]) {
      expect(failure(() => feed(createServerHandshake(testCrypto(2)), [Uint8Array.of(version)]))).toBe(
        "malformed",
      );
    }
    const client = createClientHandshake({ crypto: testCrypto(1) });
    expect(failure(() => feed(client, [Uint8Array.of(6)]))).toBe("unsupported");
  });
});

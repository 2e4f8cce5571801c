import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { chooseChallenge, createAuthorizer, type RtspCredentials, type RtspCrypto } from "./auth.js";

const hash: RtspCrypto["hash"] = (algorithm, text) => createHash(algorithm).update(text).digest("hex");

function answer(
  values: readonly string[],
  credentials: RtspCredentials,
  method: string,
  url: string,
  nonce: string,
): string {
  const challenge = chooseChallenge(values);
  if (challenge === undefined) throw new Error("no challenge that can be answered");
  return createAuthorizer(challenge, credentials, { hash, nonce: () => nonce }).authorize(method, url);
}

const MUFASA = { username: "Mufasa", password: "Circle of Life" };
/** RFC 7616 section 3.9.1. */
const RFC7616 =
  'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

describe("Digest", () => {
  it("answers as RFC 7616 does in its examples", () => {
    const sha = answer(
      [`Digest ${RFC7616}, algorithm=MD5`, `Digest ${RFC7616}, algorithm=SHA-256`],
      MUFASA,
      "GET",
      "/dir/index.html",
      CNONCE,
    );
    expect(sha).toContain('response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"');
    expect(sha).toContain("algorithm=SHA-256");
    const md5 = answer([`Digest ${RFC7616}, algorithm=MD5`], MUFASA, "GET", "/dir/index.html", CNONCE);
    expect(md5).toContain('response="8ca523f5e9506fed4657c9700eebdbec"');
    expect(md5).toContain("qop=auth, nc=00000001");
    expect(md5).toContain('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
  });

  it("answers without qop, as cameras ask (RFC 2069)", () => {
    const given = answer(
      ['Digest realm="IP Camera(12345)", nonce="abc", stale="FALSE"'],
      { username: "admin", password: "secret" },
      "DESCRIBE",
      "rtsp://host/cam",
      "unused",
    );
    const secret = hash("md5", "admin:IP Camera(12345):secret");
    const response = hash("md5", `${secret}:abc:${hash("md5", "DESCRIBE:rtsp://host/cam")}`);
    expect(given).toBe(
      `Digest username="admin", realm="IP Camera(12345)", nonce="abc", uri="rtsp://host/cam", response="${response}"`,
    );
  });

  it("counts its uses of a nonce, and knows a stale one", () => {
    const challenge = chooseChallenge([
      'Digest realm="r", nonce="n", qop=auth, stale=TRUE, algorithm=MD5-sess',
    ]);
    if (challenge === undefined) throw new Error("no challenge");
    const authorizer = createAuthorizer(challenge, MUFASA, { hash, nonce: () => "c" });
    expect(authorizer.stale).toBe(true);
    expect(authorizer.authorize("A", "b")).toContain("nc=00000001");
    const second = authorizer.authorize("A", "b");
    expect(second).toContain("nc=00000002");
    const secret = hash("md5", `${hash("md5", "Mufasa:r:Circle of Life")}:n:c`);
    expect(second).toContain(
      `response="${hash("md5", `${secret}:n:00000002:c:auth:${hash("md5", "A:b")}`)}"`,
    );
  });

  it("lets no quote and no line break out of its strings", () => {
    const given = answer(
      ['Digest realm="a \\"b\\\\", nonce="n"'],
      { username: 'x"\r\ny', password: "" },
      "A",
      "b",
      "c",
    );
    expect(given).toContain('username="x\\"y", realm="a \\"b\\\\"');
    expect(given).not.toMatch(/[\r\n]/);
  });
});

describe("Basic", () => {
  it("is what is left where no digest can be answered", () => {
    const basic = answer(
      [
        'Digest realm="r", nonce="n", algorithm=SHA-512-256, Basic realm="WallyWorld"',
        'Digest realm="no nonce"',
      ],
      { username: "Aladdin", password: "open sesame" },
      "A",
      "b",
      "c",
    );
    expect(basic).toBe("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  });
});

describe("chooseChallenge", () => {
  it("finds none in what is none", () => {
    for (const value of ["", "Bearer x=y", "Digest", 'Digest qop="auth-int", nonce="n"', '=,"', "NTLM"]) {
      expect(chooseChallenge([value])).toBeUndefined();
    }
  });

  it("takes no time over a hostile one", () => {
    const long = chooseChallenge([
      `Digest ${'a="\\'.repeat(100_000)}`,
      `Basic realm=${"x=".repeat(100_000)}`,
    ]);
    expect(long?.scheme).toBe("basic");
  });
});

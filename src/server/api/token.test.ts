import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Exchange } from "../contract/exchange.js";
import { type ApiToken, checkEventToken, checkToken, chooseToken, eventCookie } from "./token.js";

const CHOSEN: ApiToken = { token: "correct horse", random: false };
const RANDOM: ApiToken = { token: "made-at-start", random: true };
const LOCAL = { host: "localhost:8080" };

function from(remoteAddress: string, headers: Record<string, string>): Exchange {
  return { remoteAddress, headers } as unknown as Exchange;
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe("a token that somebody chose", () => {
  it("is taken from anywhere, and nothing else is", () => {
    expect(checkToken(CHOSEN, from("203.0.113.9", bearer("correct horse")))).toBe("allowed");
    expect(checkToken(CHOSEN, from("203.0.113.9", { authorization: "bearer   correct horse" }))).toBe(
      "allowed",
    );
    expect(checkToken(CHOSEN, from("127.0.0.1", LOCAL))).toBe("missing");
    expect(checkToken(CHOSEN, from("127.0.0.1", { ...LOCAL, authorization: "Basic correct horse" }))).toBe(
      "missing",
    );
    expect(checkToken(CHOSEN, from("127.0.0.1", bearer("correct hors")))).toBe("wrong");
  });

  it("is not guessed", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (authorization, cookie) => {
        const asked = from("127.0.0.1", { ...LOCAL, authorization, cookie: `sluice-events=${cookie}` });
        expect(checkToken(CHOSEN, asked)).not.toBe("allowed");
        expect(checkEventToken(CHOSEN, asked, 0)).not.toBe("allowed");
      }),
    );
  });
});

describe("a token that nobody chose", () => {
  const asks = (remoteAddress: string, headers: Record<string, string>): string =>
    checkToken(RANDOM, from(remoteAddress, { ...LOCAL, ...bearer("made-at-start"), ...headers }));

  it("is random", () => {
    const made = chooseToken("");
    expect(made.random).toBe(true);
    expect(made.token).toMatch(/^[\w-]{32}$/);
    expect(chooseToken("").token).not.toBe(made.token);
    expect(chooseToken("mine")).toEqual({ token: "mine", random: false });
  });

  it("is taken from this machine", () => {
    expect(asks("127.0.0.1", {})).toBe("allowed");
    expect(asks("::1", { host: "[::1]:8080" })).toBe("allowed");
    expect(asks("127.0.0.1", { host: "127.0.0.1" })).toBe("allowed");
    const two = { ":authority": "localhost", ...bearer("made-at-start") };
    expect(checkToken(RANDOM, from("127.0.0.1", two))).toBe("allowed");
  });

  it.each([
    ["another machine", "192.0.2.1", {}],
    ["a Fetch API host, which tells no address", "", {}],
    ["a website whose name leads here (DNS rebinding)", "127.0.0.1", { host: "rebind.example:8080" }],
    ["nobody's name", "127.0.0.1", { host: "" }],
    ["a proxy: Forwarded", "127.0.0.1", { forwarded: "for=192.0.2.1" }],
    ["a proxy: X-Forwarded-For", "127.0.0.1", { "x-forwarded-for": "192.0.2.1" }],
    ["a proxy: X-Forwarded-Proto", "127.0.0.1", { "x-forwarded-proto": "https" }],
    ["a proxy: X-Real-IP", "127.0.0.1", { "x-real-ip": "192.0.2.1" }],
    ["a proxy: Via", "127.0.0.1", { via: "1.1 edge" }],
    ["a proxy: CF-Connecting-IP", "127.0.0.1", { "cf-connecting-ip": "192.0.2.1" }],
  ])("is not taken from %s", (_what, remoteAddress, headers) => {
    expect(asks(remoteAddress, headers)).toBe("remote");
  });
});

describe("the cookie for events", () => {
  const set = eventCookie(CHOSEN, 1_000);
  const cookie = `theme=dark; ${set.split(";")[0]}`;

  it("opens the events and nothing else, for half a day", () => {
    const asked = from("192.0.2.1", { cookie });
    expect(checkEventToken(CHOSEN, asked, 1_000)).toBe("allowed");
    expect(checkEventToken(CHOSEN, asked, 1_000 + 12 * 3600)).toBe("wrong");
    expect(checkToken(CHOSEN, asked)).toBe("missing");
    expect(checkEventToken(RANDOM, asked, 1_000)).toBe("remote");
    expect(checkEventToken({ ...CHOSEN, token: "another" }, asked, 1_000)).toBe("wrong");
  });

  it("does not hold the token, and cannot be given more time", () => {
    expect(set).not.toContain("correct");
    expect(set).toMatch(/; HttpOnly; SameSite=Strict$/);
    const longer = cookie.replace(/=(\d+)\./, (_all, expires: string) => `=${Number(expires) + 1}.`);
    expect(checkEventToken(CHOSEN, from("192.0.2.1", { cookie: longer }), 1_000)).toBe("wrong");
  });
});

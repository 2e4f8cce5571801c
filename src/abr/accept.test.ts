import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAccept } from "./accept.js";
import { weightsOfAccept, weightsOfList } from "./codecs.js";

const shown = (text: string): string[] =>
  parseAccept(text).map(
    ({ type, subtype, codecs, weight }) => `${type}/${subtype} ${codecs?.join("+") ?? "-"} ${weight}`,
  );

describe("an Accept header", () => {
  it.each([
    ["*/*", ["*/* - 1"]],
    ["video/mp4", ["video/mp4 - 1"]],
    ["VIDEO/MP4;Q=0.5", ["video/mp4 - 0.5"]],
    ['video/mp4;codecs="av01.0.05M.08, opus"', ["video/mp4 av01.0.05M.08+opus 1"]],
    ["video/webm;codecs=vp9", ["video/webm vp9 1"]],
    ["video/webm ; codecs=vp9 ; q=0.25 , */* ; q=0", ["video/webm vp9 0.25", "*/* - 0"]],
    // A quoted string hides commas and semicolons, and a backslash a quote (RFC 9110 section 5.6.4).
    ['a/b;x="\\",;q=0";q=0.3, c/d', ["a/b - 0.3", "c/d - 1"]],
    ["a/b;q=1.000, c/d;q=0.123, e/f;q=1., g/h;q=0.", ["a/b - 1", "c/d - 0.123", "e/f - 1", "g/h - 0"]],
    [", ,a/b,, c/d;,", ["a/b - 1", "c/d - 1"]],
  ])("%s", (text, ranges) => expect(shown(text)).toEqual(ranges));

  it.each([
    "a",
    "a/",
    "/b",
    "*/b",
    "a/b c/d",
    "a/b;q=2",
    "a/b;q=1.001",
    "a/b;q=0.1234",
    "a/b;q=00",
    "a/b;q=.5",
    "a/b;q=-1",
    'a/b;q="1"',
    "a/b;x",
    "a/b;x=",
    "a/b;x = 1",
    "a/b;q=1e0",
    "a(b)/c",
  ])("leaves out what is not in the grammar, and goes on: %s", (bad) => {
    expect(shown(`${bad}, video/mp4`)).toEqual(["video/mp4 - 1"]);
    expect(shown(`video/mp4, ${bad}`)).toEqual(["video/mp4 - 1"]);
  });

  it("ends where a quoted string has no end", () => {
    expect(shown('video/mp4, a/b;x="c, d/e')).toEqual(["video/mp4 - 1"]);
  });

  it("gives back whatever was written by the grammar", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,8}$/).filter((text) => text !== "*");
    const codec = fc.stringMatching(/^[A-Za-z0-9."\\;= ]{1,12}$/).map((text) => text.trim());
    const codecs = fc.option(
      fc.array(
        codec.filter((text) => text !== ""),
        { minLength: 1, maxLength: 4 },
      ),
    );
    const member = fc.record({
      type: token,
      subtype: token,
      codecs,
      weight: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(member, { maxLength: 10 }), (members) => {
        const text = members.map(({ type, subtype, codecs: list, weight }) => {
          const quoted = list === null ? "" : `;codecs="${list.join(",").replace(/["\\]/g, "\\$&")}"`;
          return `${type}/${subtype}${quoted}; q=${(weight / 1000).toFixed(3)}`;
        });
        expect(parseAccept(text.join(" , "))).toEqual(
          members.map(({ type, subtype, codecs: list, weight }) => ({
            type,
            subtype,
            codecs: list ?? undefined,
            weight: weight / 1000,
          })),
        );
      }),
    );
  });
});

describe("what a client takes", () => {
  it.each([
    [undefined, "h264 1"],
    ["*/*", "h264 1"],
    ["text/html, */*;q=0.2", "h264 0.2"],
    ["text/html", ""],
    ["video/*;q=0.9, */*;q=0.5", "h264 0.9"],
    ['video/mp4;codecs="avc1.64001f";q=0.4, video/mp4', "h264 0.4"],
    ['video/mp4;codecs="av01.0.05M.08,opus", */*;q=0.1', "h264 0.1, av1 1"],
    ["video/webm;codecs=vp9;q=0.7, video/mp4;q=0.8", "h264 0.8, vp9 0.7"],
    ['video/mp4;codecs="hvc1.1.6.L93.B0", video/mp4;codecs="hev1.1.6.L93.B0";q=0', "hevc 1"],
    ["video/mp4;codecs=av1;q=0, */*", "h264 1"],
    // Not a video codec, not a video type.
    ['audio/mp4;codecs="mp4a.40.2", application/x;codecs=av1, */*', "h264 1"],
    ["video/mp4;codecs=constructor", ""],
  ])("by %s", (accept, expected) => {
    const weights = Object.entries(weightsOfAccept(accept)).filter(([, weight]) => weight > 0);
    expect(weights.map(([codec, weight]) => `${codec} ${weight}`).join(", ")).toBe(expected);
  });

  it("by ?codecs=", () => {
    expect(weightsOfList("av01.0.05M.08, avc1.64001f,mp4a.40.2,,__proto__")).toEqual({
      h264: 1,
      hevc: 0,
      vp9: 0,
      av1: 1,
    });
    expect(weightsOfList("vp9,H264")).toMatchObject({ h264: 1, vp9: 1, av1: 0 });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AvError } from "./error.js";
import { inputArgs } from "./ffmpeg/input.js";
import { parseSource, type Source, sourceName } from "./source.js";

describe("an input", () => {
  it.each([
    ["film.mp4", { kind: "file", path: "film.mp4" }],
    ["-version", { kind: "file", path: "-version" }],
    ["concat:a|b", { kind: "file", path: "concat:a|b" }],
    ["data:text/plain,x", { kind: "file", path: "data:text/plain,x" }],
    ["file:///tmp/a%20b.mp4", { kind: "file", path: "/tmp/a b.mp4" }],
    ["http://host/a.flv", { kind: "http", url: "http://host/a.flv" }],
    ["HTTPS://host/a.flv", { kind: "http", url: "HTTPS://host/a.flv" }],
    ["rtmp://host/live/a?key=b", { kind: "rtmp", url: "rtmp://host/live/a?key=b" }],
    ["rtsps://host/a", { kind: "rtsp", url: "rtsps://host/a" }],
  ] as const)("%s", (input, source) => {
    expect(parseSource(input)).toEqual(source);
  });

  it.each([
    ["ftp://host/a", "unsupported"],
    ["srt://host:1", "unsupported"],
    ["file://other/a", "unsupported"],
    ["http://", "not-found"],
    ["http://[", "not-found"],
  ])("%s is refused", (input, code) => {
    expect(() => parseSource(input)).toThrow(expect.objectContaining({ code }));
  });

  it("is text", () => {
    for (const input of ["", "a\0b", "x".repeat(5000), undefined as unknown as string]) {
      expect(() => parseSource(input)).toThrow(TypeError);
    }
  });

  it("is one argument to FFmpeg, that is no option, and its protocol is ours", () => {
    fc.assert(
      fc.property(
        fc
          .tuple(
            fc.constantFrom("", "", "-", "http://", "rtmp://h/", "rtsp://h", "file://", "pipe:", "x://"),
            fc.string(),
          )
          .map(([start, rest]) => start + rest),
        (input) => {
          let source: Source;
          try {
            source = parseSource(input);
          } catch (error) {
            expect(error instanceof AvError || error instanceof TypeError).toBe(true);
            return;
          }
          const args = inputArgs(source);
          expect(args.at(-2)).toBe("-i");
          expect(args.at(-1)).toMatch(/^(file:|https?:|rtmps?:|rtsps?:)/is);
          expect(args[0]).toBe("-protocol_whitelist");
          if (source.kind === "file") expect(args[1]).toBe("file");
          else expect(args[1]?.split(",")).not.toContain("file");
          expect(args[2]).toBe("-format_whitelist");
          expect(args[3]?.split(",")).not.toContain("concat");
        },
      ),
      { numRuns: 40 },
    );
  });

  it("is named without what may be a secret", () => {
    expect(sourceName(parseSource("rtmp://user:word@host:1936/live/a?key=secret"))).toBe(
      "rtmp://host:1936/live/a",
    );
    expect(sourceName(parseSource("https://host/a.m3u8?token=secret#x"))).toBe("https://host/a.m3u8");
  });
});

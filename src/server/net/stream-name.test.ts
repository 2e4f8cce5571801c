import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStreamKey, parseStreamPath, streamKey, streamNameProblem } from "./stream-name.js";

describe("stream names", () => {
  it("are the app, which may hold slashes, and what follows the last one", () => {
    expect(parseStreamKey("live/room")).toEqual({ app: "live", name: "room" });
    expect(parseStreamKey("a/b/c")).toEqual({ app: "a/b", name: "c" });
    expect(parseStreamPath("/live/room.flv", ".flv")).toEqual({ app: "live", name: "room" });
    expect(parseStreamPath("/live/直播 1.flv", ".flv")).toEqual({ app: "live", name: "直播 1" });
    expect(parseStreamPath("/live/room.mp4", ".flv")).toBeUndefined();
    expect(parseStreamPath("live/room.flv", ".flv")).toBeUndefined();
  });

  it("are told what is wrong with them", () => {
    const problem = (app: string, name: string): string | undefined => streamNameProblem({ app, name });
    expect(problem("live", "room")).toBeUndefined();
    expect(problem("live", "a".repeat(256))).toBeUndefined();
    expect(problem("live", "a".repeat(257))).toBe("the stream name is longer than 256 characters");
    expect(problem("", "a")).toBe("the app is empty");
    expect(problem("live", "")).toBe("the stream name is empty");
    expect(problem("a//b", "c")).toBe("the app has an empty, `.` or `..` segment");
    expect(problem("live", "..")).toBe("the stream name has an empty, `.` or `..` segment");
    expect(problem("live", "a\nb")).toBe("the stream name has a control character");
    expect(problem("live", "a\u0085b")).toBe("the stream name has a control character");
    for (const app of ["api", "watch", "assets", "api/v1"])
      expect(problem(app, "x")).toContain("no app name");
  });

  it("come back from their key, whatever is accepted", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseStreamKey(text);
        if (parsed === undefined) return;
        expect(streamKey(parsed)).toBe(text);
        expect(parsed.name).not.toContain("/");
        expect(parseStreamPath(`/${text}.flv`, ".flv")).toEqual(parsed);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});

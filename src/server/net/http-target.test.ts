import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mountPrefix, parseTarget } from "./http-target.js";

describe("parseTarget", () => {
  it("decodes the path and keeps the query", () => {
    expect(parseTarget("/live/a%20b.flv?x=%31&y")).toEqual({ path: "/live/a b.flv", search: "x=%31&y" });
    expect(parseTarget("/a?")).toEqual({ path: "/a", search: "" });
    expect(parseTarget("/../a/./b")).toEqual({ path: "/../a/./b", search: "" });
  });

  it("takes absolute targets, as proxies are asked for", () => {
    expect(parseTarget("http://host:80/a?b")).toEqual({ path: "/a", search: "b" });
    expect(parseTarget("https://host")).toEqual({ path: "/", search: "" });
    expect(parseTarget("http://host?b")).toEqual({ path: "/", search: "b" });
  });

  it("refuses the rest without throwing", () => {
    for (const target of ["*", "a/b", "host:443", "/%", "/%ff", "ftp://a/b"])
      expect(parseTarget(target)).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseTarget(text)?.path.startsWith("/") ?? true).toBe(true);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });
});

describe("mountPrefix", () => {
  it("is what a framework cut off", () => {
    expect(mountPrefix("/live/a.flv", undefined)).toBe("");
    expect(mountPrefix("/live/a.flv", "/live/a.flv")).toBe("");
    expect(mountPrefix("/live/a.flv?x", "/media/live/a.flv?x")).toBe("/media");
    expect(mountPrefix("/", "/media/")).toBe("/media");
    expect(mountPrefix("/", "/media")).toBe("/media");
    expect(mountPrefix("/?x", "/media?x")).toBe("/media");
    expect(mountPrefix("/rewritten", "/media/other")).toBe("");
  });
});

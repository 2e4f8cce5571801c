import { readFileSync } from "node:fs";
import { parse } from "acorn";
import { transform } from "esbuild";
import { describe, expect, it } from "vitest";

const source = readFileSync("src/player/script/loader.js", "utf8");

describe("sluice.js, the script of pages without modules", () => {
  it("is ECMAScript 5, as it is written and as it is served, in at most 3,000 bytes", async () => {
    const { code } = await transform(source, { minify: true, target: "es5" });
    for (const text of [source, code]) {
      expect(() => parse(text, { ecmaVersion: 5, sourceType: "script" })).not.toThrow();
    }
    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(3000);
    // The check itself: what a newer browser knows does not pass.
    expect(() => parse("const a = () => 1;", { ecmaVersion: 5 })).toThrow();
  });

  it("makes no code of strings, and no inline script", async () => {
    const { code } = await transform(source, { minify: true, target: "es5" });
    expect(code).not.toMatch(/\beval\b|new Function|javascript:|<script/);
    expect(code).not.toMatch(/set(?:Timeout|Interval)\(["']/);
  });
});

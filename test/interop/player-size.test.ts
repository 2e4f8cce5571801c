import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

/** What the issue of size is about: a page that plays FLV through Media Source Extensions loads no more than this. */
const BUDGET = 25_000;

const gzipped = (file: string): number => gzipSync(readFileSync(`dist/web/${file}`), { level: 9 }).length;

/** A module with what it imports at once, not what it may import later. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(`dist/web/${file}`, "utf8");
  for (const [, name = ""] of text.matchAll(/(?:from|import)\s*"\.\/([\w/-]+\.js)"/g)) loadedWith(name, seen);
  return seen;
}

describe("the player's size", () => {
  it("stays within 25,000 bytes gzipped for the path through media sources, page and worker together", () => {
    const files = [...loadedWith("player.js"), ...loadedWith("worker.js")];
    const size = files.reduce((sum, file) => sum + gzipped(file), 0);
    expect(files).toContain("worker.js");
    expect(size).toBeLessThanOrEqual(BUDGET);
  });

  it("leaves what a page may not need to chunks that are loaded when they are", () => {
    const text = readFileSync("dist/web/player.js", "utf8");
    expect(text).not.toContain("VideoDecoder(");
    expect(text).not.toContain("AudioWorkletNode(");
    expect([...text.matchAll(/import\("\.\/([\w/-]+)\.js"\)/g)].map(([, name]) => name).sort()).toEqual([
      "flash/engine",
      "hls/engine",
      "mse/local",
      "path/decide",
      "source/ask",
      "telemetry/reporter",
      "webcodecs/engine",
    ]);
  });

  it("needs no eval and no inline script: it runs under a strict policy", () => {
    for (const file of ["player.js", "worker.js", "worklet.js"]) {
      const text = readFileSync(`dist/web/${file}`, "utf8");
      expect(text).not.toMatch(/\beval\(|new Function\(/);
    }
  });
});

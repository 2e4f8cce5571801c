import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Exchange } from "./contract/exchange.js";
import { createPages } from "./pages.js";

interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-pages-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function ask(
  pages: (exchange: Exchange) => boolean,
  path: string,
  given: Partial<Exchange> = {},
): Answer | undefined {
  let answer: Answer | undefined;
  const exchange: Exchange = {
    method: "GET",
    path,
    query: new URLSearchParams(),
    headers: {},
    remoteAddress: "",
    websocket: false,
    signal: new AbortController().signal,
    body: async () => new Uint8Array(0),
    reply(status, headers, body) {
      answer = { status, headers, body: body === undefined ? "" : Buffer.from(body).toString() };
    },
    stream() {
      throw new Error("no page is a stream");
    },
    ...given,
  };
  return pages(exchange) ? answer : undefined;
}

describe("pages", () => {
  it("are files from one folder, with links relative to where we are mounted", () => {
    writeFileSync(
      join(directory, "watch.html"),
      `<html><head><script src="./watch.js"></script></head><a href=".">all</a></html>`,
    );
    writeFileSync(join(directory, "watch.js"), "1");
    mkdirSync(join(directory, "icons"));
    writeFileSync(join(directory, "icons", "a.svg"), "<svg/>");
    const pages = createPages(directory);
    const page = ask(pages, "/watch/deep/app/room");
    expect(page?.status).toBe(200);
    expect(page?.headers["Content-Type"]).toBe("text/html; charset=utf-8");
    expect(page?.body).toContain(`<head><base href="../../../"><script src="assets/watch.js">`);
    expect(ask(pages, "/watch/live/room")?.body).toContain(`<base href="../../">`);
    expect(ask(pages, "/assets/watch.js")?.headers["Content-Type"]).toBe("text/javascript; charset=utf-8");
    expect(ask(pages, "/assets/icons/a.svg")?.headers["Content-Type"]).toBe("image/svg+xml");
    for (const path of [
      "/assets/none.js",
      "/assets/../watch.js",
      "/assets/",
      "/watch/room",
      "/watch/",
      "/x",
      "/watch.html",
    ]) {
      expect([path, ask(pages, path)]).toEqual([path, undefined]);
    }
    expect(ask(pages, "/", { websocket: true })).toBeUndefined();
  });

  it("are asked for anew each time, and answered with 304", () => {
    writeFileSync(join(directory, "a.css"), "a{}");
    const pages = createPages(directory);
    const first = ask(pages, "/assets/a.css");
    expect(first?.headers).toMatchObject({
      "Cache-Control": "no-cache",
      "X-Content-Type-Options": "nosniff",
    });
    const etag = first?.headers.ETag ?? "";
    expect(etag).toMatch(/^".+"$/);
    const second = ask(pages, "/assets/a.css", { headers: { "if-none-match": `"other", W/${etag}` } });
    expect(second).toMatchObject({ status: 304, body: "" });
    expect(ask(pages, "/assets/a.css", { method: "POST" })?.status).toBe(405);
  });

  it("may load nothing from elsewhere, but what they play", () => {
    const page = ask(createPages(directory), "/");
    const policy = page?.headers["Content-Security-Policy"];
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("media-src 'self' blob:");
    expect(policy).not.toContain("unsafe-eval");
  });

  it("say so where they have not been built", () => {
    const page = ask(createPages(join(directory, "none")), "/");
    expect(page?.status).toBe(200);
    expect(page?.body).toContain("npm run build");
  });
});

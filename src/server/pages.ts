import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Exchange } from "./contract/exchange.js";
import { replyProblem } from "./net/problem.js";
import { parseStreamKey } from "./net/stream-name.js";

const METHODS = "GET, HEAD";
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  woff2: "font/woff2",
  wasm: "application/wasm",
  swf: "application/x-shockwave-flash",
};
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  // Media Source Extensions and workers live on blob: addresses; Safari wants WebSocket named.
  "Content-Security-Policy":
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; " +
    "connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

interface WebFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** What `scripts/build-web.mjs` made: beside us when built, in `dist/` when run from the sources. */
export function defaultWebDirectory(): string {
  const [built, fromSources] = ["../web/", "../../dist/web/"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return [built, fromSources].find((path) => path !== undefined && existsSync(path)) ?? built ?? "";
}

/**
 * `/`, `/watch/APP/NAME` and `/assets/…` from the files in one folder, which are read once.
 *
 * @param more headers that all answers get
 */
export function createPages(
  directory: string,
  more?: Readonly<Record<string, string>>,
): (exchange: Exchange) => boolean {
  const files = readFiles(directory);

  function page(name: string, exchange: Exchange): WebFile {
    const html = files.get(name);
    const text = html === undefined ? missingPage(name) : Buffer.from(html.bytes).toString("utf8");
    // Links are relative to where we are mounted, which is above the page's own address.
    const root = "../".repeat(exchange.path.split("/").length - 2) || "./";
    return toFile(
      "html",
      text.replace(/(src|href)="\.\//g, '$1="assets/').replace("<head>", `<head><base href="${root}">`),
    );
  }

  function find(exchange: Exchange): WebFile | undefined {
    const { path } = exchange;
    if (path === "/") return page("index.html", exchange);
    if (path.startsWith("/watch/")) {
      const stream = parseStreamKey(path.slice("/watch/".length));
      return stream === undefined ? undefined : page("watch.html", exchange);
    }
    return path.startsWith("/assets/") ? files.get(path.slice("/assets/".length)) : undefined;
  }

  return (exchange) => {
    if (exchange.websocket) return false;
    const file = find(exchange);
    if (file === undefined) return false;
    if (exchange.method !== "GET" && exchange.method !== "HEAD") {
      replyProblem(exchange, 405, "method", `Only ${METHODS} are answered here.`, { Allow: METHODS });
      return true;
    }
    const headers = {
      ...SECURITY_HEADERS,
      ...more,
      "Content-Type": file.type,
      // Names stay the same from release to release: ask every time, the answer is mostly 304.
      "Cache-Control": "no-cache",
      ETag: file.etag,
    };
    const known = exchange.headers["if-none-match"];
    if (typeof known === "string" && known.includes(file.etag)) exchange.reply(304, headers);
    else exchange.reply(200, headers, file.bytes);
    return true;
  };
}

function readFiles(directory: string): ReadonlyMap<string, WebFile> {
  const files = new Map<string, WebFile>();
  if (!existsSync(directory)) return files;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    const name = path.slice(directory.length).replaceAll("\\", "/").replace(/^\/+/, "");
    files.set(name, toFile(name.slice(name.lastIndexOf(".") + 1), readFileSync(path)));
  }
  return files;
}

function toFile(extension: string, content: string | Uint8Array): WebFile {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return { type: TYPES[extension] ?? "application/octet-stream", bytes, etag };
}

function missingPage(name: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sluice</title></head><body>
<h1>Sluice is running</h1>
<p>This page has not been built: <code>dist/web/${name}</code> is missing. Run <code>npm run build</code> and start again.</p>
<p>The live streams, as JSON: <a href="api/v1/public/streams">api/v1/public/streams</a></p>
</body></html>
`;
}

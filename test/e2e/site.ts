import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { LiveServer } from "sluice";

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

export interface Site {
  readonly base: string;
  close(): Promise<void>;
}

/**
 * Somebody's own web server: files of a folder, under a policy, and the streams beside them.
 *
 * @param policy Content-Security-Policy of every answer
 */
export async function startSite(folder: string, policy: string, live?: LiveServer): Promise<Site> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    const file = path.join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    try {
      const bytes = await readFile(file);
      response.writeHead(200, {
        "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream",
        "Content-Security-Policy": policy,
        // For pages of other origins that name a worker here.
        "Access-Control-Allow-Origin": "*",
      });
      response.end(bytes);
    } catch {
      if (live === undefined) response.writeHead(404).end();
      else live.handler(request, response, () => response.writeHead(404).end());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

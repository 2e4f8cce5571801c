import { once } from "node:events";
import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { type AccessRequest, createServer, type LiveServer } from "sluice";
import { afterAll, beforeAll, expect, it } from "vitest";
import { negotiate } from "../../src/abr/negotiate.js";
import { testBrowser } from "./chromium.js";
import { advance, makeClip, openBlank, play, publish } from "./harness.js";

let browser: Browser;
let live: LiveServer;
let port = 0;
/** The same streams on another port, which is another origin. */
let second: Server;
const asked: AccessRequest[] = [];

beforeAll(async () => {
  live = createServer({
    http: { port: 0, host: "127.0.0.1" },
    rtmp: false,
    logger: false,
    authorize: (request) => asked.push(request) > 0,
  });
  const [chromium, { http }] = await Promise.all([testBrowser(), live.listen()]);
  browser = chromium;
  second = createHttpServer(live.handler).listen(0, "127.0.0.1");
  await once(second, "listening");
  port = http?.port ?? 0;
});
afterAll(async () => {
  await live?.close();
  second?.close();
});

const NAMED = ["avc1.640028", "vp09.00.40.08", "av01.0.08M.08"];

it("the player tells a server which codecs the browser plays, in the way that its address allows", async () => {
  publish(live, "live/told", makeClip("320x180"));
  const base = `http://127.0.0.1:${port}`;
  const page = await play(browser, base, "/live/told.flv", { negotiate: true });
  await advance(page, 0.2);
  const [same] = asked;
  for (const codec of NAMED) expect(same?.headers.accept).toContain(`video/mp4;codecs="${codec}"`);
  expect(same?.query.has("codecs")).toBe(false);
  const ladder = [
    { name: "1080p", bitrate: 4_000_000 },
    { name: "1080p-av1", bitrate: 4_000_000, codec: "av1" },
  ] as const;
  expect(negotiate(same?.headers ?? {}, ladder).rendition?.name).toBe("1080p-av1");

  const { port: elsewhere } = second.address() as AddressInfo;
  const other = await openBlank(browser, base);
  const playing = (url: string, options: object) =>
    other.evaluate(
      ({ url, options }) => {
        window.player?.destroy();
        window.player = window.createPlayer(document.querySelector("video") as HTMLVideoElement, url, {
          negotiate: true,
          ...options,
        });
      },
      { url, options },
    );
  // The server's own worker may, by its policy, fetch from its own origin alone.
  const urls = [
    [`http://127.0.0.1:${elsewhere}/live/told.flv?token=a`, { paths: ["mse"] }],
    [`ws://127.0.0.1:${port}/live/told.flv?token=b`, {}],
    ["/live/told.flv?token=c", { paths: ["webcodecs"] }],
    ["/live/told.flv?token=d", { negotiate: false }],
  ] as const;
  const seen = (token: string) => asked.find(({ query }) => query.get("token") === token);
  for (const [url, options] of urls) {
    await playing(url, options);
    await expect.poll(() => seen(url.at(-1) ?? ""), { message: url }).toBeDefined();
  }
  const [cross, overWebSocket, decoded, silent] = ["a", "b", "c", "d"].map(seen);
  for (const request of [cross, overWebSocket]) {
    expect(request?.query.get("codecs")?.split(",")).toEqual(expect.arrayContaining(NAMED));
  }
  expect(cross?.headers.accept).toBe("*/*");
  expect(overWebSocket?.protocol).toBe("ws-flv");
  for (const codec of NAMED) expect(decoded?.headers.accept).toContain(codec);
  expect([silent?.headers.accept, silent?.query.has("codecs")]).toEqual(["*/*", false]);
});

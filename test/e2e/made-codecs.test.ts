import type { Browser } from "playwright-core";
import { createServer, type LiveServer } from "sluice";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testBrowser } from "./chromium.js";
import { advance, makeClip, pictureChanges, play, publish } from "./harness.js";

let browser: Browser;
let live: LiveServer;
let base = "";
beforeAll(async () => {
  live = createServer({
    http: { port: 0, host: "127.0.0.1" },
    rtmp: false,
    ops: false,
    logger: false,
    waitForPublisherMs: 30_000,
    renditions: [
      { name: "full", bitrate: "4M", source: true },
      { name: "90p-av1", bitrate: "300k", height: 90, codec: "av1", transcode: true },
      { name: "90p-vp9", bitrate: "300k", height: 90, codec: "vp9", transcode: true },
    ],
    ladder: { allowHeavyCodecs: true },
  });
  const [chromium, { http }] = await Promise.all([testBrowser(), live.listen()]);
  browser = chromium;
  base = `http://127.0.0.1:${http?.port}`;
});
afterAll(async () => {
  await live?.close();
});

it("a browser that names AV1 or VP9 plays what is made for it, with its sound", async () => {
  publish(live, "live/room", makeClip("320x180"));
  const pages = [
    ["av1", await play(browser, base, "/live/room.flv", { negotiate: true })],
    ["vp9", await play(browser, base, "/live/room.flv?rendition=90p-vp9")],
  ] as const;
  for (const [codec, page] of pages) {
    await page.waitForFunction(() => document.querySelector("video")?.videoWidth === 160);
    await advance(page, 1);
    await pictureChanges(page);
    expect(await page.evaluate(() => window.errors), codec).toEqual([]);
    expect(live.streams().map(({ name }) => name)).toContain(`room_90p-${codec}`);
  }
});

import type { Browser, Page } from "playwright-core";
import { createServer, type LiveServer, type Logger } from "sluice";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ShapingProxy, startShapingProxy } from "../support/shaping-proxy.js";
import { testBrowser } from "./chromium.js";
import { advance, makeClip, openBlank, pictureChanges, play, publish } from "./harness.js";

declare global {
  interface Window {
    widths: number[];
  }
}

/** Below what the large picture has, and far above the small one. */
const NARROW = { bytesPerSecond: 150_000 };

let browser: Browser;
let live: LiveServer;
let proxy: ShapingProxy;
/** What each viewer was moved to, by its session. */
const changes = new Map<string, string[]>();

const logger: Logger = {
  debug() {},
  info(fields, message) {
    const { session = "", to = "" } = fields as { readonly session?: string; readonly to?: string };
    if (message === "quality changed") changes.set(session, [...(changes.get(session) ?? []), to]);
  },
  warn() {},
  error() {},
  child: () => logger,
};

beforeAll(async () => {
  live = createServer({
    http: { port: 0, host: "127.0.0.1" },
    rtmp: false,
    ops: false,
    // Nothing is left out: mpegts.js does not get over what is missing, whatever the reason.
    maxLagMs: 30_000,
    renditions: [
      { name: "large", bitrate: "4M", source: true },
      { name: "small", bitrate: "300k" },
    ],
    abr: { switch: true },
    logger,
  });
  const [chromium, { http }] = await Promise.all([testBrowser(), live.listen()]);
  browser = chromium;
  proxy = await startShapingProxy(http?.port ?? 0, 1);
});
afterAll(async () => {
  await live?.close();
  await proxy?.close();
});

async function mpegts(url: string): Promise<Page> {
  const page = await openBlank(browser, `http://127.0.0.1:${proxy.port}`);
  await page.addScriptTag({ path: "node_modules/mpegts.js/dist/mpegts.js" });
  await page.evaluate((url) => {
    const { mpegts } = window as unknown as { mpegts: typeof import("mpegts.js").default };
    const video = document.querySelector("video") as HTMLVideoElement;
    video.muted = true;
    window.errors = [];
    const player = mpegts.createPlayer({ type: "flv", isLive: true, url });
    player.on("error", (type: string, detail: string) => window.errors.push(`${type} ${detail}`));
    player.attachMediaElement(video);
    player.load();
    void player.play();
  }, url);
  return page;
}

/** From now on the page remembers the sizes that the picture had. */
const remember = (page: Page) =>
  page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    window.widths = [];
    const note = () => {
      if (video.videoWidth > 0 && window.widths.at(-1) !== video.videoWidth)
        window.widths.push(video.videoWidth);
    };
    video.addEventListener("resize", note);
    note();
  });

/** What the page has seen of the picture: its sizes, and errors. */
const seen = (page: Page) => page.evaluate(() => ({ widths: window.widths.join(), errors: window.errors }));

it("our player and mpegts.js go on with a smaller picture on the same connection", async () => {
  const large = makeClip("640x360", "-vf noise=alls=40:allf=t -b:v 4M -maxrate 4M -bufsize 2M");
  const small = makeClip("320x180", "-b:v 150k -maxrate 150k -bufsize 150k");
  // At once: what comes more than a second apart is no ladder.
  publish(live, "live/room", large);
  publish(live, "live/room_small", small);
  const base = `http://127.0.0.1:${proxy.port}`;
  const pages = [await play(browser, base, "/live/room.flv"), await mpegts(`${base}/live/room.flv`)];
  for (const page of pages) {
    await advance(page, 1);
    await remember(page);
  }
  proxy.shape(NARROW);
  const wereMoved = () => [...changes.values()].map(([first]) => first);
  await expect.poll(wereMoved).toEqual(["small", "small"]);
  proxy.shape({});
  for (const page of pages) {
    // When all is well for a while, it is large again.
    await expect
      .poll(() => seen(page))
      .toMatchObject({
        widths: expect.stringMatching(/^640,320/) as string,
        errors: [],
      });
    await advance(page, 1);
    await pictureChanges(page);
    expect((await seen(page)).errors).toEqual([]);
  }
  expect(await pages[0]?.evaluate(() => window.player.stats().reconnects)).toBe(0);
}, 150_000);

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { startShapingProxy } from "../support/shaping-proxy.js";
import { launchChromium } from "./chromium.js";
import { type ClockPublisher, publishClock } from "./delay/clock-publisher.js";
import { bundleMeter, type MeterScripts, openMeter } from "./delay/page.js";

/** Back at the delay from before: so near, milliseconds. The rest is a matter of the machine's load. */
const NEAR_MS = 250;

describe("recovery, by the clock in the picture", () => {
  let browser: Browser;
  let server: LiveTestServer;
  let scripts: MeterScripts;
  let publisher: ClockPublisher;

  beforeAll(async () => {
    [browser, server, scripts] = await Promise.all([launchChromium(), startLiveServer(), bundleMeter()]);
    publisher = publishClock(server.rtmp("clock"), { gopSeconds: 1 });
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await publisher?.stop();
    await server?.close();
  });

  it.each([
    ["mse-worker", [0.5, 2, 10]],
    ["webcodecs", [0.5, 2]],
  ] as const)(
    "by %s: is back at its delay after cuts of %j s, over a network with jitter",
    async (path, cuts) => {
      const proxy = await startShapingProxy(server.httpPort, 4, { delayMs: 10, jitterMs: 30 });
      onTestFinished(() => proxy.close());
      const page = await view(proxy.port, path);
      await page.waitForFunction(() => window.viewing.shown.length > 100);
      const before = await page.evaluate(() => window.viewing.age());
      for (const seconds of cuts) {
        proxy.cut();
        await page.waitForFunction((ms) => window.viewing.age() > ms, seconds * 1000);
        proxy.restore();
        await backAt(page, before);
      }
    },
  );

  it("is back after the connection is broken off, and after the publisher comes again", async () => {
    const proxy = await startShapingProxy(server.httpPort, 5);
    onTestFinished(() => proxy.close());
    const page = await view(proxy.port, "mse-worker");
    await page.waitForFunction(() => window.viewing.shown.length > 100);
    const before = await page.evaluate(() => window.viewing.age());
    proxy.reset();
    await page.waitForFunction(() => (window.viewing.stats()[0]?.reconnects ?? 0) > 0);
    await backAt(page, before);
    await publisher.stop();
    await page.waitForFunction(() => window.viewing.age() > 1500);
    publisher = publishClock(server.rtmp("clock"), { gopSeconds: 1, width: 320, height: 180 });
    await page.waitForFunction(() => window.viewing.stats()[0]?.width === 320);
    await backAt(page, before);
  });

  async function view(port: number, path: "mse-worker" | "webcodecs"): Promise<Page> {
    const page = await browser.newPage();
    const base = `http://127.0.0.1:${port}`;
    await openMeter(page, base, scripts);
    await page.evaluate(
      ({ url, path }) => {
        window.viewing = window.delay.begin({ player: "sluice", options: { paths: [path] } }, url);
      },
      { url: `${base}/live/clock.flv`, path },
    );
    return page;
  }
});

/** Waits until pictures that come from now on are about as old as before the trouble. */
async function backAt(page: Page, before: number): Promise<void> {
  await page.evaluate(async (ms) => {
    const { viewing } = window;
    const from = viewing.shown.length;
    const isBack = (): boolean => {
      const recent = viewing.shown.slice(from).slice(-PICTURES);
      return recent.length === PICTURES && recent.every(({ age }) => age < ms);
    };
    const PICTURES = 10;
    while (!isBack()) await new Promise((resolve) => setTimeout(resolve, 20));
  }, before + NEAR_MS);
  expect(await page.evaluate(() => window.viewing.stats()[0]?.state)).toBe("playing");
}

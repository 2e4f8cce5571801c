import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type JumpingFlv, startJumpingFlv } from "../support/jumping-flv.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { type ShapingProxy, startShapingProxy } from "../support/shaping-proxy.js";
import { testBrowser } from "./chromium.js";
import { type ClockPublisher, publishClock } from "./delay/clock-publisher.js";
import { bundleMeter, type MeterScripts, openMeter } from "./delay/page.js";
import { syncOffsets } from "./delay/sync.js";

/** Back at the delay from before, or at what the network's jitter asks for now: so near, milliseconds. */
const NEAR_MS = 250;
/** Sound and picture are together within this, milliseconds. */
const SYNC_MS = 40;
/** Tones in a row that say so. */
const TONES = 5;

const PATHS = ["mse-worker", "webcodecs"] as const;
type Path = (typeof PATHS)[number];

/** Each picture is encoded, decoded twice and looked at: so small a one does. */
const SMALL = { width: 320, height: 180 };

/** What was usual before a trouble, milliseconds. */
interface Usual {
  readonly age: number;
  readonly target: number;
}

interface Network {
  readonly proxy: ShapingProxy;
  readonly jumping: JumpingFlv;
}

describe("recovery, by the clock in the picture", () => {
  let browser: Browser;
  let server: LiveTestServer;
  let scripts: MeterScripts;
  let publisher: ClockPublisher;

  beforeAll(async () => {
    [browser, server, scripts] = await Promise.all([testBrowser(), startLiveServer(), bundleMeter()]);
    publisher = publishClock(server.rtmp("clock"), { ...SMALL, gopSeconds: 1, patient: true });
  });
  afterAll(async () => {
    await publisher?.stop();
    await server?.close();
  });

  it("is back after cuts, over a network with jitter, its sound with the picture", () =>
    byAll(async (path) => {
      const { proxy } = await network(4);
      proxy.shape({ delayMs: 10, jitterMs: 30 });
      const page = await view(proxy.port, path, true);
      const before = await usual(page);
      for (const seconds of path === "webcodecs" ? [0.5, 2] : [0.5, 2, 10]) {
        proxy.cut();
        await page.waitForFunction((ms) => window.viewing.age() > ms, seconds * 1000);
        proxy.restore();
        await backAt(page, before);
      }
      await inSync(page);
    }));

  it("is back after stalls, and after a rate below the stream's", () =>
    byAll(async (path) => {
      const { proxy } = await network(6);
      const page = await view(proxy.port, path);
      const before = await usual(page);
      proxy.shape({ jitterMs: 100, stalls: { everyMs: 500, minMs: 200, maxMs: 2000 } });
      await page.waitForFunction((ms) => window.viewing.age() > ms, 1500);
      proxy.shape({});
      await backAt(page, before);
      const bitrate = await page.evaluate(() => window.viewing.stats()[0]?.bitrate ?? 0);
      expect(bitrate).toBeGreaterThan(0);
      proxy.shape({ bytesPerSecond: bitrate / 8 / 3 });
      await page.waitForFunction((ms) => window.viewing.age() > ms, 1500);
      proxy.shape({});
      await backAt(page, before);
    }));

  it("plays on where a server hands on timestamps that jump, its sound with the picture", () =>
    byAll(async (path) => {
      const { proxy, jumping } = await network(7);
      jumping.jump(600_000);
      const page = await view(proxy.port, path, true);
      const before = await usual(page);
      for (const minutes of [5, -10]) {
        jumping.jump(minutes * 60_000);
        await backAt(page, before);
        await inSync(page);
      }
      expect(await page.evaluate(() => window.viewing.stats()[0]?.reconnects)).toBe(0);
    }));

  it("is back after the connection is broken off, and after the publisher comes again in another size", async () => {
    const { proxy } = await network(5);
    const pages = await Promise.all(PATHS.map((path) => view(proxy.port, path)));
    const before = await Promise.all(pages.map(usual));
    const backAtAll = (): Promise<unknown> =>
      Promise.all(pages.map((page, i) => backAt(page, before[i] as Usual)));
    proxy.reset();
    for (const page of pages) {
      await page.waitForFunction(() => (window.viewing.stats()[0]?.reconnects ?? 0) > 0);
    }
    await backAtAll();
    await publisher.stop();
    for (const page of pages) await page.waitForFunction(() => window.viewing.age() > 1000);
    publisher = publishClock(server.rtmp("clock"), {
      width: 480,
      height: 270,
      gopSeconds: 1,
      patient: true,
    });
    for (const page of pages) await page.waitForFunction(() => window.viewing.stats()[0]?.width === 480);
    await backAtAll();
  });

  /** At the same time: they mostly wait. */
  async function byAll(run: (path: Path) => Promise<void>): Promise<void> {
    await Promise.all(PATHS.map(run));
  }

  /** From the page to the server, until the test is over. */
  async function network(seed: number): Promise<Network> {
    const jumping = await startJumpingFlv(server.httpPort);
    const proxy = await startShapingProxy(jumping.port, seed);
    onTestFinished(async () => {
      await proxy.close();
      await jumping.close();
    });
    return { proxy, jumping };
  }

  async function view(port: number, path: Path, sound = false): Promise<Page> {
    const page = await browser.newPage();
    const base = `http://127.0.0.1:${port}`;
    await openMeter(page, base, scripts);
    await page.evaluate(
      ({ url, path, sound }) => {
        window.viewing = window.delay.begin({ player: "sluice", options: { paths: [path] } }, url, sound);
      },
      { url: `${base}/live/clock.flv`, path, sound },
    );
    return page;
  }
});

/** The age of a picture and the delay that is aimed at, once it plays steadily. */
async function usual(page: Page): Promise<Usual> {
  await page.waitForFunction(() => window.viewing.shown.length > 75);
  return page.evaluate(() => {
    const last = window.viewing.shown.slice(-25).sort((a, b) => a.age - b.age)[12];
    return { age: last?.age ?? 0, target: last?.target ?? 0 };
  });
}

/** Waits until pictures that come from now on are about as old as before the trouble, or as jitter makes necessary. */
async function backAt(page: Page, before: Usual): Promise<void> {
  await page.evaluate(
    async ({ before, near }) => {
      const { viewing } = window;
      const from = viewing.shown.length;
      const isBack = (): boolean => {
        const recent = viewing.shown.slice(from).slice(-PICTURES);
        return (
          recent.length === PICTURES &&
          recent.every(({ age, target }) => age < before.age + Math.max(0, target - before.target) + near)
        );
      };
      const PICTURES = 10;
      while (!isBack()) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    { before, near: NEAR_MS },
  );
  expect(await page.evaluate(() => window.viewing.stats()[0]?.state)).toBe("playing");
}

/** Waits until the sound is as near to its picture as it has to be, for tones in a row from now on. */
async function inSync(page: Page): Promise<void> {
  const from = await page.evaluate(() => window.viewing.shown.at(-1)?.at ?? 0);
  await expect
    .poll(
      async () => {
        const seen = await page.evaluate(
          (from) => ({
            shown: window.viewing.shown.filter(({ at }) => at > from),
            heard: window.viewing.heard.filter(({ at }) => at > from),
          }),
          from,
        );
        const last = syncOffsets(seen.shown, seen.heard).slice(-TONES);
        return last.length === TONES && last.every((offset) => Math.abs(offset) <= SYNC_MS);
      },
      { interval: 100 },
    )
    .toBe(true);
}

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { PlayerOptions } from "../../src/player/index.js";
import { type Firefox, type FirefoxPage, launchFirefox } from "./firefox.js";
import { type Clip, makeClip, publish, startServer, type TestServer } from "./harness.js";

describe("our player in Firefox", () => {
  let firefox: Firefox;
  let server: TestServer;
  let clip: Clip;

  beforeAll(async () => {
    clip = makeClip("320x180");
    [firefox, server] = await Promise.all([launchFirefox(), startServer()]);
  });
  afterAll(async () => {
    await firefox?.close();
    await server?.live.close();
  });

  it.each(["fetch", "ws"] as const)(
    "plays H.264 and AAC over %s through a media source, which it has in no worker",
    async (transport) => {
      publish(server.live, `live/${transport}`, clip);
      const page = await play(server.base, `/live/${transport}.flv`, { transport });
      await advance(page, 1);
      await pictureChanges(page);
      const stats = await page.evaluate(() => window.player.stats());
      expect(stats).toMatchObject({ state: "playing", path: "mse", width: 320, height: 180, reconnects: 0 });
      expect(stats.codecs.map((codec) => codec.slice(0, 4))).toEqual(["avc1", "mp4a"]);
      expect(await page.evaluate(() => window.told)).toEqual([
        "mse-worker: no media source in workers",
        "mse: there are Media Source Extensions",
      ]);
      // Near the edge: the delay that it aims at, and what a busy machine adds.
      await page.waitForFunction(() => {
        const { latencyMs, targetLatencyMs } = window.player.stats();
        return latencyMs < targetLatencyMs + 100;
      });
      expect(await page.evaluate(() => window.errors)).toEqual([]);
    },
  );

  it("decodes by WebCodecs", async () => {
    publish(server.live, "live/canvas", clip);
    const page = await play(server.base, "/live/canvas.flv", { paths: ["webcodecs"] });
    await page.waitForFunction(() => window.player.stats().decodedFrames > 25);
    expect(await page.evaluate(() => window.player.stats())).toMatchObject({
      state: "playing",
      path: "webcodecs",
      width: 320,
    });
    await page.evaluate(() => window.player.destroy());
    expect(await page.evaluate(() => document.querySelectorAll("canvas").length)).toBe(0);
  });

  it("goes on after the server was restarted, and leaves nothing behind", async () => {
    const first = await startServer();
    const before = publish(first.live, "live/again", clip);
    const page = await play(first.base, "/live/again.flv");
    await advance(page, 0.5);
    before.stop();
    await first.live.close();
    await page.waitForFunction(() => window.player.state === "connecting");
    const second = await startServer(first.port);
    onTestFinished(() => second.live.close());
    publish(second.live, "live/again", clip);
    await advance(page, 1);
    await pictureChanges(page);
    const left = await page.evaluate(async () => {
      const { reconnects } = window.player.stats();
      await window.player.destroy();
      const video = document.querySelector("video") as HTMLVideoElement;
      return { reconnects, src: video.getAttribute("src"), state: window.player.state };
    });
    expect(left).toMatchObject({ src: null, state: "ended" });
    expect(left.reconnects).toBeGreaterThan(0);
    await expect.poll(() => second.live.streams().map(({ viewers }) => viewers)).toEqual([0]);
  });

  async function play(base: string, url: string, options: PlayerOptions = {}): Promise<FirefoxPage> {
    const page = await firefox.open(`${base}/watch/none/such`);
    onTestFinished(() => page.close());
    await page.importTo("sluice", "/assets/player.js");
    await page.evaluate(
      ({ url, options }) => {
        const video = document.createElement("video");
        document.body.replaceChildren(video);
        window.errors = [];
        window.player = window.sluice.createPlayer(video, url, options);
        window.player.on("error", ({ code }) => window.errors.push(code));
        window.player.on("path", ({ steps }) => {
          window.told = steps.map(({ path, reason }) => `${path}: ${reason}`);
        });
      },
      { url, options },
    );
    return page;
  }
});

declare global {
  interface Window {
    sluice: typeof import("../../src/player/index.js");
    /** The steps to the path. */
    told: string[];
  }
}

/** Waits until playback has gone on for this many seconds from where it is now. */
async function advance(page: FirefoxPage, seconds: number): Promise<void> {
  const from = await page.evaluate(() => (document.querySelector("video") as HTMLVideoElement).currentTime);
  await page.waitForFunction(
    (until) => (document.querySelector("video") as HTMLVideoElement).currentTime > until,
    from + seconds,
  );
}

/** Waits until the picture is another one than now. */
async function pictureChanges(page: FirefoxPage): Promise<void> {
  const picture = (): string => {
    const context = new OffscreenCanvas(64, 36).getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.drawImage(document.querySelector("video") as HTMLVideoElement, 0, 0, 64, 36);
    return context.getImageData(0, 0, 64, 36).data.join();
  };
  const first = await page.evaluate(picture);
  await expect.poll(() => page.evaluate(picture)).not.toBe(first);
}

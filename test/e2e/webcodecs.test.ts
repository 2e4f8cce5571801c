import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type Clip, makeClip, openBlank, play, publish, useStage } from "./harness.js";

describe("the WebCodecs path in Chromium", () => {
  const stage = useStage();
  let small: Clip;
  let large: Clip;

  beforeAll(() => {
    small = makeClip("320x180");
    large = makeClip("640x360");
  });

  it("shows the pictures in a canvas in the element's place, and takes another size", async () => {
    const publication = publish(stage.server.live, "live/canvas", small);
    const page = await play(stage.browser, stage.server.base, "/live/canvas.flv", { paths: ["webcodecs"] });
    await page.waitForFunction(() => window.player.state === "playing");
    await canvasChanges(page);
    expect(await page.evaluate(() => window.player.stats())).toMatchObject({
      path: "webcodecs",
      width: 320,
      height: 180,
      reconnects: 0,
    });
    publication.switchTo(large);
    await page.waitForFunction(() => window.player.stats().width === 640);
    await canvasChanges(page);
    expect(await page.evaluate(() => window.errors)).toEqual([]);
  });

  it("lets the sound be heard where it is not muted", async () => {
    publish(stage.server.live, "live/heard", small);
    const page = await openBlank(stage.browser, stage.server.base);
    await page.evaluate(() => {
      const { createGain } = AudioContext.prototype;
      AudioContext.prototype.createGain = function (this: AudioContext) {
        const gain = createGain.call(this);
        const analyser = this.createAnalyser();
        (window as unknown as { context: AudioContext }).context = this;
        gain.connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        (window as unknown as { level(): number }).level = () => {
          analyser.getFloatTimeDomainData(samples);
          return Math.max(...samples);
        };
        return gain;
      };
      const video = document.querySelector("video") as HTMLVideoElement;
      window.player = window.createPlayer(video, "/live/heard.flv", { paths: ["webcodecs"], muted: false });
    });
    await page.waitForFunction(() => ((window as unknown as { level?(): number }).level?.() ?? 0) > 0.01);
    // Muted again, the context is closed: it costs nothing.
    await page.evaluate(() => {
      (document.querySelector("video") as HTMLVideoElement).muted = true;
    });
    await page.waitForFunction(
      () => (window as unknown as { context: AudioContext }).context.state === "closed",
    );
    await canvasChanges(page);
  });

  it("leaves nothing behind", async () => {
    publish(stage.server.live, "live/closed", small);
    const page = await play(stage.browser, stage.server.base, "/live/closed.flv", { paths: ["webcodecs"] });
    await page.waitForFunction(() => window.player.state === "playing");
    await page.evaluate(() => window.player.destroy());
    expect(await page.locator("canvas").count()).toBe(0);
    expect(await page.locator("video").evaluate((video: HTMLVideoElement) => video.style.display)).toBe("");
    await expect
      .poll(() => stage.server.live.streams().find(({ name }) => name === "closed")?.viewers)
      .toBe(0);
  });
});

async function canvasChanges(page: Page): Promise<void> {
  const picture = (): string => {
    const shown = document.querySelector("canvas") as HTMLCanvasElement;
    const small = new OffscreenCanvas(64, 36).getContext("2d") as OffscreenCanvasRenderingContext2D;
    small.drawImage(shown, 0, 0, 64, 36);
    return small.getImageData(0, 0, 64, 36).data.join();
  };
  const before = await page.evaluate(picture);
  await expect.poll(() => page.evaluate(picture)).not.toBe(before);
}

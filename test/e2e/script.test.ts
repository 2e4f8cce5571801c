import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { advance, type Clip, makeClip, pictureChanges, publish, useStage } from "./harness.js";

/** What sluice.js gives a page, as far as the tests use it. */
interface Handle {
  on(name: string, call: (event: { code?: string; path?: string }) => void): () => void;
  stats(): { state: string; path: string; width: number } | undefined;
  destroy(): unknown;
}
declare global {
  interface Window {
    Sluice: { createPlayer(video: Element, url: string, options?: object): Handle };
    handle: Handle;
    heard: string[];
  }
}

/** No inline script or style, no eval, nothing from elsewhere. */
const STRICT =
  "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; media-src 'self' blob:";
/** Ruffle is WebAssembly, and calls a page's functions by eval, as Flash did. */
const WITH_RUFFLE = "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'";
const RUFFLE = dirname(createRequire(import.meta.url).resolve("@ruffle-rs/ruffle"));

describe("sluice.js in Chromium", () => {
  const stage = useStage();
  let clip: Clip;

  beforeAll(() => {
    clip = makeClip("320x180");
  });

  /** A page of this content under a policy. What the policy forbids ends up in `faults`. */
  async function open(
    content: string,
    policy: string,
    change?: () => void,
  ): Promise<{ page: Page; faults: string[] }> {
    const page = await stage.browser.newPage();
    const faults: string[] = [];
    page.on("console", (said) => {
      if (/Content Security Policy/.test(said.text())) faults.push(said.text());
    });
    page.on("pageerror", ({ message }) => faults.push(message));
    if (change !== undefined) await page.addInitScript(change);
    await page.route(`${stage.server.base}/page.html`, (route) =>
      route.fulfill({
        contentType: "text/html",
        headers: { "Content-Security-Policy": policy },
        body: `<!doctype html><meta charset="utf-8">${content}`,
      }),
    );
    await page.route(`${stage.server.base}/ruffle/*`, (route) => {
      const name = new URL(route.request().url()).pathname.slice("/ruffle/".length);
      const file = `${RUFFLE}/${name}`;
      if (!existsSync(file)) return route.fulfill({ status: 404 });
      const contentType = name.endsWith(".wasm") ? "application/wasm" : "text/javascript";
      return route.fulfill({ contentType, body: readFileSync(file) });
    });
    await page.goto(`${stage.server.base}/page.html`);
    return { page, faults };
  }

  const viewersOf = (name: string): number | undefined =>
    stage.server.live.streams().find((stream) => stream.name === name)?.viewers;

  it("plays what the page's elements name, under a strict policy", async () => {
    publish(stage.server.live, "live/named", clip);
    const { page, faults } = await open(
      '<video data-sluice="/live/named.flv" autoplay muted></video><script src="/assets/sluice.js"></script>',
      STRICT,
    );
    await advance(page, 0.5);
    await pictureChanges(page);
    const stats = await page.evaluate(() =>
      (document.querySelector("video") as unknown as { sluice: Handle }).sluice.stats(),
    );
    expect(stats).toMatchObject({ state: "playing", path: "mse-worker", width: 320 });
    expect(faults).toEqual([]);
  });

  it("is called like the module, tells what it tells, and leaves nothing behind", async () => {
    publish(stage.server.live, "live/called", clip);
    const { page, faults } = await open('<video></video><script src="/assets/sluice.js"></script>', STRICT);
    await page.evaluate(() => {
      window.heard = [];
      const video = document.querySelector("video") as HTMLVideoElement;
      window.handle = window.Sluice.createPlayer(video, "/live/called.flv", { transport: "ws" });
      window.handle.on("path", ({ path }) => window.heard.push(`path ${path}`));
      window.handle.on("playing", () => window.heard.push("not heard any more"))();
      window.handle.on("playing", () => window.heard.push("playing"));
    });
    await page.waitForFunction(() => window.heard.length > 1);
    await page.evaluate(() => window.handle.destroy());
    const heard = await page.evaluate(() => window.heard);
    // On a busy machine it may have stalled, and played again.
    expect(heard.slice(0, 2)).toEqual(["path mse-worker", "playing"]);
    expect(heard).not.toContain("not heard any more");
    await expect.poll(() => viewersOf("called")).toBe(0);
    // One that is destroyed before it has begun does not begin.
    await page.evaluate(() => {
      const video = document.querySelector("video") as HTMLVideoElement;
      window.Sluice.createPlayer(video, "/live/called.flv").destroy();
    });
    expect(await page.locator("video").getAttribute("src")).toBeNull();
    expect(faults).toEqual([]);
  });

  it("takes Flash where the browser knows no modules, as Ruffle plays it", async () => {
    publish(stage.server.live, "live/flash", clip);
    const { page } = await open(
      '<video width="320" height="180"></video><script src="/ruffle/ruffle.js"></script><script src="/assets/sluice.js"></script>',
      WITH_RUFFLE,
      asOld,
    );
    await page.evaluate(() => {
      window.heard = [];
      const video = document.querySelector("video") as HTMLVideoElement;
      window.handle = window.Sluice.createPlayer(video, "/live/flash.flv");
      window.handle.on("path", ({ path }) => window.heard.push(`path ${path}`));
      window.handle.on("playing", () => window.heard.push("playing"));
    });
    await page.waitForFunction(() => window.heard.includes("playing"));
    expect((await page.evaluate(() => window.heard)).slice(0, 2)).toEqual(["path flash", "playing"]);
    // The size is known from the metadata, which may come after the sound has begun.
    await page.waitForFunction(() => window.handle.stats()?.width === 320);
    expect(await page.evaluate(() => window.handle.stats()?.path)).toBe("flash");
    await flashMoves(page);
    await page.evaluate(() => window.handle.destroy());
    expect(await page.locator("ruffle-object, object").count()).toBe(0);
    expect(await page.locator("video").isVisible()).toBe(true);
  });

  it("says so where there is neither", async () => {
    const { page } = await open('<video></video><script src="/assets/sluice.js"></script>', STRICT, asOld);
    const told = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const video = document.querySelector("video") as HTMLVideoElement;
          window.Sluice.createPlayer(video, "/live/none.flv").on("error", resolve);
        }),
    );
    expect(told).toMatchObject({ kind: "media", code: "browser-unsupported", fatal: true });
  });

  it("is not needed for Flash: the module takes it too, where a page wants it", async () => {
    publish(stage.server.live, "live/wanted", clip);
    const { page } = await open(
      '<video width="320" height="180"></video><script src="/ruffle/ruffle.js"></script><script src="/assets/sluice.js"></script>',
      WITH_RUFFLE,
    );
    await page.evaluate(() => {
      const video = document.querySelector("video") as HTMLVideoElement;
      window.handle = window.Sluice.createPlayer(video, "/live/wanted.flv", { paths: ["flash"] });
    });
    await page.waitForFunction(() => window.handle.stats()?.state === "playing");
    await page.waitForFunction(() => window.handle.stats()?.width === 320);
    expect(await page.evaluate(() => window.handle.stats()?.path)).toBe("flash");
    await flashMoves(page);
    await page.evaluate(() => window.handle.destroy());
    // Its connection ends with the page: Ruffle does not break off what it fetches.
    expect(await page.locator("ruffle-object, object").count()).toBe(0);
    expect(await page.locator("video").isVisible()).toBe(true);
  });
});

/** A browser that knows no modules, as far as a script can tell. */
function asOld(): void {
  Reflect.deleteProperty(HTMLScriptElement.prototype, "noModule");
}

/** Waits until what Flash shows has changed, and is a picture. */
async function flashMoves(page: Page): Promise<void> {
  const shot = async (): Promise<string> => {
    const bytes = await page.locator("ruffle-object, ruffle-embed, object").first().screenshot();
    return bytes.toString("base64");
  };
  const before = await shot();
  await expect.poll(shot).not.toBe(before);
  // Colour bars as PNG: a stage of one colour would be a few hundred bytes.
  expect((await shot()).length).toBeGreaterThan(4000);
}

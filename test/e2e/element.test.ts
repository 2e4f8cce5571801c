import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type Clip, makeClip, openBlank, publish, useStage } from "./harness.js";

describe("<sluice-player> in Chromium", () => {
  const stage = useStage();
  let clip: Clip;

  beforeAll(() => {
    clip = makeClip("320x180");
  });

  it("plays while it is in the document, and what its attributes say", async () => {
    publish(stage.server.live, "live/one", clip);
    publish(stage.server.live, "live/two", clip);
    const page = await openElement("/live/one.flv");
    await page.waitForFunction(() => window.element.stats()?.state === "playing");
    expect(await page.evaluate(() => window.element.path)).toBe("mse-worker");
    expect(await page.evaluate(() => window.element.video.muted && window.element.video.controls)).toBe(true);
    await expect.poll(() => viewersOf("one")).toBe(1);

    await page.evaluate(() => window.element.setAttribute("src", "/live/two.flv"));
    await expect.poll(() => viewersOf("two")).toBe(1);
    await expect.poll(() => viewersOf("one")).toBe(0);
    await page.waitForFunction(() => window.element.stats()?.state === "playing");

    await page.evaluate(() => {
      window.element.removeAttribute("muted");
      window.element.removeAttribute("controls");
    });
    expect(await page.evaluate(() => window.element.video.muted || window.element.video.controls)).toBe(
      false,
    );
    await page.evaluate(() => window.element.remove());
    await expect.poll(() => viewersOf("two")).toBe(0);
    expect(await page.evaluate(() => window.element.stats())).toBeUndefined();

    await page.evaluate(() => document.body.append(window.element));
    await expect.poll(() => viewersOf("two")).toBe(1);
  });

  it("tells events as DOM events, an error with its kind and code", async () => {
    const page = await openElement("/live/none.flv");
    const detail = await page.evaluate(
      () =>
        new Promise((resolve) =>
          window.element.addEventListener("error", (event) =>
            resolve((event as Event as CustomEvent).detail),
          ),
        ),
    );
    expect(detail).toMatchObject({ kind: "network", code: "not-found", fatal: false });
  });

  async function openElement(src: string): Promise<Page> {
    const page = await openBlank(stage.browser, stage.server.base);
    await page.addScriptTag({
      type: "module",
      content:
        'import { defineSluicePlayer } from "/assets/element.js"; defineSluicePlayer(); defineSluicePlayer();',
    });
    await page.waitForFunction(() => customElements.get("sluice-player") !== undefined);
    await page.evaluate((src) => {
      const element = document.createElement("sluice-player") as typeof window.element;
      for (const name of ["muted", "autoplay", "controls"]) element.setAttribute(name, "");
      element.setAttribute("src", src);
      document.body.replaceChildren(element);
      window.element = element;
    }, src);
    return page;
  }

  function viewersOf(name: string): number | undefined {
    return stage.server.live.streams().find((stream) => stream.name === name)?.viewers;
  }
});

declare global {
  interface Window {
    element: import("sluice/player/element").SluicePlayerElement;
  }
}

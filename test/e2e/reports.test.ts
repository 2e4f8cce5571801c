import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlayerReport } from "../../src/player/telemetry/report.js";
import { launchChromium } from "./chromium.js";
import { type Clip, makeClip, play, publish, startServer, type TestServer } from "./harness.js";

describe("the player's reports", () => {
  let browser: Browser;
  let server: TestServer;
  let clip: Clip;

  beforeAll(async () => {
    clip = makeClip("320x180");
    [browser, server] = await Promise.all([launchChromium(), startServer()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.live.close();
  });

  it("go to the endpoint beside the stream with the session's id, the last when it is destroyed", async () => {
    publish(server.live, "live/told", clip);
    const context = await browser.newContext();
    const reports: PlayerReport[] = [];
    await context.route("**/api/v1/reports", async (route) => {
      reports.push(JSON.parse(route.request().postData() ?? "") as PlayerReport);
      await route.fulfill({ status: 204 });
    });
    const page = await play({ newPage: () => context.newPage() } as Browser, server.base, "/live/told.flv", {
      reports: true,
    });
    await expect.poll(() => reports.length, { timeout: 20_000 }).toBeGreaterThan(1);
    const [first, second] = reports;
    expect(first).toMatchObject({ v: 2, st: "l", "sluice-path": "mse-worker", "sluice-state": "playing" });
    expect(first).not.toHaveProperty("sluice-rtt");
    expect(second?.["sluice-rtt"]).toBeGreaterThanOrEqual(0);
    expect(second?.["sluice-decoded"]).toBeGreaterThan(first?.["sluice-decoded"] ?? 0);
    expect(second?.sid).toMatch(/^\S+$/);
    expect(second?.sid).toBe(first?.sid);
    await page.evaluate(() => window.player.destroy());
    await expect.poll(() => reports.at(-1)?.["sluice-end"]).toBe(true);
    await context.close();
  });

  it("are not sent where nobody asked for them, and no more where the server takes none", async () => {
    publish(server.live, "live/quiet", clip);
    const asked = { default: 0, refused: 0 };
    const page = await play(browser, server.base, "/live/quiet.flv");
    page.on("request", (request) => {
      if (request.url().endsWith("/reports")) asked.default += 1;
    });
    const refused = await play(browser, server.base, "/live/quiet.flv", { reports: true });
    refused.on("request", (request) => {
      if (request.url().endsWith("/reports")) asked.refused += 1;
    });
    await expect.poll(() => asked.refused, { timeout: 20_000 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(asked).toEqual({ default: 0, refused: 1 });
  });
});

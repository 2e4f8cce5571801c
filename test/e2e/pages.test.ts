import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { advance, pictureChanges, publish, readClip, useStage } from "./harness.js";

describe("the pages in Chromium", () => {
  const demo = readClip("assets/demo.flv");
  const stage = useStage();

  it("lists streams as they come and go, and plays them in their cards", async () => {
    const { page, faults } = await open("/");
    await page.getByText("Nothing is live yet").waitFor();
    publish(stage.server.live, "live/demo", demo);
    await page.locator(".card", { hasText: "live/demo" }).waitFor();
    const other = publish(stage.server.live, "studio/a/ü", demo, ["audio"]);
    await page.locator(".card", { hasText: "studio/a/ü" }).waitFor();
    expect(await page.locator(".card", { hasText: "live/demo" }).textContent()).toContain("H.264 + AAC");
    await page.getByText("Nothing is live yet").waitFor({ state: "hidden" });
    await page.locator(".card video").waitFor();
    await advance(page, 0.5);
    await pictureChanges(page);
    other.stop();
    await page.locator(".card", { hasText: "studio/a/ü" }).waitFor({ state: "detached" });
    expect(await page.locator(".card").count()).toBe(1);
    await page.locator(".card").click();
    await page.waitForURL("**/watch/live/demo");
    await advance(page, 0.5);
    expect(faults).toEqual([]);
  });

  it("shows a publishing address and a command that work from here", async () => {
    const { page, faults } = await open("/");
    expect(await page.inputValue("#address")).toBe("rtmp://127.0.0.1/live/mine");
    expect(await page.inputValue("#ffmpeg")).toMatch(/^ffmpeg .*-f flv rtmp:\/\/127\.0\.0\.1\/live\/mine$/);
    await page.locator("[data-copy=address]").click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(faults).toEqual([]);
  });

  it("watches a stream: figures, transports, sound", async () => {
    publish(stage.server.live, "live/watched", demo);
    const { page, faults } = await open("/watch/live/watched");
    await page.locator("#state.live").waitFor();
    await pictureChanges(page);
    await page.waitForFunction(() => document.querySelector("#bitrate")?.textContent?.includes("bit/s"));
    expect(await page.textContent("#codec")).toBe("H.264 + AAC");
    expect(await page.textContent("#size")).toBe("1280 × 720");
    expect(await page.textContent("#latency")).toMatch(/^\d+\.\d\d s$/);
    const figures = await page.textContent(".figures");
    await page.waitForFunction((old) => document.querySelector(".figures")?.textContent !== old, figures);

    const [socket] = await Promise.all([
      page.waitForEvent("websocket"),
      page.getByRole("radio", { name: "WebSocket" }).check(),
    ]);
    expect(socket.url()).toBe(`${stage.server.base.replace("http", "ws")}/live/watched.flv`);
    await page.locator("#state.live").waitFor();
    await advance(page, 0.5);

    await page.getByRole("button", { name: "Sound on" }).click();
    await page.getByRole("button", { name: "Mute" }).waitFor();
    expect(await page.locator("video").evaluate((video: HTMLVideoElement) => video.muted)).toBe(false);
    expect(faults).toEqual([]);
  });

  it("plays the demo of the command line, at the address that it prints", async () => {
    const { page, faults } = await open("/", "en-US", await startDemo());
    await page.locator(".card", { hasText: "live/demo" }).click();
    await page.waitForURL("**/watch/live/demo");
    await page.locator("#state.live").waitFor();
    await pictureChanges(page);
    expect(faults).toEqual([]);
  });

  it("says that a stream is not live, and plays it once it is", async () => {
    const { page } = await open("/watch/live/later");
    await page.getByText("This stream is not live").waitFor();
    publish(stage.server.live, "live/later", demo);
    await page.locator("#state.live").waitFor();
    await page.getByText("This stream is not live").waitFor({ state: "hidden" });
  });

  it("speaks Chinese to who reads it", async () => {
    const { page, faults } = await open("/", "zh-CN");
    await page.getByText("还没有直播").waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-CN");
    // Every text of both pages has its translation: what is left in English are names.
    const untranslated = await page
      .locator("[data-word]")
      .evaluateAll((all) =>
        all.map(({ textContent }) => textContent ?? "").filter((text) => !/[\u4e00-\u9fff]/.test(text)),
      );
    expect(untranslated).toEqual([]);
    expect(faults).toEqual([]);
  });

  async function open(
    path: string,
    locale = "en-US",
    base = stage.server.base,
  ): Promise<{ page: Page; faults: string[] }> {
    const page = await stage.browser.newPage({ locale });
    onTestFinished(() => page.close());
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    // Content-Security-Policy and missing files are told here.
    page.on("console", (said) => {
      if (said.type() === "error") faults.push(said.text());
    });
    await page.goto(`${base}${path}`);
    return { page, faults };
  }
});

/** Runs `sluice demo` until the test is over, and gives the address where to watch it. */
async function startDemo(): Promise<string> {
  const options = ["demo", "--http-port", "0", "--rtmp-port", "0"];
  const child = spawn(process.execPath, ["dist/cli/main.js", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  const port = await new Promise<string>((resolve, reject) => {
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const found = /Watch\s+http:\/\/localhost:(\d+)\//.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on("exit", () => reject(new Error(`no address in: ${printed}`)));
  });
  return `http://127.0.0.1:${port}`;
}

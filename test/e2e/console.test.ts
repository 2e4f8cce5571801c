import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { testBrowser } from "./chromium.js";

// The console as an operator has it: a server of its own process, publishers and viewers of theirs.

const TOKEN = "a token for the tests";
const HOSTILE = "<img src=x onerror=window.pwned=1>";
/** Where pictures for the documentation go; none are made where it is not set. */
const PICTURES = process.env.CONSOLE_PICTURES;
const PICTURES_AFTER_MS = 25_000;

interface Running {
  readonly child: ChildProcess;
  readonly base: string;
  readonly rtmp: string;
}

const children: ChildProcess[] = [];

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, ["dist/cli/main.js", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

async function startDemo(): Promise<Running> {
  const ports = ["--http-port", "0", "--rtmp-port", "0", "--ops-port", "0"];
  const child = start(["demo", ...ports], { SLUICE_API_TOKEN: TOKEN });
  let printed = "";
  const [http, rtmp] = await new Promise<readonly [string, string]>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const [, web, dialled] =
        /Watch\s+http:\/\/localhost:(\d+)\/[\s\S]*RTMP\s+rtmp:\/\/localhost:(\d+)/.exec(printed) ?? [];
      if (web !== undefined && dialled !== undefined) resolve([web, dialled]);
    });
    child.on("exit", () => reject(new Error(`no address in: ${printed}`)));
  });
  return { child, base: `http://127.0.0.1:${http}`, rtmp: `rtmp://127.0.0.1:${rtmp}` };
}

/** Somebody who takes a stream over HTTP, calls himself what he likes, and leaves with the test. */
function view(url: string, userAgent: string): { leave(): void } {
  const request = get(url, { agent: false, headers: { "user-agent": userAgent } }, (response) => {
    response.on("error", () => {}).resume();
  });
  request.on("error", () => {});
  const leave = (): void => void request.destroy();
  onTestFinished(leave);
  return { leave };
}

describe("the console in Chromium", () => {
  let browser: Browser;
  let server: Running;

  beforeAll(async () => {
    [browser, server] = await Promise.all([testBrowser(), startDemo()]);
  });
  afterAll(async () => {
    await Promise.all(children.map(stop));
  });

  it("asks for the token, keeps it for the tab, and shows what is public without it", async () => {
    const { page, faults } = await open();
    await page.locator(".card", { hasText: "live/demo" }).waitFor();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("API token").fill("wrong");
    await page.getByLabel("API token").press("Enter");
    await page.getByText("Authorization: Bearer must have the API's token.").waitFor();
    expect(await page.locator("#console").isVisible()).toBe(false);
    // The refusal, which Chromium writes down by itself.
    expect(faults.splice(0)).toEqual([expect.stringContaining("401")]);

    await signIn(page);
    await page.getByRole("row", { name: /live\/demo/ }).waitFor();
    expect(await page.locator("#public").isVisible()).toBe(false);
    expect(await page.evaluate(() => document.cookie + JSON.stringify(localStorage))).not.toContain(TOKEN);
    await page.reload();
    await page.getByRole("row", { name: /live\/demo/ }).waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.locator(".card", { hasText: "live/demo" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    expect(faults).toEqual([]);
  });

  it("shows streams, charts with figures, who watches, and why a viewer ended; and ends one", async () => {
    const { page, faults } = await open();
    await signIn(page);
    const stream = page.getByRole("row", { name: /live\/demo/ });
    await stream.getByText("H.264 + AAC").waitFor();
    await stream.getByText("1280 × 720").waitFor();

    // A player that reports, one that does not, and one that will be ended.
    const watching = await browser.newPage();
    onTestFinished(() => watching.close());
    await watching.goto(`${server.base}/watch/live/demo`);
    const leaving = view(`${server.base}/live/demo.flv`, "leaving/1.0");
    view(`${server.base}/live/demo.flv`, "kicked/1.0");
    const viewers = page.getByRole("table", { name: "Viewers" });
    await viewers.getByRole("row", { name: /kicked\/1\.0/ }).waitFor();
    await viewers.getByRole("row", { name: /Chrome.* ms / }).waitFor();

    for (const title of ["Bitrate", "GOP", "Viewers", "Round trip", "Dropped", "Buffer", "Behind live"]) {
      await page
        .locator("figure.chart", { has: page.getByText(title, { exact: true }) })
        .and(page.locator("[data-points]:not([data-points='0'])"))
        .waitFor();
    }
    expect(await page.getByRole("img", { name: /^Bitrate: \d/ }).count()).toBe(1);
    await expect.poll(() => stream.textContent()).toMatch(/\d (k|M)bit\/s.*\d(\.\d+)? m?s/);

    leaving.leave();
    const events = page.getByRole("list", { name: "Events" });
    const ended = page.getByRole("list", { name: "Ended lately" });
    const left = /Viewer left live\/demo.*(its connection broke|it closed in order)/;
    await ended
      .getByText(left)
      .or(ended.locator("li", { hasText: left }))
      .first()
      .waitFor();
    await events.locator("li", { hasText: left }).first().waitFor();

    const doomed = viewers.getByRole("row", { name: /kicked\/1\.0/ });
    await doomed.getByRole("button", { name: /End connection/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    expect(await doomed.count()).toBe(1);
    await doomed.getByRole("button", { name: /End connection/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End connection" }).click();
    await doomed.waitFor({ state: "detached" });
    await ended.locator("li", { hasText: "ended by an operator" }).waitFor();
    await picture(page);
    expect(faults).toEqual([]);
  });

  it("plays a preview only when it is asked for, and is all there for the keyboard", async () => {
    const { page, faults } = await open();
    await signIn(page);
    const choose = page.getByRole("button", { name: "live/demo" });
    await choose.focus();
    await page.keyboard.press("Enter");
    await page.locator(".chosen-stream h2", { hasText: "live/demo" }).waitFor();
    expect(await page.locator("video").count()).toBe(0);
    await page.getByRole("button", { name: "Preview" }).focus();
    await page.keyboard.press("Enter");
    const stop = await page.getByRole("button", { name: "Stop preview" }).elementHandle();
    // At once: a busy machine may stop for want of a picture, and then there is none to keep.
    await page.waitForFunction((stop) => {
      const video = document.querySelector<HTMLVideoElement>(".preview video");
      const isShown = video !== null && video.currentTime > 0 && video.readyState >= video.HAVE_CURRENT_DATA;
      if (isShown) (stop as HTMLElement).click();
      return isShown;
    }, stop);
    await page.locator("video").waitFor({ state: "detached" });
    expect(await page.locator(".preview canvas").count()).toBe(1);
    expect(faults).toEqual([]);
  });

  it("takes no name and no user agent for markup", async () => {
    const clip = "assets/demo.flv";
    const push = start(["push", clip, `${server.rtmp}/live/${encodeURIComponent(HOSTILE)}`, "--loop"]);
    onTestFinished(() => stop(push));
    const { page, faults } = await open();
    await page.locator(".card", { hasText: HOSTILE }).waitFor();
    await signIn(page);
    await page.getByRole("button", { name: HOSTILE }).click();
    await page.locator(".chosen-stream h2", { hasText: HOSTILE }).waitFor();
    const { leave } = view(`${server.base}/live/${encodeURIComponent(HOSTILE)}.flv?${HOSTILE}`, HOSTILE);
    const row = page.getByRole("table", { name: "Viewers" }).locator("tr", { hasText: HOSTILE });
    await row.waitFor();
    await row.getByRole("button").click();
    await page.getByRole("dialog").getByText(HOSTILE).first().waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    leave();
    await page
      .getByRole("list", { name: "Ended lately" })
      .locator("li", { hasText: HOSTILE })
      .first()
      .waitFor();
    expect(await page.locator("img[src=x]").count()).toBe(0);
    expect(await page.evaluate(() => "pwned" in window)).toBe(false);
    expect(faults).toEqual([]);
  });

  it("speaks Chinese, is dark where the system is, and remembers what was chosen", async () => {
    const { page, faults } = await open({ locale: "zh-CN", colorScheme: "dark" });
    await page.getByRole("button", { name: "登录" }).first().click();
    await page.getByLabel("API 令牌").fill(TOKEN);
    await page.getByLabel("API 令牌").press("Enter");
    await page.getByRole("button", { name: "live/demo" }).click();
    view(`${server.base}/live/demo.flv`, "viewer/1.0");
    await page.getByRole("table", { name: "观众" }).getByText("viewer/1.0").waitFor();
    for (const title of ["码率", "关键帧间隔", "往返时延", "丢帧率", "缓冲", "直播延迟"])
      expect(await page.locator("figcaption", { hasText: title }).count()).toBe(1);
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.getByRole("button", { name: "深色或浅色" }).click();
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Events" }).waitFor();
    expect(await ground()).toBe(light);
    expect(faults).toEqual([]);
  });

  async function signIn(page: Page): Promise<void> {
    const dialog = page.getByRole("dialog");
    if (!(await dialog.isVisible())) await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("API token").fill(TOKEN);
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#console").waitFor();
  }

  async function open(
    options: { locale?: string; colorScheme?: "dark" | "light" } = {},
  ): Promise<{ page: Page; faults: string[] }> {
    const page = await browser.newPage({
      locale: "en-US",
      colorScheme: "light",
      viewport: { width: 1480, height: 1000 },
      ...options,
    });
    onTestFinished(() => page.close());
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    page.on("console", (said) => {
      if (said.type() === "error") faults.push(said.text());
    });
    await page.goto(`${server.base}/`);
    return { page, faults };
  }

  /** For the documentation: with some history, the stream's picture and more viewers, on either ground. */
  async function picture(page: Page): Promise<void> {
    if (PICTURES === undefined) return;
    for (const agent of ["VLC/3.0.20 LibVLC/3.0.20", "Lavf/59.27.100"])
      view(`${server.base}/live/demo.flv`, agent);
    await page.getByRole("button", { name: "Preview", exact: true }).click();
    await page.waitForTimeout(PICTURES_AFTER_MS);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${PICTURES}/console-light.png` });
    await page.getByRole("button", { name: "Dark or light" }).click();
    await page.screenshot({ path: `${PICTURES}/console-dark.png` });
  }
});

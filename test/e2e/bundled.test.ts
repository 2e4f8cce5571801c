import { mkdir, writeFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { build } from "vite";
import { describe, expect, it, onTestFinished } from "vitest";
import type { PlayerOptions } from "../../src/player/index.js";
import { advance, makeClip, pictureChanges, publish, useStage } from "./harness.js";
import { type Site, startSite } from "./site.js";

/** Nothing but what the player's documentation says that it needs. */
const STRICT =
  "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; media-src 'self' blob:";

describe("the player on other people's pages", () => {
  const stage = useStage();

  it.each(["vite", "react"])(
    "plays from examples/%s as Vite builds it, under a strict policy",
    async (name) => {
      const outDir = `${process.cwd()}/.cache/bundled/${name}`;
      await build({ root: `examples/${name}`, build: { outDir, emptyOutDir: true }, logLevel: "error" });
      publish(stage.server.live, `live/${name}`, makeClip("320x180"));
      const { page, faults } = await open(await site(outDir, STRICT), `/?src=/live/${name}.flv`);
      await advance(page, 0.5);
      await pictureChanges(page);
      if (name === "vite") await page.getByText(/^playing by mse-worker, \d+ ms behind$/).waitFor();
      else {
        await page.getByText("playing").waitFor();
        await page.getByRole("button", { name: "Stop" }).click();
        await expect
          .poll(() => stage.server.live.streams().find((each) => each.name === name)?.viewers)
          .toBe(0);
        await page.getByRole("button", { name: "Play" }).click();
        await advance(page, 0.5);
      }
      expect(faults).toEqual([]);
    },
  );

  it.each([
    ["mse-worker", STRICT, {}],
    ["mse-worker", STRICT, { workerUrl: "assets/worker.js" }],
    ["mse", STRICT, { paths: ["mse"] }],
    ["webcodecs", STRICT, { paths: ["webcodecs"], muted: false }],
    ["mse", STRICT.replace("worker-src 'self'", "worker-src 'none'"), {}],
  ] as const)("plays by %s under the policy %s", async (path, policy, options) => {
    publish(stage.server.live, "live/policy", makeClip("320x180"));
    const { page, faults } = await openPlain(policy, options);
    await page.waitForFunction(() => window.player?.stats().decodedFrames > 10);
    expect(await page.evaluate(() => window.player.path)).toBe(path);
    const allowed = policy.includes("worker-src 'none'") ? [/worker-src|Worker/] : [];
    expect(faults.filter((fault) => !allowed.some((each) => each.test(fault)))).toEqual([]);
  });

  it("plays with a worker of another origin, where the policy lets blobs be workers", async () => {
    publish(stage.server.live, "live/policy", makeClip("320x180"));
    const elsewhere = await site("dist/web", STRICT);
    const policy = STRICT.replace("script-src 'self'", `script-src 'self' ${elsewhere.base}`).replace(
      "worker-src 'self'",
      // Chromium holds this one against what a worker imports, too.
      `worker-src blob: ${elsewhere.base}`,
    );
    const { page, faults } = await openPlain(policy, { workerUrl: `${elsewhere.base}/worker.js` });
    await page.waitForFunction(() => window.player?.stats().decodedFrames > 10);
    expect(await page.evaluate(() => window.player.path)).toBe("mse-worker");
    expect(faults).toEqual([]);
  });

  async function site(folder: string, policy: string): Promise<Site> {
    const started = await startSite(folder, policy, stage.server.live);
    onTestFinished(() => started.close());
    return started;
  }

  /** A page without a bundler: the built player beside a script of its own. */
  async function openPlain(
    policy: string,
    options: PlayerOptions,
  ): Promise<{ page: Page; faults: readonly string[] }> {
    const folder = ".cache/bundled/plain";
    await mkdir(folder, { recursive: true });
    await writeFile(
      `${folder}/index.html`,
      '<!doctype html><title>Plain</title><video></video><script type="module" src="page.js"></script>',
    );
    await writeFile(
      `${folder}/page.js`,
      `import { createPlayer } from "/assets/player.js";
       const options = ${JSON.stringify(options)};
       window.player = createPlayer(document.querySelector("video"), "/live/policy.flv", options);`,
    );
    return open(await site(folder, policy), "/");
  }

  async function open({ base }: Site, address: string): Promise<{ page: Page; faults: readonly string[] }> {
    const page = await stage.browser.newPage();
    onTestFinished(() => page.close());
    const faults: string[] = [];
    page.on("pageerror", ({ message }) => faults.push(message));
    // What a policy forbids is told here.
    page.on("console", (said) => {
      if (said.type() === "error" && !said.location().url.endsWith("/favicon.ico")) faults.push(said.text());
    });
    await page.goto(`${base}${address}`);
    return { page, faults };
  }
});

import { build } from "esbuild";
import type { Page } from "playwright-core";

/** The script of watch.ts, for a page. */
export async function bundleMeter(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ["test/e2e/delay/watch.ts"],
    bundle: true,
    write: false,
    format: "iife",
    target: "chrome100",
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

/** Opens an empty page on the server's origin with our player, mpegts.js and the meter at hand. */
export async function openMeter(page: Page, base: string, script: string): Promise<void> {
  await page.goto(`${base}/api/v1/public/streams`);
  await page.addScriptTag({ path: "node_modules/mpegts.js/dist/mpegts.js" });
  await page.addScriptTag({ content: script });
  await page.addScriptTag({
    type: "module",
    content: 'import { createPlayer } from "/assets/player.js"; window.createPlayer = createPlayer;',
  });
  await page.waitForFunction(() => window.createPlayer !== undefined);
  await page.evaluate(() => window.mpegts.LoggingControl.applyConfig({ enableAll: false }));
}

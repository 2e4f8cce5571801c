import { build } from "esbuild";
import type { Page } from "playwright-core";

/** What a measuring page loads: watch.ts, and tap.ts for its AudioWorklets. */
export interface MeterScripts {
  readonly watch: string;
  readonly tap: string;
}

export async function bundleMeter(): Promise<MeterScripts> {
  const [watch, tap] = await Promise.all(["watch", "tap"].map(bundle));
  return { watch: watch ?? "", tap: tap ?? "" };
}

async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`test/e2e/delay/${name}.ts`],
    bundle: true,
    write: false,
    format: "iife",
    target: "chrome100",
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

/** Opens an empty page on the server's origin with our player, mpegts.js and the meter at hand. */
export async function openMeter(page: Page, base: string, scripts: MeterScripts): Promise<void> {
  await page.goto(`${base}/api/v1/public/streams`);
  await page.addScriptTag({ path: "node_modules/mpegts.js/dist/mpegts.js" });
  await page.addScriptTag({ content: scripts.watch });
  await page.addScriptTag({
    type: "module",
    content: 'import { createPlayer } from "/assets/player.js"; window.createPlayer = createPlayer;',
  });
  await page.waitForFunction(() => window.createPlayer !== undefined);
  await page.evaluate((tap) => {
    window.mpegts.LoggingControl.applyConfig({ enableAll: false });
    window.tapScript = URL.createObjectURL(new Blob([tap], { type: "text/javascript" }));
  }, scripts.tap);
}

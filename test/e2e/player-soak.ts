// What our player takes after it has played for long, beside what it took at first: memory, media kept, delay.
//   npm run player-soak -- [--minutes 60] [--paths mse-worker,webcodecs] [--every 5] [--json]
// Each path plays in a page of its own, small pictures with sound, and nothing reads the pixels: it is cheap to leave
// running. The first minute is left out, then the first tenth of the samples stands beside the last.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Browser, CDPSession, Page } from "playwright-core";
import { createServer } from "sluice";
import type { PlayerPath } from "sluice/player";
import { markdownTable, median, show } from "../../bench/figures.js";
import { launchWholeChromium } from "./chromium.js";
import { publishClock } from "./delay/clock-publisher.js";
import { bundleMeter, openMeter } from "./delay/page.js";

/** One look at one page. */
interface Sample {
  readonly latencyMs: number;
  readonly bufferMs: number;
  /** All that the element keeps, played or not, milliseconds; 0 without one. */
  readonly keptMs: number;
  /** JavaScript's heap of the page, after a collection, bytes. */
  readonly heap: number;
  readonly freezes: number;
  readonly frozenMs: number;
  readonly jumps: number;
}

const WARM_UP_MS = 60_000;
const PAGE_BYTES = 4096;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    every: { type: "string", default: "5" },
    paths: { type: "string", default: "mse-worker,webcodecs" },
    json: { type: "boolean", default: false },
  },
});
const paths = values.paths.split(",") as PlayerPath[];

const live = createServer({
  http: { port: 0, host: "127.0.0.1" },
  rtmp: { port: 0, host: "127.0.0.1" },
  logger: false,
});
const { http, rtmp } = await live.listen();
const base = `http://127.0.0.1:${http?.port}`;
const publisher = publishClock(`rtmp://127.0.0.1:${rtmp?.port}/live/clock`, {
  width: 320,
  height: 180,
  patient: true,
});
const browser = await launchWholeChromium();
const samples = new Map<PlayerPath, Sample[]>(paths.map((path) => [path, []]));
const resident: number[] = [];
try {
  const scripts = await bundleMeter();
  const watched: { readonly path: PlayerPath; readonly page: Page; readonly session: CDPSession }[] = [];
  for (const path of paths) {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(error));
    await openMeter(page, base, scripts);
    await page.evaluate(
      ({ url, path }) => {
        const video = document.createElement("video");
        document.body.replaceChildren(video);
        const player = window.createPlayer(video, url, { paths: [path], muted: false });
        player.on("error", ({ code, message }) => console.error(code, message));
        Object.assign(window, { player });
      },
      { url: `${base}/live/clock.flv`, path },
    );
    page.on("console", (said) => console.log(`${path}: ${said.text()}`));
    watched.push({ path, page, session: await context.newCDPSession(page) });
  }
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const until = performance.now() + Number(values.minutes) * 60_000;
  while (performance.now() < until) {
    for (const { path, page, session } of watched) samples.get(path)?.push(await look(page, session));
    resident.push(await residentOf(browser));
    if (values.json) console.log(JSON.stringify([...samples].map(([path, all]) => [path, all.at(-1)])));
    await new Promise((resolve) => setTimeout(resolve, Number(values.every) * 1000));
  }
} finally {
  await browser.close();
  await publisher.stop();
  await live.close();
}

const rows = [...samples].flatMap(([path, all]) => [
  [`${path}: delay ms`, ...tenths(all.map(({ latencyMs }) => latencyMs))],
  [`${path}: ahead ms`, ...tenths(all.map(({ bufferMs }) => bufferMs))],
  [`${path}: kept s`, ...tenths(all.map(({ keptMs }) => keptMs / 1000))],
  [`${path}: JavaScript's heap MB`, ...tenths(all.map(({ heap }) => heap / 1e6))],
  [`${path}: freezes over 200 ms so far`, ...tenths(all.map(({ freezes }) => freezes))],
  [`${path}: jumps so far`, ...tenths(all.map(({ jumps }) => jumps))],
]);
rows.push(["all pages' processes, resident MB", ...tenths(resident.map((bytes) => bytes / 1e6))]);
console.log(markdownTable(["median of", "the first tenth", "the last tenth", "most"], rows));

function tenths(figures: readonly number[]): string[] {
  const tenth = Math.max(1, Math.floor(figures.length / 10));
  return [median(figures.slice(0, tenth)), median(figures.slice(-tenth)), Math.max(...figures)].map(show);
}

async function look(page: Page, session: CDPSession): Promise<Sample> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const seen = await page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    let keptMs = 0;
    for (let i = 0; i < video.buffered.length; i += 1) {
      keptMs += (video.buffered.end(i) - video.buffered.start(i)) * 1000;
    }
    const { player } = window as unknown as { player: ReturnType<typeof window.createPlayer> };
    const { latencyMs, bufferMs, freezes, frozenMs, jumps } = player.stats();
    return { latencyMs, bufferMs, keptMs, freezes, frozenMs, jumps };
  });
  return { ...seen, heap: usedSize };
}

/** Of all renderer processes, workers included. Linux. */
async function residentOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  const sizes = await Promise.all(
    // One that has just ended counts for nothing.
    renderers.map(({ id }) => readFile(`/proc/${id}/statm`, "utf8").catch(() => "0 0")),
  );
  return sizes.reduce((sum, text) => sum + Number(text.split(" ")[1]) * PAGE_BYTES, 0);
}

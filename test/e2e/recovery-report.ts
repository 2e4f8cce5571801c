// How long our player takes to be back at its delay after each trouble, and how far picture and sound are apart then.
//   npm run recovery-report -- [--rounds 1] [--only "NAME;NAME"] [--paths mse-worker,webcodecs] [--seed 1]
// The same publisher as the delay report's, through a proxy that stands in for a bad network; with the sound on.
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { createServer } from "sluice";
import type { PlayerPath } from "sluice/player";
import { markdownTable, median, percentile, show } from "../../bench/figures.js";
import { type JumpingFlv, startJumpingFlv } from "../support/jumping-flv.js";
import { type ShapingProxy, startShapingProxy } from "../support/shaping-proxy.js";
import { launchWholeChromium } from "./chromium.js";
import { type ClockPublisher, publishClock } from "./delay/clock-publisher.js";
import { bundleMeter, openMeter } from "./delay/page.js";
import { backAfter, usualOf } from "./delay/recovery.js";
import { syncOffsets } from "./delay/sync.js";

interface Stage {
  readonly proxy: ShapingProxy;
  readonly jumping: JumpingFlv;
  /** What the stream takes, bytes per second. */
  rate(): Promise<number>;
  republish(options: { readonly width: number; readonly height: number }): Promise<void>;
}

const seconds = (count: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, count * 1000);
  });

const cut =
  (count: number) =>
  async ({ proxy }: Stage): Promise<void> => {
    proxy.cut();
    await seconds(count);
    proxy.restore();
  };

/** Each makes a trouble and settles when it is over. */
const TROUBLES: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  "cut for 0.5 s": cut(0.5),
  "cut for 2 s": cut(2),
  "cut for 10 s": cut(10),
  "stalls of 0.2 to 2 s, 10 s of them": async ({ proxy }) => {
    proxy.shape({ stalls: { everyMs: 1000, minMs: 200, maxMs: 2000 } });
    await seconds(10);
    proxy.shape({});
  },
  "half the stream's rate for 5 s, then four times it": async ({ proxy, rate }) => {
    const bytesPerSecond = await rate();
    proxy.shape({ bytesPerSecond: bytesPerSecond / 2 });
    await seconds(5);
    proxy.shape({ bytesPerSecond: bytesPerSecond * 4 });
  },
  "jitter of 100 ms from then on": async ({ proxy }) => proxy.shape({ jitterMs: 100 }),
  "connection reset": async ({ proxy }) => proxy.reset(),
  "publisher restarts in another size": ({ republish }) => republish({ width: 320, height: 180 }),
  "timestamps jump forward by 5 minutes": async ({ jumping }) => jumping.jump(300_000),
  "timestamps jump back by 5 minutes": async ({ jumping }) => jumping.jump(-300_000),
};

/** Watched before each trouble and after it, seconds. */
const BEFORE = 5;
const AFTER = 12;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    only: { type: "string" },
    paths: { type: "string", default: "mse-worker,webcodecs" },
    seed: { type: "string", default: "1" },
  },
});

const live = createServer({
  http: { port: 0, host: "127.0.0.1" },
  rtmp: { port: 0, host: "127.0.0.1" },
  logger: false,
});
const { http, rtmp } = await live.listen();
const rtmpUrl = `rtmp://127.0.0.1:${rtmp?.port}/live/clock`;
const browser = await launchWholeChromium();
const rows: string[][] = [];
try {
  const scripts = await bundleMeter();
  for (const path of values.paths.split(",") as PlayerPath[]) {
    for (const name of values.only?.split(";") ?? Object.keys(TROUBLES)) {
      const trouble = TROUBLES[name];
      if (trouble === undefined) throw new TypeError(`no trouble "${name}"`);
      const rounds: Awaited<ReturnType<typeof suffer>>[] = [];
      for (let round = 0; round < Number(values.rounds); round += 1) {
        rounds.push(await suffer(browser, scripts, path, trouble, Number(values.seed) + round));
      }
      const worst = (of: (figures: (typeof rounds)[number]) => number): number => {
        const all = rounds.map(of);
        return all.some(Number.isNaN) ? Number.NaN : Math.max(...all);
      };
      const offsets = rounds.flatMap((figures) => figures.offsets);
      rows.push([
        `${path}: ${name}`,
        show(worst(({ back }) => back)),
        show(worst(({ asBefore }) => asBefore)),
        show(median(rounds.map(({ delay }) => delay))),
        show(Math.max(...rounds.map(({ longest }) => longest))),
        show(percentile(offsets, 0.5)),
        show(percentile(offsets.map(Math.abs), 0.95)),
      ]);
      console.log(rows.at(-1)?.join("  "));
    }
  }
} finally {
  await browser.close();
  await live.close();
}
const header = ["path and trouble", "back after ms", "at the delay from before after ms"];
console.log(
  markdownTable(
    header.concat("delay then p50 ms", "longest picture then ms", "sound late by p50 ms", "apart p95 ms"),
    rows,
  ),
);

/** One trouble in a page of its own. */
async function suffer(
  browser: Browser,
  scripts: Parameters<typeof openMeter>[2],
  path: PlayerPath,
  trouble: (stage: Stage) => Promise<void>,
  seed: number,
): Promise<{ back: number; asBefore: number; delay: number; longest: number; offsets: number[] }> {
  let publisher: ClockPublisher = publishClock(rtmpUrl);
  const jumping = await startJumpingFlv(http?.port ?? 0);
  // A publisher that has been at it for a while.
  jumping.jump(600_000);
  const proxy = await startShapingProxy(jumping.port, seed);
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  const stage: Stage = {
    proxy,
    jumping,
    rate: () => page.evaluate(() => (window.viewing.stats()[0]?.bitrate ?? 0) / 8),
    async republish(options) {
      await publisher.stop();
      await seconds(2);
      publisher = publishClock(rtmpUrl, options);
      const { ended } = publisher;
      // It is over when the new one's first picture is there.
      await Promise.race([ended, pictureOf(page, options.width)]);
    },
  };
  try {
    const base = `http://127.0.0.1:${proxy.port}`;
    await openMeter(page, base, scripts);
    await page.evaluate(
      ({ url, path }) => {
        window.viewing = window.delay.begin({ player: "sluice", options: { paths: [path] } }, url, true);
      },
      { url: `${base}/live/clock.flv`, path },
    );
    await seconds(BEFORE);
    const begun = Date.now();
    await trouble(stage);
    const over = Date.now();
    await seconds(AFTER);
    const seen = await page.evaluate(async () => {
      const { viewing } = window;
      await viewing.stop();
      return { shown: viewing.shown, heard: viewing.heard, begun: viewing.begun };
    });
    const usual = usualOf(seen.shown.filter(({ at }) => at > (BEFORE - 2) * 1000 && at < begun - seen.begun));
    const endedAt = over - seen.begun;
    const recovered = backAfter(seen.shown, endedAt, usual);
    const from = endedAt + (Number.isNaN(recovered.back) ? (AFTER - 3) * 1000 : recovered.back);
    const after = seen.shown.filter(({ at }) => at >= from);
    return {
      ...recovered,
      delay: percentile(
        after.map(({ age }) => age),
        0.5,
      ),
      longest: Math.max(0, ...after.slice(1).map(({ at }, i) => at - (after[i]?.at ?? at))),
      offsets: syncOffsets(
        after,
        seen.heard.filter(({ at }) => at >= from),
      ),
    };
  } finally {
    await page.close();
    await proxy.close();
    await jumping.close();
    await publisher.stop();
  }
}

async function pictureOf(page: Page, width: number): Promise<void> {
  await page.waitForFunction((wanted) => window.viewing.stats()[0]?.width === wanted, width);
}

// How old pictures are when they are shown: ours and mpegts.js side by side, in one alternating run.
//   npm run delay-report -- [--seconds 15] [--rounds 3] [--only "NAME;NAME"] [--sound] [--json] [--trace]
// The publisher's pictures carry the wall clock (640x360, 25 a second, GOP 2 s, x264 included); a page reads it back
// from the pixels. Every viewing joins at another place in the group of pictures. With --sound everyone plays with it, and
// the page listens too: the sound carries the same clock.
import { parseArgs } from "node:util";
import type { Browser } from "playwright-core";
import { createServer } from "sluice";
import { markdownTable, show } from "../../bench/figures.js";
import { launchWholeChromium } from "./chromium.js";
import { publishClock } from "./delay/clock-publisher.js";
import { type DelayFigures, delayFigures, together } from "./delay/figures.js";
import { bundleMeter, type MeterScripts, openMeter } from "./delay/page.js";
import type { Contestant, Watched } from "./delay/watch.js";

/** What is left out of the steady figures at the beginning of each viewing, milliseconds. */
const SETTLE_MS = 5000;

const CONTESTANTS: Readonly<Record<string, Contestant>> = {
  "sluice, MSE": { player: "sluice", options: {} },
  "sluice, WebCodecs": { player: "sluice", options: { paths: ["webcodecs"] } },
  "mpegts.js, defaults": { player: "mpegts.js", config: {} },
  "mpegts.js, best live settings": {
    player: "mpegts.js",
    config: {
      enableWorker: true,
      enableStashBuffer: false,
      liveBufferLatencyChasing: true,
      liveBufferLatencyMaxLatency: 1,
      liveBufferLatencyMinRemain: 0.5,
      lazyLoad: false,
    },
  },
};

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "15" },
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
    sound: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const names = values.only?.split(";") ?? Object.keys(CONTESTANTS);

const live = createServer({
  http: { port: 0, host: "127.0.0.1" },
  rtmp: { port: 0, host: "127.0.0.1" },
  logger: false,
});
const { http, rtmp } = await live.listen();
const base = `http://127.0.0.1:${http?.port}`;
const publisher = publishClock(`rtmp://127.0.0.1:${rtmp?.port}/live/clock`);
const browser = await launchWholeChromium();
const viewings = new Map<string, DelayFigures[]>(names.map((name) => [name, []]));
try {
  const scripts = await bundleMeter();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const name of names) {
      const watched = await view(browser, scripts, CONTESTANTS[name] as Contestant);
      const { trace } = watched;
      const figures = delayFigures(watched, SETTLE_MS);
      viewings.get(name)?.push(figures);
      if (values.json) console.log(JSON.stringify({ round, name, ...figures, stats: trace.at(-1) }));
      if (values.trace) for (const stats of trace) console.log(JSON.stringify(stats));
    }
  }
} finally {
  await browser.close();
  await publisher.stop();
  await live.close();
}

const rows = [...viewings].map(([name, each]): string[] => {
  const { p50, p95, freezes, longest, first, settled, rate, sync, syncP95 } = together(each);
  const figures = [
    show(p50),
    show(p95),
    String(freezes),
    show(longest),
    show(first),
    show(settled),
    show(rate),
  ];
  return [name, ...figures, ...(values.sound ? [show(sync), show(syncP95)] : [])];
});
const header = ["player", "p50 ms", "p95 ms", "freezes > 200 ms", "longest ms", "first picture ms"];
const soundHeader = values.sound ? ["sound late by p50 ms", "apart p95 ms"] : [];
console.log(markdownTable(header.concat("steady after ms", "pictures/s", soundHeader), rows));

/** One viewing in a page of its own. */
async function view(browser: Browser, scripts: MeterScripts, contestant: Contestant): Promise<Watched> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(error));
  try {
    await openMeter(page, base, scripts);
    return await page.evaluate(
      ({ contestant, url, seconds, sound }) => window.delay.watch(contestant, url, seconds, sound),
      {
        contestant,
        url: `${base}/live/clock.flv`,
        seconds: Number(values.seconds),
        sound: values.sound,
      },
    );
  } finally {
    await page.close();
  }
}

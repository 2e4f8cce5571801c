// Watches the demo stream in Chromium with our player and reports whether it stood still:
//   npm run build && node scripts/run-ts.mjs test/e2e/watch-demo.ts [SECONDS] [fetch|ws]
// Ends with 1 if playback stalled, jumped or reconnected after its first two seconds.
import { createServer } from "sluice";
import { launchWholeChromium } from "./chromium.js";

const seconds = Number(process.argv[2] ?? 300);
const transport = process.argv[3] ?? "fetch";

interface Report {
  waiting: number;
  /** Where playback stood still or jumped, with what was buffered there. */
  events: string[];
  maxStillMs: number;
  currentTime: number;
  droppedFrames: number;
  decodedFrames: number;
  jumps: number;
  reconnects: number;
  latencyMs: number;
}

const stop = new AbortController();
const live = createServer({
  http: { port: 0, host: "127.0.0.1" },
  rtmp: { port: 0, host: "127.0.0.1" },
  logger: false,
});
const { http } = await live.listen();
const demo = live.playFile("assets/demo.flv", "live/demo", { loop: true, signal: stop.signal });
const browser = await launchWholeChromium();
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${http?.port}/watch/live/none`);
  const report = await page.evaluate(watch, { seconds, transport });
  console.log(JSON.stringify({ seconds, transport, ...report }, null, 1));
  const { waiting, jumps, reconnects } = report;
  process.exitCode = waiting + jumps + reconnects === 0 && report.currentTime > seconds - 5 ? 0 : 1;
} finally {
  await browser.close();
  stop.abort();
  await demo;
  await live.close();
}

/** Runs in the page. */
async function watch(given: { seconds: number; transport: string }): Promise<Report> {
  const address = new URL("assets/player.js", document.baseURI).href;
  const { createPlayer } = (await import(address)) as typeof import("../../src/player/index.js");
  const video = document.createElement("video");
  document.body.replaceChildren(video);
  const player = createPlayer(video, "live/demo.flv", {
    transport: given.transport === "ws" ? "ws" : "fetch",
  });
  const begun = performance.now();
  const settled = begun + 2000;
  const until = begun + given.seconds * 1000;
  let waiting = 0;
  const events: string[] = [];
  for (const name of ["waiting", "seeking"]) {
    video.addEventListener(name, () => {
      if (performance.now() <= settled) return;
      if (name === "waiting") waiting += 1;
      const { buffered } = video;
      const ranges = Array.from({ length: buffered.length }, (_, i) =>
        [buffered.start(i), buffered.end(i)].map((time) => time.toFixed(3)).join("-"),
      );
      events.push(`${name} at ${video.currentTime.toFixed(3)}, buffered ${ranges}`);
    });
  }
  let maxStillMs = 0;
  let seen = { time: video.currentTime, at: begun };
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = performance.now();
    if (video.currentTime === seen.time) continue;
    if (now > settled) maxStillMs = Math.max(maxStillMs, now - seen.at);
    seen = { time: video.currentTime, at: now };
  }
  const stats = player.stats();
  const { droppedFrames, decodedFrames, jumps, reconnects, latencyMs } = stats;
  const { currentTime } = video;
  await player.destroy();
  return {
    waiting,
    events,
    maxStillMs,
    currentTime,
    droppedFrames,
    decodedFrames,
    jumps,
    reconnects,
    latencyMs,
  };
}

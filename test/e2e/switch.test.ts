import type { Browser, Page } from "playwright-core";
import { createServer, type LiveServer, type Logger } from "sluice";
import type { PlayerPath } from "sluice/player";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../support/until.js";
import { testBrowser } from "./chromium.js";
import { advance, type Clip, makeClip, openBlank, pictureChanges, play, publish } from "./harness.js";

declare global {
  interface Window {
    /** Each size that the picture had, where its playback was then, and in how many pieces it had its media. */
    sizes: { readonly width: number; readonly at: number; readonly pieces: number }[];
    /** How long the element has waited for media, milliseconds. */
    waited: number;
  }
}

/** How long a player may have stood still in all, over both changes, as it tells itself, milliseconds: one that is stuck is so for good. */
const STILL_MS = 5_000;

const LOOP_SECONDS = 3.84;

let browser: Browser;
let live: LiveServer;
let base = "";
let port = 0;
let large: Clip;
let small: Clip;
/** What each viewer was moved to, by its session. */
const changes = new Map<string, string[]>();
const sessions: string[] = [];
const stopped: string[] = [];

const logger: Logger = {
  debug() {},
  info(fields, message) {
    const { session = "", to = "" } = fields as { readonly session?: string; readonly to?: string };
    if (message === "quality changed") changes.set(session, [...(changes.get(session) ?? []), to]);
  },
  warn() {},
  error() {},
  child: () => logger,
};

beforeAll(async () => {
  live = createServer({
    http: { port: 0, host: "127.0.0.1" },
    rtmp: false,
    ops: false,
    // Nothing is left out: mpegts.js does not get over what is missing, whatever the reason.
    maxLagMs: 30_000,
    renditions: [
      { name: "large", bitrate: "4M", source: true },
      { name: "small", bitrate: "300k" },
    ],
    abr: { switch: true, upAfterMs: 2_000 },
    logger,
  });
  live.on("play", ({ id }) => sessions.push(id));
  live.on("stop", ({ id }) => stopped.push(id));
  const [chromium, { http }] = await Promise.all([testBrowser(), live.listen()]);
  browser = chromium;
  port = http?.port ?? 0;
  base = `http://127.0.0.1:${port}`;
  // Of two profiles of H.264: the codec's name is another, too.
  const noise = "-vf noise=alls=40:allf=t -sc_threshold 0 -b:v 4M -maxrate 4M -bufsize 2M";
  large = seamless(makeClip("640x360", `-t ${LOOP_SECONDS} -preset veryfast -profile:v high ${noise}`));
  const little = "-b:v 150k -maxrate 150k -bufsize 150k";
  small = seamless(makeClip("320x180", `-t ${LOOP_SECONDS} -profile:v baseline ${little}`));
});
afterAll(async () => {
  await live?.close();
});

/** As long as 96 pictures are, and 180 frames of sound: over and over, it has no gap. */
function seamless({ tracks, packets }: Clip): Clip {
  const duration = LOOP_SECONDS * 1e6;
  return { tracks, packets: packets.filter(({ dts }) => dts < duration), duration };
}

async function mpegts(url: string): Promise<Page> {
  const page = await openBlank(browser, new URL(url).origin);
  await page.addScriptTag({ path: "node_modules/mpegts.js/dist/mpegts.js" });
  await page.evaluate((url) => {
    const { mpegts } = window as unknown as { mpegts: typeof import("mpegts.js").default };
    const video = document.querySelector("video") as HTMLVideoElement;
    video.muted = true;
    window.errors = [];
    const player = mpegts.createPlayer({ type: "flv", isLive: true, url });
    player.on("error", (type: string, detail: string, info?: { readonly msg?: string }) => {
      if (window.errors.length < 5) window.errors.push(`${type} ${detail} ${info?.msg}`);
    });
    player.attachMediaElement(video);
    player.load();
    void player.play();
  }, url);
  return page;
}

/** From now on the page remembers the sizes that the picture had, and how long it waited. */
const remember = (page: Page) =>
  page.evaluate(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    window.sizes = [];
    window.waited = 0;
    const note = () => {
      const { videoWidth: width, currentTime: at, buffered } = video;
      if (width > 0 && window.sizes.at(-1)?.width !== width)
        window.sizes.push({ width, at, pieces: buffered.length });
    };
    video.addEventListener("resize", note);
    let since: number | undefined;
    video.addEventListener("waiting", () => {
      since ??= performance.now();
    });
    video.addEventListener("playing", () => {
      window.waited += since === undefined ? 0 : performance.now() - since;
      since = undefined;
    });
    note();
  });

/** What the page has seen so far, and how its player says that it fares. */
const seen = (page: Page) =>
  page.evaluate(() => ({
    widths: window.sizes.map(({ width }) => width).join(),
    errors: window.errors,
    broken: document.querySelector("video")?.error?.message ?? "",
    at: document.querySelector("video")?.currentTime,
    waited: window.waited,
    stats: window.player?.stats(),
  }));

/** Has a session's player say that it stands still, until the session is moved: whatever the line, it goes down. */
async function complain(session: string): Promise<void> {
  const before = changes.get(session)?.length ?? 0;
  for (let frozen = 0; changes.get(session)?.length === before || !changes.has(session); frozen += 1_000) {
    const answer = await fetch(`${base}/api/v1/reports`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: JSON.stringify({ v: 2, sid: session, sta: "p", bsda: frozen }),
    });
    expect(answer.status).toBe(204);
    // The rule looks once a second: each figure is there for a look.
    await Promise.race([
      until(() => (changes.get(session)?.length ?? 0) > before),
      new Promise((resolve) => setTimeout(resolve, 2_500)),
    ]);
  }
}

/** Opens a viewer. @returns the page, and its session */
async function view(open: () => Promise<Page>): Promise<{ readonly page: Page; readonly session: string }> {
  const before = sessions.length;
  const page = await open();
  await until(() => sessions.length > before);
  return { page, session: sessions[before] as string };
}

it("our player and mpegts.js go down and up again on one connection, and nothing is missing", async () => {
  // At once: what comes more than a second apart is no ladder.
  publish(live, "live/room", large);
  publish(live, "live/room_small", small);
  const path = "/live/room.flv";
  const ours = (way: PlayerPath) => view(() => play(browser, base, path, { paths: [way], reports: false }));
  const worker = await ours("mse-worker");
  const page = await ours("mse");
  const other = await view(() => mpegts(`${base}${path}`));
  const canvas = await ours("webcodecs");
  const elements = [worker, page, other];
  const players = [worker, page, canvas];
  for (const { page } of elements) {
    await advance(page, 1);
    await remember(page);
  }
  const width = () => window.player.stats().width;
  await canvas.page.waitForFunction(() => window.player.stats().width === 640);
  const before = await Promise.all(players.map(({ page }) => page.evaluate(() => window.player.stats())));

  const all = [...elements, canvas];
  await Promise.all(all.map(({ session }) => complain(session)));
  await canvas.page.waitForFunction(() => window.player.stats().width === 320);
  // All is well from here on: a second later each is tried a step higher.
  for (const { session } of all) await until(() => changes.get(session)?.[1] !== undefined);
  for (const { session } of all) expect(changes.get(session)).toEqual(["small", "large"]);

  for (const { page } of elements) {
    // The last one had to be fetched and shown first.
    await expect.poll(() => seen(page)).toMatchObject({ widths: "640,320,640", errors: [], broken: "" });
    await advance(page, 1);
    await pictureChanges(page);
    expect((await seen(page)).errors).toEqual([]);
    const { sizes, waited } = await page.evaluate(() => ({ sizes: window.sizes, waited: window.waited }));
    // What it was played from had no gap, and playback went on over both changes.
    expect(sizes.map(({ pieces }) => pieces)).toEqual([1, 1, 1]);
    expect(sizes.map(({ at }) => at)).toEqual(sizes.map(({ at }) => at).sort((a, b) => a - b));
    expect(waited).toBeLessThan(STILL_MS);
  }
  await expect.poll(() => canvas.page.evaluate(width)).toBe(640);
  expect(await canvas.page.evaluate(() => window.errors)).toEqual([]);
  for (const [i, { page }] of players.entries()) {
    const { reconnects, frozenMs } = await page.evaluate(() => window.player.stats());
    expect(reconnects).toBe(0);
    expect(frozenMs - (before[i]?.frozenMs ?? 0)).toBeLessThan(STILL_MS);
  }
  // To the server each was one viewer all along.
  expect([sessions, stopped]).toEqual([all.map(({ session }) => session), []]);
}, 120_000);

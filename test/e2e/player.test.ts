import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  advance,
  type Clip,
  makeClip,
  makeVp9Clip,
  openBlank,
  pictureChanges,
  play,
  publish,
  startServer,
  useStage,
} from "./harness.js";

describe("our player in Chromium", () => {
  const stage = useStage();
  let small: Clip;
  let large: Clip;
  let high: Clip;
  let vp9: Clip;

  beforeAll(() => {
    small = makeClip("320x180");
    large = makeClip("640x360");
    high = makeClip("640x360", "-preset medium -profile:v high -ar 44100 -ac 1");
    vp9 = makeVp9Clip("160x90", small);
  });

  it.each(["fetch", "ws"] as const)("plays over %s: time goes on, the picture changes", async (transport) => {
    publish(stage.server.live, `live/${transport}`, small);
    const page = await play(stage.browser, stage.server.base, `/live/${transport}.flv`, { transport });
    await advance(page, 1);
    await pictureChanges(page);
    const stats = await page.evaluate(() => window.player.stats());
    expect(stats.codecs.map((codec) => codec.slice(0, 4))).toEqual(["avc1", "mp4a"]);
    expect(stats).toMatchObject({ state: "playing", width: 320, height: 180, reconnects: 0 });
    // It is 0 until there has been half a second to measure, and who joins is at the edge before that.
    await page.waitForFunction(() => window.player.stats().bitrate > 0);
    expect(await page.evaluate(() => window.errors)).toEqual([]);
  });

  it("comes before the publisher", async () => {
    const page = await play(stage.browser, stage.server.base, "/live/early.flv");
    await page.waitForFunction(() => window.errors.includes("not-found"));
    publish(stage.server.live, "live/early", small);
    await advance(page, 0.5);
  });

  it.each(["fetch", "ws"] as const)("goes on after the server was restarted, over %s", async (transport) => {
    const first = await startServer();
    const before = publish(first.live, "live/again", small);
    const page = await play(stage.browser, first.base, "/live/again.flv", { transport });
    await advance(page, 0.5);
    before.stop();
    await first.live.close();
    await page.waitForFunction(() => window.player.state === "connecting");
    const second = await startServer(first.port);
    publish(second.live, "live/again", small);
    await advance(page, 1);
    await pictureChanges(page);
    expect((await page.evaluate(() => window.player.stats())).reconnects).toBeGreaterThan(0);
    await second.live.close();
  });

  it("takes another size in the middle of a stream, without a new connection", async () => {
    const publication = publish(stage.server.live, "live/size", small);
    const page = await play(stage.browser, stage.server.base, "/live/size.flv");
    await advance(page, 0.5);
    publication.switchTo(large);
    await page.waitForFunction(() => window.player.stats().width === 640);
    await advance(page, 0.5);
    await pictureChanges(page);
    publication.switchTo(small);
    await page.waitForFunction(() => window.player.stats().width === 320);
    await advance(page, 0.5);
    expect(await page.evaluate(() => window.player.stats())).toMatchObject({ reconnects: 0, height: 180 });
  });

  it.each(["mse-worker", "mse", "webcodecs"] as const)(
    "by %s: takes another profile and another sound in its stride, and comes again for another codec",
    async (path) => {
      const name = `codecs-${path}`;
      const publication = publish(stage.server.live, `live/${name}`, small);
      const page = await play(stage.browser, stage.server.base, `/live/${name}.flv`, { paths: [path] });
      await playsAt(page, 320, "avc1.42");
      publication.switchTo(high);
      await playsAt(page, 640, "avc1.64");
      expect(await page.evaluate(() => window.player.stats().reconnects)).toBe(0);
      publication.switchTo(vp9);
      await playsAt(page, 160, "vp09");
      expect(await page.evaluate(() => window.player.stats().reconnects)).toBe(1);
      publication.switchTo(small);
      await playsAt(page, 320, "avc1.42");
      expect(await page.evaluate(() => window.errors)).toEqual([]);
    },
  );

  it("plays sound alone", async () => {
    publish(stage.server.live, "live/sound", small, ["audio"]);
    const page = await play(stage.browser, stage.server.base, "/live/sound.flv");
    await advance(page, 1);
    const { codecs } = await page.evaluate(() => window.player.stats());
    expect(codecs).toEqual(["mp4a.40.2"]);
  });

  it("plays a picture alone, and comes back for the sound when it begins later", async () => {
    const publication = publish(stage.server.live, "live/late", small, ["video"]);
    const page = await play(stage.browser, stage.server.base, "/live/late.flv");
    await advance(page, 0.5);
    await pictureChanges(page);
    expect((await page.evaluate(() => window.player.stats())).codecs).toHaveLength(1);
    publication.add("audio");
    await page.waitForFunction(() => window.player.stats().codecs.length === 2);
    await advance(page, 1);
    await pictureChanges(page);
  });

  it("plays on when a publisher comes back with less", async () => {
    const whole = publish(stage.server.live, "live/less", small);
    const page = await play(stage.browser, stage.server.base, "/live/less.flv");
    await advance(page, 0.5);
    whole.stop();
    publish(stage.server.live, "live/less", small, ["video"]);
    await page.waitForFunction(() => window.player.stats().codecs.length === 1);
    await advance(page, 1);
  });

  it("jumps over a hole in the sound", async () => {
    const hole = { ...small, packets: small.packets.filter(({ track, dts }) => !inHole(track.kind, dts)) };
    publish(stage.server.live, "live/hole", hole);
    const page = await play(stage.browser, stage.server.base, "/live/hole.flv");
    await advance(page, 5);
    const stats = await page.evaluate(() => window.player.stats());
    expect(stats.reconnects).toBe(0);
    expect(stats.jumps).toBeGreaterThan(0);
  });

  it("goes on to what else plays a codec, and where nothing is left names it and stops", async () => {
    const track = {
      id: 2,
      kind: "audio",
      codec: "mp3",
      config: { codec: "mp3", sampleRate: 44100 },
    } as const;
    const config = { ...track.config, numberOfChannels: 2, samplesPerFrame: 1152 };
    const writer = stage.server.live.publish("live/mp3", [{ ...track, config }]);
    // An MPEG-1 Layer III header: 128 kbit/s, 44.1 kHz, stereo.
    const data = new Uint8Array(417);
    data.set([0xff, 0xfb, 0x90, 0x00]);
    let dts = 0;
    const timer = setInterval(() => {
      writer.write({ track: 2, dts, data });
      dts += 26_122;
    }, 26);
    const other = await play(stage.browser, stage.server.base, "/live/mp3.flv");
    await other.waitForFunction(() => window.player.state === "playing");
    expect(await other.evaluate(() => window.player.path)).toBe("webcodecs");
    const page = await play(stage.browser, stage.server.base, "/live/mp3.flv", {
      paths: ["mse-worker", "mse"],
    });
    await page.waitForFunction(() => window.player.state === "ended");
    expect(await page.evaluate(() => window.errors)).toEqual(["codec-unsupported"]);
    clearInterval(timer);
    writer.end();
  });

  it.each(["mse-worker", "mse"] as const)(
    "leaves nothing behind when it is destroyed, 200 times over, by %s",
    async (path) => {
      const name = `gone-${path}`;
      publish(stage.server.live, `live/${name}`, small);
      const page = await openBlank(stage.browser, stage.server.base);
      const left = await page.evaluate(countLeft, { path, url: `/live/${name}.flv` });
      expect(left.during.listeners).toBeGreaterThan(0);
      expect(left.during.timers).toBeGreaterThan(0);
      expect(left.during.workers + left.during.urls).toBe(1);
      expect(left.after).toEqual({ listeners: 0, timers: 0, urls: 0, workers: 0 });
      expect(left).toMatchObject({ src: "", state: "ended", played: 200 });
      await expect.poll(() => viewersOf(name)).toBe(0);
    },
  );

  it.each(["http", "ws"])("mpegts.js plays the same address over %s", async (scheme) => {
    publish(stage.server.live, `live/mpegts-${scheme}`, small);
    const page = await openBlank(stage.browser, stage.server.base);
    await page.addScriptTag({ path: "node_modules/mpegts.js/dist/mpegts.js" });
    await page.evaluate(
      (url) => {
        const { mpegts } = window as unknown as { mpegts: typeof import("mpegts.js").default };
        const video = document.querySelector("video") as HTMLVideoElement;
        video.muted = true;
        const player = mpegts.createPlayer({ type: "flv", isLive: true, url });
        player.attachMediaElement(video);
        player.load();
        void player.play();
      },
      `${stage.server.base.replace("http", scheme)}/live/mpegts-${scheme}.flv`,
    );
    await advance(page, 1);
    await pictureChanges(page);
  });

  function viewersOf(name: string): number | undefined {
    return stage.server.live.streams().find((stream) => stream.name === name)?.viewers;
  }
});

/** Waits until it plays this, as near to the live edge as it wants to be and has to on a busy machine. */
async function playsAt(page: Page, width: number, codec: string): Promise<void> {
  await page.waitForFunction(
    ({ width, codec }) => {
      const stats = window.player.stats();
      const isNear = stats.latencyMs > 0 && stats.latencyMs < stats.targetLatencyMs + 250;
      return (
        stats.width === width && stats.codecs[0]?.startsWith(codec) && stats.state === "playing" && isNear
      );
    },
    { width, codec },
  );
  const from = await page.evaluate(() => window.player.stats().decodedFrames);
  await page.waitForFunction((from) => window.player.stats().decodedFrames > from + 20, from);
}

/** Fifty milliseconds of sound in each round of the clip, as a splice loses them. */
function inHole(kind: string, dts: number): boolean {
  return kind === "audio" && dts > 1_500_000 && dts < 1_560_000;
}

interface Open {
  listeners: number;
  timers: number;
  urls: number;
  workers: number;
}

/** Runs in the page: makes and destroys a player over and over, and counts what is open during and after. */
async function countLeft({ path, url }: { path: "mse-worker" | "mse"; url: string }): Promise<{
  during: Open;
  after: Open;
  src: string;
  state: string;
  played: number;
}> {
  const open = { listeners: 0, timers: 0, urls: 0, workers: 0 };
  const count = <T extends object, K extends keyof T>(on: T, name: K, what: keyof Open, by: number): void => {
    const original = on[name] as (...given: unknown[]) => unknown;
    on[name] = function (this: unknown, ...given: unknown[]) {
      open[what] += by;
      return original.apply(this, given);
    } as T[K];
  };
  const video = document.querySelector("video") as HTMLVideoElement;
  count(video, "addEventListener", "listeners", 1);
  count(video, "removeEventListener", "listeners", -1);
  count(window, "setInterval", "timers", 1);
  count(window, "clearInterval", "timers", -1);
  count(URL, "createObjectURL", "urls", 1);
  count(URL, "revokeObjectURL", "urls", -1);
  const RealWorker = window.Worker;
  window.Worker = class extends RealWorker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      open.workers += 1;
    }
    override terminate(): void {
      open.workers -= 1;
      super.terminate();
    }
  };
  let during = { ...open };
  let played = 0;
  let state = "";
  for (let round = 0; round < 200; round += 1) {
    const player = window.createPlayer(video, url, { paths: [path] });
    // Some are destroyed before they have begun, some on the way, some while they play.
    if (round % 20 === 0) {
      await new Promise<void>((resolve) => player.on("playing", () => resolve()));
      during = { ...open };
    } else if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round % 30));
    await player.destroy();
    await player.destroy();
    state = player.state;
    played += 1;
  }
  return {
    during,
    after: { ...open },
    src: `${video.getAttribute("src") ?? ""}${video.srcObject ?? ""}`,
    state,
    played,
  };
}

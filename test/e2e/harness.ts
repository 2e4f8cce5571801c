import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createServer, type LiveServer } from "sluice";
import { createFlvDemuxer, type Packet, type Track, type TrackKind } from "sluice/media";
import type { createPlayer, Player, PlayerOptions } from "sluice/player";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { testBrowser } from "./chromium.js";

export interface TestServer {
  readonly live: LiveServer;
  readonly port: number;
  readonly base: string;
}

export async function startServer(port = 0): Promise<TestServer> {
  const live = createServer({
    http: { port, host: "127.0.0.1" },
    rtmp: false,
    logger: false,
    waitForPublisherMs: 1000,
    shutdownTimeoutMs: 500,
  });
  const { http } = await live.listen();
  if (http === undefined) throw new Error("no HTTP port");
  return { live, port: http.port, base: `http://127.0.0.1:${http.port}` };
}

/** What the tests of a file play on. */
export interface Stage {
  readonly browser: Browser;
  readonly server: TestServer;
}

/** A browser and a server for all tests of a file. */
export function useStage(): Stage {
  let stage: Stage | undefined;
  const set = (): Stage => {
    if (stage === undefined) throw new Error("the stage is there once tests run");
    return stage;
  };
  beforeAll(async () => {
    const [browser, server] = await Promise.all([testBrowser(), startServer()]);
    stage = { browser, server };
  });
  afterAll(async () => {
    await stage?.server.live.close();
  });
  return {
    get browser() {
      return set().browser;
    },
    get server() {
      return set().server;
    },
  };
}

export interface Clip {
  readonly tracks: readonly Track[];
  readonly packets: readonly Packet[];
  /** Microseconds. */
  readonly duration: number;
}

export function readClip(file: string): Clip {
  const tracks: Track[] = [];
  const packets: Packet[] = [];
  const demuxer = createFlvDemuxer({
    track: (track) => tracks.push(track),
    packet: (packet) => packets.push(packet),
  });
  demuxer.push(readFileSync(file), 0);
  const last = Math.max(...packets.map(({ dts }) => dts));
  return { tracks, packets, duration: last + 40_000 };
}

/**
 * A moving picture of this size and a tone, four seconds that open with a key frame each second.
 *
 * @param encoding FFmpeg's options, where they are to be others
 */
export function makeClip(size: string, encoding = ""): Clip {
  const folder = mkdtempSync(join(tmpdir(), "sluice-e2e-"));
  const file = join(folder, "clip.flv");
  try {
    const picture = `-f lavfi -i testsrc2=size=${size}:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000`;
    const codecs = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 25 -c:a aac";
    const options = [
      "-v",
      "error",
      ...picture.split(" "),
      "-t",
      "4",
      ...codecs.split(" "),
      ...encoding.split(" ").filter((option) => option !== ""),
      "-f",
      "flv",
      file,
    ];
    execFileSync("ffmpeg", options);
    return readClip(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A clip whose picture is VP9: FFmpeg writes none into FLV, but IVF, which has nothing but sizes and times. */
export function makeVp9Clip(size: string, sound: Clip): Clip {
  const encoding =
    "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -g 25 -lag-in-frames 0 -an -f ivf";
  const picture = `-v error -f lavfi -i testsrc2=size=${size}:rate=25 -t 4`;
  const ivf = execFileSync("ffmpeg", `${picture} ${encoding} pipe:1`.split(" "));
  const [codedWidth = 0, codedHeight = 0] = size.split("x").map(Number);
  // A VPCodecConfigurationRecord: profile 0, level 3, 8 bits of 4:2:0, colours not said.
  const description = Uint8Array.of(0, 30, 0x82, 2, 2, 2, 0, 0);
  const config = { codec: "vp09.00.30.08", description, codedWidth, codedHeight, reorderDepth: 0 };
  const track: Track = { id: 1, kind: "video", codec: "vp9", config };
  const pictures: Packet[] = [];
  // A header of 32 bytes, then for each frame its length, 32 bits, and its time, 64.
  for (let at = 32; at < ivf.length; ) {
    const length = ivf.readUInt32LE(at);
    const dts = pictures.length * 40_000;
    const data = new Uint8Array(ivf.subarray(at + 12, at + 12 + length));
    pictures.push({ track, dts, pts: dts, key: pictures.length % 25 === 0, data, receivedAt: 0 });
    at += 12 + length;
  }
  const heard = sound.packets.filter((packet) => packet.track.kind === "audio");
  return {
    tracks: [track, ...sound.tracks.filter(({ kind }) => kind === "audio")],
    packets: [...pictures, ...heard].sort((a, b) => a.dts - b.dts),
    duration: sound.duration,
  };
}

export interface Publication {
  /** Goes on with another clip from its first key frame. */
  switchTo(clip: Clip): void;
  /** From now on packets of this kind too. */
  add(kind: TrackKind): void;
  /** From now on no packets of this kind: nobody is told. */
  drop(kind: TrackKind): void;
  stop(): void;
}

/** Publishes a clip over and over in real time, with the tracks of these kinds only, until the test is over. */
export function publish(
  live: LiveServer,
  name: string,
  first: Clip,
  only: readonly TrackKind[] = ["video", "audio"],
): Publication {
  const kinds = new Set(only);
  let clip = first;
  let begun = performance.now();
  let offset = 0;
  let next = 0;
  const writer = live.publish(
    name,
    clip.tracks.filter(({ kind }) => kinds.has(kind)),
  );
  let start = 0;
  const timer = setInterval(() => {
    const due = (performance.now() - begun) * 1000;
    for (;;) {
      const packet = clip.packets[next];
      if (packet === undefined) {
        offset += clip.duration;
        next = 0;
        continue;
      }
      if (packet.dts + offset > due) return;
      next += 1;
      if (!kinds.has(packet.track.kind)) continue;
      const { dts, pts, key, data } = packet;
      writer.write({
        track: packet.track.id,
        dts: start + dts + offset,
        pts: start + pts + offset,
        key,
        data,
      });
    }
  }, 10);
  function stop(): void {
    clearInterval(timer);
    writer.end();
  }
  onTestFinished(stop);
  return {
    switchTo(other) {
      start += Math.round((performance.now() - begun) * 1000);
      begun = performance.now();
      clip = other;
      offset = 0;
      next = 0;
      for (const track of other.tracks) if (kinds.has(track.kind)) writer.track(track);
    },
    add(kind) {
      for (const track of clip.tracks) if (track.kind === kind) writer.track(track);
      kinds.add(kind);
    },
    drop(kind) {
      kinds.delete(kind);
    },
    stop,
  };
}

declare global {
  interface Window {
    createPlayer: typeof createPlayer;
    player: Player;
    /** Codes of the errors the player told. */
    errors: string[];
  }
}

const BLANK = `<!doctype html><video></video><script type="module">
import { createPlayer } from "/assets/player.js";
window.createPlayer = createPlayer;
</script>`;

/** An empty page on the server's origin that has our player at hand, until the test is over. */
export async function openBlank(browser: Browser, base: string): Promise<Page> {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  // An answer of the server's own: Chromium lets a page that the test made up open no WebSocket on loopback.
  await page.goto(`${base}/api/v1/public/streams`);
  await page.setContent(BLANK);
  await page.waitForFunction(() => window.createPlayer !== undefined);
  return page;
}

/** Opens an empty page and plays a stream in it with our player. */
export async function play(
  browser: Browser,
  base: string,
  path: string,
  options: Omit<PlayerOptions, "signal"> = {},
): Promise<Page> {
  const page = await openBlank(browser, base);
  await page.evaluate(
    ({ path, options }) => {
      window.errors = [];
      window.player = window.createPlayer(document.querySelector("video") as HTMLVideoElement, path, options);
      window.player.on("error", ({ code }) => window.errors.push(code));
    },
    { path, options },
  );
  return page;
}

/** Waits until playback has gone on for this many seconds from where it is now. */
export async function advance(page: Page, seconds: number): Promise<void> {
  const from = await page.evaluate(() => (document.querySelector("video") as HTMLVideoElement).currentTime);
  await page.waitForFunction(
    (target) => (document.querySelector("video") as HTMLVideoElement).currentTime > target,
    from + seconds,
  );
}

/** Waits until the picture has changed, as a canvas sees it. */
export async function pictureChanges(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const video = document.querySelector("video") as HTMLVideoElement;
    const canvas = document.createElement("canvas");
    canvas.width = 64;
    canvas.height = 36;
    const context = canvas.getContext("2d") as CanvasRenderingContext2D;
    context.drawImage(video, 0, 0, 64, 36);
    const { data } = context.getImageData(0, 0, 64, 36);
    if (data.every((value, i) => i % 4 === 3 || value === 0)) return false;
    const seen = window as unknown as { picture?: string };
    const before = seen.picture;
    seen.picture = data.join();
    return before !== undefined && before !== seen.picture;
  });
}

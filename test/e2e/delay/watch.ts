// Runs in the page: bundled by report.ts, it hands the page its functions as window.delay.
import type { Player, PlayerOptions, PlayerStats } from "../../../src/player/index.js";
import { BAR_MIDDLE, readAge } from "./clock-code.js";

type Mpegts = typeof import("mpegts.js").default;

/** Who plays: ours with these options, or mpegts.js with this configuration. */
export type Contestant =
  | { readonly player: "sluice"; readonly options: PlayerOptions }
  | { readonly player: "mpegts.js"; readonly config: Parameters<Mpegts["createPlayer"]>[1] };

/** A picture that came to the screen. Milliseconds, `at` since load(). */
export interface Shown {
  readonly at: number;
  readonly age: number;
}

export interface Watched {
  readonly shown: readonly Shown[];
  /** Our player's statistics, four times a second. */
  readonly trace: readonly PlayerStats[];
}

/** A viewing under way. */
export interface Viewing {
  readonly shown: readonly Shown[];
  /** How old what is on the screen is at this moment, milliseconds: it grows while the picture stands. */
  age(): number;
  stats(): readonly PlayerStats[];
  stop(): Promise<void>;
}

declare global {
  interface Window {
    mpegts: Mpegts;
    delay: {
      begin(contestant: Contestant, url: string): Viewing;
      watch(contestant: Contestant, url: string, seconds: number): Promise<Watched>;
    };
    viewing: Viewing;
    createPlayer: (video: HTMLVideoElement, url: string, options?: PlayerOptions) => Player;
  }
}

const WIDTH = 640;
const TRACE_MS = 250;

/** Begins to play a stream and to read the clock from every picture that is shown. */
function begin(contestant: Contestant, url: string): Viewing {
  const video = document.createElement("video");
  video.muted = true;
  document.body.replaceChildren(video);
  const context = new OffscreenCanvas(WIDTH, 1).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no canvas");
  const shown: Shown[] = [];
  const begun = performance.now();
  const player = start(contestant, video, url);
  let last = 0;
  let going = true;

  function read(source: HTMLVideoElement | HTMLCanvasElement, height: number, width: number): void {
    const drawn = context as OffscreenCanvasRenderingContext2D;
    const now = performance.now();
    drawn.drawImage(source, 0, Math.floor(height * BAR_MIDDLE), width, 1, 0, 0, WIDTH, 1);
    const { data } = drawn.getImageData(0, 0, WIDTH, 1);
    const clock = Math.floor(performance.timeOrigin + now);
    const age = readAge(data, clock);
    if (age === undefined) return;
    const stamp = clock - age;
    if (stamp === last) return;
    last = stamp;
    shown.push({ at: now - begun, age });
  }

  function onVideoFrame(): void {
    if (!going) return;
    read(video, video.videoHeight, video.videoWidth);
    video.requestVideoFrameCallback(onVideoFrame);
  }
  // The path without a media element paints a canvas: there is nothing to call back, so it is looked at each time.
  function onPaint(): void {
    if (!going) return;
    const canvas = document.querySelector("canvas");
    if (canvas !== null && canvas.width > 0) read(canvas, canvas.height, canvas.width);
    requestAnimationFrame(onPaint);
  }
  video.requestVideoFrameCallback(onVideoFrame);
  requestAnimationFrame(onPaint);
  return {
    shown,
    age: () => Math.floor(performance.timeOrigin + performance.now()) - last,
    stats: player.stats,
    async stop() {
      going = false;
      await player.stop();
    },
  };
}

/** Plays a stream for so long. */
async function watch(contestant: Contestant, url: string, seconds: number): Promise<Watched> {
  const viewing = begin(contestant, url);
  const trace: PlayerStats[] = [];
  const timer = setInterval(() => trace.push(...viewing.stats()), TRACE_MS);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  clearInterval(timer);
  await viewing.stop();
  return { shown: viewing.shown, trace };
}

function start(
  contestant: Contestant,
  video: HTMLVideoElement,
  url: string,
): Pick<Viewing, "stats" | "stop"> {
  if (contestant.player === "sluice") {
    const player = window.createPlayer(video, url, contestant.options);
    return { stats: () => [player.stats()], stop: () => player.destroy() };
  }
  const player = window.mpegts.createPlayer({ type: "flv", isLive: true, url }, contestant.config);
  player.attachMediaElement(video);
  player.load();
  void player.play();
  return { stats: () => [], stop: async () => player.destroy() };
}

window.delay = { begin, watch };

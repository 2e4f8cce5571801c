// Runs in the page: bundled by page.ts, it hands the page its functions as window.delay.
import type { Player, PlayerOptions, PlayerStats } from "../../../src/player/index.js";
import { ageOf, type Band, middleOf, readClock } from "./clock-code.js";
import { type Heard, listen } from "./listen.js";

type Mpegts = typeof import("mpegts.js").default;

/** Who plays: ours with these options, or mpegts.js with this configuration. */
export type Contestant =
  | { readonly player: "sluice"; readonly options: PlayerOptions }
  | { readonly player: "mpegts.js"; readonly config: Parameters<Mpegts["createPlayer"]>[1] };

/** A picture that came to the screen. Milliseconds. */
export interface Shown {
  /** Since load(). */
  readonly at: number;
  readonly age: number;
  /** On the stream's own clock. */
  readonly clock: number;
  /** The delay that our player aimed at then; 0 with another. */
  readonly target: number;
}

export interface Watched {
  readonly shown: readonly Shown[];
  /** Tones; none where it was not listened. `at` since load(). */
  readonly heard: readonly Heard[];
  /** Our player's statistics, four times a second. */
  readonly trace: readonly PlayerStats[];
}

/** A viewing under way. */
export interface Viewing {
  readonly shown: readonly Shown[];
  readonly heard: readonly Heard[];
  /** load(), milliseconds since the Unix epoch. */
  readonly begun: number;
  /** How old what is on the screen is at this moment, milliseconds: it grows while the picture stands. */
  age(): number;
  stats(): readonly PlayerStats[];
  stop(): Promise<void>;
}

declare global {
  interface Window {
    mpegts: Mpegts;
    delay: {
      begin(contestant: Contestant, url: string, sound?: boolean): Viewing;
      watch(contestant: Contestant, url: string, seconds: number, sound?: boolean): Promise<Watched>;
    };
    /** The address of tap.ts. */
    tapScript: string;
    viewing: Viewing;
    createPlayer: (video: HTMLVideoElement, url: string, options?: PlayerOptions) => Player;
  }
}

const WIDTH = 640;
const TRACE_MS = 250;

/**
 * Begins to play a stream and to read the clock from every picture that is shown.
 *
 * @param sound with its sound, and the clock is read from that too
 */
function begin(contestant: Contestant, url: string, sound = false): Viewing {
  const video = document.createElement("video");
  video.muted = !sound;
  document.body.replaceChildren(video);
  const context = new OffscreenCanvas(WIDTH, 1).getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no canvas");
  const shown: Shown[] = [];
  const heard: Heard[] = [];
  const begun = performance.now();
  const silence = sound
    ? listen(video, window.tapScript, ({ at, clock }) => heard.push({ at: at - begun, clock }))
    : () => {};
  const player = start(contestant, video, url, !sound);
  let last = 0;
  let going = true;

  function readBand(
    source: HTMLVideoElement | HTMLCanvasElement,
    width: number,
    height: number,
    band: Band,
  ): number | undefined {
    const drawn = context as OffscreenCanvasRenderingContext2D;
    drawn.drawImage(source, 0, Math.floor(height * middleOf(band)), width, 1, 0, 0, WIDTH, 1);
    return readClock(drawn.getImageData(0, 0, WIDTH, 1).data);
  }

  function read(source: HTMLVideoElement | HTMLCanvasElement, width: number, height: number): void {
    const now = performance.now();
    const stamp = readBand(source, width, height, "wall");
    if (stamp === undefined || stamp === last) return;
    last = stamp;
    const clock = readBand(source, width, height, "media") ?? Number.NaN;
    const target = player.stats()[0]?.targetLatencyMs ?? 0;
    shown.push({ at: now - begun, age: ageNow(now), clock, target });
  }

  function ageNow(now: number): number {
    return ageOf(last, Math.floor(performance.timeOrigin + now));
  }

  function onVideoFrame(): void {
    if (!going) return;
    read(video, video.videoWidth, video.videoHeight);
    video.requestVideoFrameCallback(onVideoFrame);
  }
  // The path without a media element paints a canvas: there is nothing to call back, so it is looked at each time.
  function onPaint(): void {
    if (!going) return;
    const canvas = document.querySelector("canvas");
    if (canvas !== null && canvas.width > 0) read(canvas, canvas.width, canvas.height);
    requestAnimationFrame(onPaint);
  }
  video.requestVideoFrameCallback(onVideoFrame);
  requestAnimationFrame(onPaint);
  return {
    shown,
    heard,
    begun: performance.timeOrigin + begun,
    age: () => ageNow(performance.now()),
    stats: player.stats,
    async stop() {
      going = false;
      silence();
      await player.stop();
    },
  };
}

/** Plays a stream for so long. */
async function watch(contestant: Contestant, url: string, seconds: number, sound = false): Promise<Watched> {
  const viewing = begin(contestant, url, sound);
  const trace: PlayerStats[] = [];
  const timer = setInterval(() => trace.push(...viewing.stats()), TRACE_MS);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  clearInterval(timer);
  await viewing.stop();
  return { shown: viewing.shown, heard: viewing.heard, trace };
}

function start(
  contestant: Contestant,
  video: HTMLVideoElement,
  url: string,
  muted: boolean,
): Pick<Viewing, "stats" | "stop"> {
  if (contestant.player === "sluice") {
    const player = window.createPlayer(video, url, { muted, ...contestant.options });
    return { stats: () => [player.stats()], stop: () => player.destroy() };
  }
  const player = window.mpegts.createPlayer({ type: "flv", isLive: true, url }, contestant.config);
  player.attachMediaElement(video);
  player.load();
  void player.play();
  return { stats: () => [], stop: async () => player.destroy() };
}

window.delay = { begin, watch };

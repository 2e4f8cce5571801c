import { SlidingWindow } from "./sliding-window.js";

/** How often viewers are looked at, and how far back is looked. */
export const REFRESH_MS = 500;
export const WINDOW_MS = 10_000;
/** Both ends of the window count. */
const ROWS = WINDOW_MS / REFRESH_MS + 1;

/** Who says so: the player itself, the kernel's TCP, a WebSocket ping, or what the server has done. */
export type Source = "player" | "kernel" | "websocket" | "server";

/** What a player last said of itself. Counts are its own, from whenever it began to count; what it did not say is undefined. */
export interface PlayerView {
  /** Which report it is from: when it came in, microseconds. */
  readonly at: number;
  readonly rttMs: number | undefined;
  readonly bufferMs: number | undefined;
  /** Frames that came, and of those what came too late to be shown. */
  readonly receivedFrames: number | undefined;
  readonly lateFrames: number | undefined;
  /** What it could not decode since the report before. */
  readonly decodeFailures: number;
  /** For how long it has stood still. */
  readonly stalledMs: number | undefined;
}

/** What is known of a viewer at a moment. Counters go on for as long as the session does. */
export interface ViewerReading {
  /** Media between what has reached it, as far as is known, and the newest, milliseconds. */
  readonly lagMs: number;
  /** The part of it that is on its way: the kernel has it. */
  readonly heldMs: number;
  /** Frames that there were for it, what of them it was not given, and how much media time that was. */
  readonly offeredFrames: number;
  readonly droppedFrames: number;
  readonly droppedMs: number;
  readonly kernelRttMs: number | undefined;
  readonly pingRttMs: number | undefined;
  readonly player: PlayerView | undefined;
}

/** A figure and who says so; where nobody knows it, there is none. */
export interface Sourced {
  readonly value: number;
  readonly source: Source;
}

/** How a viewer has fared over the window. */
export interface ViewerQuality {
  readonly rttMs: Sourced | undefined;
  /** What the player has yet to show; without its word, what is on its way to it. */
  readonly bufferMs: Sourced | undefined;
  /** Of the frames that came, or were to come: 0 to 1. */
  readonly dropRate: Sourced | undefined;
  /** Frames that it did not show, by who knows of them. */
  readonly dropped: readonly Sourced[];
  readonly stalledMs: Sourced;
  readonly lagMs: Sourced;
  readonly cause: Cause;
}

/**
 * What a viewer suffers from, most likely.
 *
 * - `publisher`: nothing came from it
 * - `decode`: the player cannot decode what it got
 * - `network`: frames were left out or pile up on the way to it
 * - `player`: it got all and shows it late, or stands still
 * - `none`: it is well
 */
export type Cause = "publisher" | "decode" | "network" | "player" | "none";

const LAG = 0;
const HELD = 1;
const OFFERED = 2;
const DROPPED = 3;
const DROPPED_MS = 4;
const KERNEL_RTT = 5;
const PING_RTT = 6;
const PLAYER_RTT = 7;
const BUFFER = 8;
const RECEIVED = 9;
const LATE = 10;
const FAILED = 11;
const STALLED = 12;
const COLUMNS = 13;

/** Media that lies on the way to a viewer for longer than this is held up by something. */
const HELD_UP_MS = 1_000;
/** A publisher that sends has sent something in this many looks: three seconds. */
const LOOKS_FOR_SILENCE = 6;

/** What is known of one viewer over the last ten seconds. */
export class ViewerWindow {
  readonly #window = new SlidingWindow(COLUMNS, ROWS);
  #silent = 0;
  #offered = Number.NaN;
  #player: PlayerView | undefined;
  #failed = 0;

  push(reading: ViewerReading): void {
    const { player } = reading;
    // A report is looked at more than once.
    if (player !== undefined && player.at !== this.#player?.at) this.#failed += player.decodeFailures;
    this.#player = player;
    this.#silent = reading.offeredFrames === this.#offered ? this.#silent + 1 : 0;
    this.#offered = reading.offeredFrames;
    this.#window.push([
      reading.lagMs,
      reading.heldMs,
      reading.offeredFrames,
      reading.droppedFrames,
      reading.droppedMs,
      reading.kernelRttMs ?? Number.NaN,
      reading.pingRttMs ?? Number.NaN,
      player?.rttMs ?? Number.NaN,
      player?.bufferMs ?? Number.NaN,
      player?.receivedFrames ?? Number.NaN,
      player?.lateFrames ?? Number.NaN,
      player === undefined ? Number.NaN : this.#failed,
      player?.stalledMs ?? Number.NaN,
    ]);
  }

  get quality(): ViewerQuality {
    const window = this.#window;
    const dropped: Sourced[] = [{ value: window.growth(DROPPED), source: "server" }];
    const late = window.growth(LATE);
    if (this.#player !== undefined)
      dropped.push({ value: orZero(late) + orZero(window.growth(FAILED)), source: "player" });
    return {
      rttMs: firstOf(
        [window.mean(PLAYER_RTT), "player"],
        [window.mean(KERNEL_RTT), "kernel"],
        [window.last(PING_RTT), "websocket"],
      ),
      bufferMs: firstOf([window.mean(BUFFER), "player"], [window.mean(LAG), "server"]),
      dropRate: firstOf(
        [rate(orZero(late) + orZero(window.growth(FAILED)), window.growth(RECEIVED)), "player"],
        [rate(window.growth(DROPPED), window.growth(OFFERED)), "server"],
      ),
      dropped: dropped.filter(({ value }) => value > 0),
      stalledMs: firstOf([window.growth(STALLED), "player"]) ?? {
        value: orZero(window.growth(DROPPED_MS)),
        source: "server",
      },
      lagMs: {
        value: orZero(window.mean(LAG)),
        source: window.mean(HELD) * 2 > window.mean(LAG) ? "kernel" : "server",
      },
      cause: this.#cause(),
    };
  }

  #cause(): Cause {
    const window = this.#window;
    if (this.#silent >= LOOKS_FOR_SILENCE) return "publisher";
    if (window.growth(FAILED) > 0) return "decode";
    if (window.growth(DROPPED) > 0 || window.last(LAG) > HELD_UP_MS) return "network";
    if (window.growth(LATE) > 0 || window.growth(STALLED) > 0) return "player";
    return "none";
  }
}

function firstOf(...candidates: readonly (readonly [number, Source])[]): Sourced | undefined {
  for (const [value, source] of candidates) if (!Number.isNaN(value)) return { value, source };
  return undefined;
}

/** NaN where there was nothing to lose. */
function rate(lost: number, all: number): number {
  return all > 0 ? Math.min(1, lost / all) : Number.NaN;
}

function orZero(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

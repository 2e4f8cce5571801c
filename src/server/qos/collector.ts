import { setImmediate } from "node:timers/promises";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { ViewerName, ViewerRow } from "./snapshot.js";
import { type PlayerView, REFRESH_MS, type ViewerReading, ViewerWindow } from "./viewer-quality.js";

/** What players have said of themselves, each the last time. */
export interface LatestReports {
  /** Undefined for who has said nothing, or nothing lately. @param session its id */
  latest(session: string): PlayerView | undefined;
}

/** One viewer, as the server sees it at this moment. */
export interface WatchedViewer extends ViewerName {
  read(): Omit<ViewerReading, "player" | "kernelRttMs"> & {
    /** What to look its round trip time up by in what the kernel tells. */
    readonly connection: string | undefined;
  };
}

/** What the kernel knows of connections. */
export interface KernelRtt {
  /** Asks it; what it says is there once this settles. Never throws. */
  refresh(): Promise<void>;
  /** Milliseconds; undefined where it is not known. */
  rttMs(connection: string): number | undefined;
}

export interface QosInit {
  readonly scheduler: Scheduler;
  readonly viewers: () => Iterable<WatchedViewer>;
  readonly reports: LatestReports;
  readonly kernel: KernelRtt;
}

/** How viewers fare: worked out twice a second for as long as somebody wants to know. */
export interface Qos {
  /** As it was at the last look, at most half a second ago; the first who asks waits for the first look. */
  rows(): Promise<readonly ViewerRow[]>;
  close(): void;
}

/** After nobody has asked for so long, it is not looked any more. */
const IDLE_MS = 60_000;
/** The kernel is asked every other time: once a second. */
const LOOKS_A_KERNEL = 2;
/** Viewers that are looked at in one turn of the event loop. */
const VIEWERS_A_TURN = 500;

export function createQos({ scheduler, viewers, reports, kernel }: QosInit): Qos {
  let windows = new Map<string, ViewerWindow>();
  let rows: readonly ViewerRow[] = [];
  let cancel: Cancel | undefined;
  let looking: Promise<void> | undefined;
  let askedAt = 0;
  let looks = 0;

  async function look(): Promise<void> {
    if (looks % LOOKS_A_KERNEL === 0) await kernel.refresh();
    looks += 1;
    const present = new Map<string, ViewerWindow>();
    const seen: ViewerRow[] = [];
    for (const viewer of viewers()) {
      const { read, ...name } = viewer;
      const { connection, ...reading } = read();
      const window = windows.get(name.session) ?? new ViewerWindow();
      present.set(name.session, window);
      const kernelRttMs = connection === undefined ? undefined : kernel.rttMs(connection);
      window.push({ ...reading, kernelRttMs, player: reports.latest(name.session) });
      seen.push({ ...name, quality: window.quality });
      if (seen.length % VIEWERS_A_TURN === 0) await setImmediate();
    }
    windows = present;
    rows = seen;
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  function stop(): void {
    cancel?.();
    cancel = undefined;
    windows = new Map();
    rows = [];
  }

  function tick(): void {
    if (scheduler.now() - askedAt > IDLE_MS * 1000) stop();
    // One that takes longer than its turn is let finish; the next is left out.
    else void lookOnce();
  }

  return {
    async rows() {
      askedAt = scheduler.now();
      if (cancel === undefined) {
        cancel = scheduler.every(REFRESH_MS, tick);
        await lookOnce();
      }
      return rows;
    },
    close: stop,
  };
}

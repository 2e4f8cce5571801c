import { createSwitcher, type SwitchCause, type Switcher, type ViewerSigns } from "../../abr/switch.js";
import type { Hub } from "../../hub/hub.js";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { LadderStep, MovableViewer, Mover } from "../contract/ladder.js";
import type { QualityReports } from "../contract/quality.js";
import type { QualityChange, SessionInfo } from "../contract/session.js";
import { streamKey } from "../net/stream-name.js";

export interface MoverInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  /** What players have said of themselves. */
  readonly reports: QualityReports;
  /** Told of each change. @param from the stream's name before */
  readonly onChange: (session: SessionInfo, change: QualityChange, from: string) => void;
}

/** A Mover with an end. */
export interface ClosableMover extends Mover {
  close(): void;
}

/** How often viewers are looked at, milliseconds. */
const LOOK_MS = 1_000;
/** How long a rendition that is made only when somebody wants it may take to come. */
const MADE_MS = 8_000;
/** The key frame that both renditions have must come within this time: longer groups of pictures are not for moving. */
const KEY_MS = 20_000;
/** What is remembered of the way that a viewer has gone, beside how it began. */
const MAX_REASONS = 8;

/** Looks at all viewers once a second, for as long as there are any, and moves those that the Switcher says. */
export function createMover(init: MoverInit): ClosableMover {
  const { scheduler } = init;
  const viewers = new Set<Moving>();
  let cancel: Cancel | undefined;

  return {
    watch(viewer) {
      if (viewer.choice.steps.length < 2) return () => {};
      const moving = new Moving(viewer, init);
      viewers.add(moving);
      cancel ??= scheduler.every(LOOK_MS, () => {
        for (const each of viewers) each.look();
      });
      return () => {
        moving.close();
        viewers.delete(moving);
        if (viewers.size > 0) return;
        cancel?.();
        cancel = undefined;
      };
    },
    close() {
      cancel?.();
      cancel = undefined;
      for (const each of viewers) each.close();
      viewers.clear();
    },
  };
}

/** One viewer, and where it is to be. */
class Moving {
  readonly #viewer: MovableViewer;
  readonly #init: MoverInit;
  readonly #steps: readonly LadderStep[];
  readonly #switcher: Switcher;
  readonly #closed = new AbortController();
  /** Ends what has been begun for the next change, where that takes too long. */
  #cancelLimit: Cancel | undefined;

  constructor(viewer: MovableViewer, init: MoverInit) {
    this.#viewer = viewer;
    this.#init = init;
    this.#steps = viewer.choice.steps;
    this.#switcher = createSwitcher(
      this.#steps.map(({ bitrate }) => bitrate),
      this.#steps.length - 1,
    );
  }

  look(): void {
    const decision = this.#switcher.look(this.#signs());
    if (decision === undefined) return;
    const { step } = this.#switcher;
    const to = this.#reachable(step, decision.to);
    const target = to === undefined ? undefined : this.#steps[to];
    if (to === undefined || target === undefined) this.#refused();
    else void this.#go(to, target, decision.cause);
  }

  close(): void {
    this.#closed.abort();
    this.#cancelLimit?.();
    this.#cancelLimit = undefined;
  }

  #signs(): ViewerSigns {
    const { session, subscriber } = this.#viewer;
    return {
      at: this.#init.scheduler.now() / 1000,
      lagMs: subscriber.lagMs,
      offered: subscriber.offeredFrames,
      dropped: session.counters.droppedFrames,
      stalledMs: this.#init.reports.latest(session.id)?.frozenMs,
      deliveredBitrate: subscriber.deliveredBitrate,
    };
  }

  /** The step that was decided on if it can be had, else the next one beyond it, else the next one before it. */
  #reachable(from: number, wanted: number): number | undefined {
    const beyond = range(wanted, wanted < from ? -1 : this.#steps.length);
    const before = range(wanted, from).slice(1);
    return [...beyond, ...before].find((index) => {
      const step = this.#steps[index];
      return step !== undefined && this.#init.hub.isLive(streamKey(step.stream));
    });
  }

  async #go(to: number, target: LadderStep, cause: SwitchCause): Promise<void> {
    const { hub, scheduler } = this.#init;
    const { session, subscriber } = this.#viewer;
    const stream = await hub.whenLive(streamKey(target.stream), MADE_MS, this.#closed.signal);
    if (this.#closed.signal.aborted) return;
    const { app, name } = session;
    const present =
      app === undefined || name === undefined ? undefined : hub.stream(streamKey({ app, name }));
    const began =
      stream !== undefined &&
      present?.move(subscriber, stream, {
        moved: () => this.#moved(to, target, cause),
        stayed: () => this.#refused(),
      }) === true;
    if (!began) this.#refused();
    else this.#cancelLimit = scheduler.after(KEY_MS, () => subscriber.stay());
  }

  #moved(to: number, { rendition, bitrate, stream }: LadderStep, cause: SwitchCause): void {
    this.#cancelLimit?.();
    this.#cancelLimit = undefined;
    const { session, choice } = this.#viewer;
    const { name: before = "", adapted = choice.adapted } = session;
    const { step } = this.#switcher;
    this.#switcher.moved(to, this.#init.scheduler.now() / 1000);
    const nameOf = (index: number): string => this.#steps[index]?.rendition ?? choice.adapted.asked;
    const way = `${to > step ? "up" : "down"} to ${nameOf(to)}: ${cause}`;
    const since = adapted.reasons.slice(choice.adapted.reasons.length).slice(1 - MAX_REASONS);
    const change: QualityChange = {
      name: stream.name,
      adapted: {
        ...adapted,
        rendition,
        bitrate: rendition === undefined ? undefined : bitrate,
        reasons: [...choice.adapted.reasons, ...since, way],
      },
      from: nameOf(step),
      to: nameOf(to),
      cause,
    };
    session.change(change);
    this.#init.onChange(session, change, before);
  }

  #refused(): void {
    this.#cancelLimit?.();
    this.#cancelLimit = undefined;
    this.#switcher.refused(this.#init.scheduler.now() / 1000);
  }
}

/** From one number towards another, which is left out. */
function range(from: number, to: number): readonly number[] {
  const step = to < from ? -1 : 1;
  return Array.from({ length: Math.abs(to - from) }, (_, i) => from + i * step);
}

import {
  createSwitcher,
  type SwitchCause,
  type SwitchDecision,
  type Switcher,
  type SwitchRule,
  type ViewerSigns,
} from "../../abr/switch.js";
import type { Hub } from "../../hub/hub.js";
import type { Unmoved } from "../../hub/move.js";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { LadderStep, MovableViewer, Mover } from "../contract/ladder.js";
import type { Logger } from "../contract/logger.js";
import type { QualityReports } from "../contract/quality.js";
import type { QualityChange, SessionInfo } from "../contract/session.js";
import { streamKey } from "../net/stream-name.js";

export interface MoverInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** What players have said of themselves. */
  readonly reports: QualityReports;
  readonly rule?: SwitchRule;
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
/** A stream that has just come from another process shows within this time whether its sound is the same, */
const PROOF_MS = 2_000;
/** and is looked at so often until then. */
const PROOF_LOOK_MS = 200;
/** The key frame that both renditions have must come within this time: longer groups of pictures are not for moving. */
const KEY_MS = 20_000;
/** What is remembered of the way that a viewer has gone, beside how it began. */
const MAX_REASONS = 8;

/** So many renditions that viewers cannot be moved to are remembered as told. */
const MAX_TOLD = 1_000;

const WHY: Readonly<Record<Unmoved, string>> = {
  clock:
    "nothing says that it has the same clock: its sound is another, or comes at other times (abr.sameClock)",
  format: "its tracks or their codecs are others, or the viewer's format cannot follow",
};

/** Looks at all viewers once a second, for as long as there are any, and moves those that the Switcher says. */
export function createMover(init: MoverInit): ClosableMover {
  const { scheduler } = init;
  const viewers = new Set<Moving>();
  /** Of which renditions the log has been told. */
  const told = new Set<string>();
  let cancel: Cancel | undefined;

  /** Once for each: what a viewer is refused, all are. */
  function explain(from: string, to: string, why: Unmoved): void {
    const key = `${from} ${to} ${why}`;
    if (told.has(key)) return;
    if (told.size >= MAX_TOLD) told.clear();
    told.add(key);
    init.log.warn({ stream: from, to, why: WHY[why] }, "viewers are not moved to this rendition");
  }

  return {
    watch(viewer) {
      if (viewer.choice.steps.length < 2) return () => {};
      const moving = new Moving(viewer, init, explain);
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
  readonly #explain: (from: string, to: string, why: Unmoved) => void;
  readonly #steps: readonly LadderStep[];
  readonly #switcher: Switcher;
  readonly #closed = new AbortController();
  /** Ends what has been begun for the next change, where that takes too long. */
  #cancelLimit: Cancel | undefined;

  constructor(
    viewer: MovableViewer,
    init: MoverInit,
    explain: (from: string, to: string, why: Unmoved) => void,
  ) {
    this.#viewer = viewer;
    this.#init = init;
    this.#explain = explain;
    this.#steps = viewer.choice.steps;
    this.#switcher = createSwitcher(
      this.#steps.map(({ bitrate }) => bitrate),
      this.#steps.length - 1,
      init.rule,
    );
  }

  look(): void {
    const decision = this.#switcher.look(this.#signs());
    if (decision !== undefined) void this.#go(decision);
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

  /** The step that was decided on, then those beyond it, then those before it: those of them that are live. */
  #candidates(from: number, wanted: number): readonly number[] {
    const beyond = range(wanted, wanted < from ? -1 : this.#steps.length);
    const before = range(wanted, from).slice(1);
    return [...beyond, ...before].filter((index) => {
      const step = this.#steps[index];
      return step !== undefined && this.#init.hub.isLive(streamKey(step.stream));
    });
  }

  async #go({ to: wanted, cause }: SwitchDecision): Promise<void> {
    for (const to of this.#candidates(this.#switcher.step, wanted)) {
      const target = this.#steps[to];
      if (target !== undefined && (await this.#begin(to, target, cause))) return;
      if (this.#closed.signal.aborted) return;
    }
    this.#refused();
  }

  /** False where it is not to be had. */
  async #begin(to: number, target: LadderStep, cause: SwitchCause): Promise<boolean> {
    const { hub, scheduler } = this.#init;
    const { session, subscriber } = this.#viewer;
    const { signal } = this.#closed;
    const wanted = streamKey(target.stream);
    for (let waited = 0; ; waited += PROOF_LOOK_MS) {
      const stream = await hub.whenLive(wanted, MADE_MS, signal);
      const { app = "", name = "" } = session;
      const present = hub.stream(streamKey({ app, name }));
      if (signal.aborted || stream === undefined || present === undefined) return false;
      const why = present.move(subscriber, stream, {
        moved: () => this.#moved(to, target, cause),
        stayed: () => this.#refused(),
      });
      if (why === undefined) {
        this.#cancelLimit = scheduler.after(KEY_MS, () => subscriber.stay());
        return true;
      }
      if (why === "format" || waited >= PROOF_MS) {
        this.#explain(present.name, wanted, why);
        return false;
      }
      await new Promise<void>((resolve) => {
        const stop = scheduler.after(PROOF_LOOK_MS, resolve);
        this.#cancelLimit = () => {
          stop();
          resolve();
        };
      });
      if (signal.aborted) return false;
    }
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

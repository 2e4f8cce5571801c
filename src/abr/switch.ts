/**
 * When a viewer is to have another rendition while it watches. Pure: signs in, decisions out, no clock.
 *
 * Measured, at each look (one a second will do): how far the viewer is behind, what was left out for it, and how long its
 * player has stood still. Changed: the step of the ladder, from the least to the one that the request was answered with,
 * and never beyond that.
 *
 * Down, at once: something was left out; the lag has been over a second in two looks; or the player, which sees what a
 * proxy hides from us, has stood still for half a second in twenty, and not because the publisher did. It goes to the highest step that fits into what has
 * been getting through, where that is known, and one step at least. Then the old rendition's bytes are still under way:
 * for six seconds nothing that is seen counts.
 *
 * Up, one step, after all has been well for a while, with a lag under 300 ms. Nobody knows beforehand whether a line
 * carries more than it is asked to, so going up is a trial, and a failed one costs the viewer a moment. What keeps it
 * from swinging is the time before a trial of that step: it doubles each time that one has failed, that is, led down again
 * within five minutes, from 10 seconds to 10 minutes at most; and is 10 seconds again once one has lasted so long. So in the
 * long run a line that lies between two steps makes for three changes in five minutes at the very most.
 */

/** What is known of a viewer at a moment. Counts are since it began, and never fall. */
export interface ViewerSigns {
  /** Milliseconds, from any origin. */
  readonly at: number;
  /** Media between what has reached it, as far as is known, and the newest, milliseconds. */
  readonly lagMs: number;
  /** Frames that there were for it, and those of them that were left out because it was behind. */
  readonly offered: number;
  readonly dropped: number;
  /** How long its player has stood still, milliseconds; undefined where nobody says. */
  readonly stalledMs: number | undefined;
  /** What has been getting through while more was waiting, bits per second; undefined where nothing waits. */
  readonly deliveredBitrate: number | undefined;
}

/** Why a step is changed. */
export type SwitchCause = "drops" | "lag" | "stalls" | "well";

export interface SwitchDecision {
  /** Index of the step to go to. */
  readonly to: number;
  readonly cause: SwitchCause;
}

/** Figures of the rule that can be others. */
export interface SwitchRule {
  /** How long all must have been well before a step is tried that has not failed lately, milliseconds; 10,000 by default. */
  readonly upAfterMs?: number;
}

/** Decides for one viewer. */
export interface Switcher {
  /** Index of the step that it has. */
  readonly step: number;
  /**
   * Takes a look.
   *
   * @returns where to go; then nothing more is decided until `moved` or `refused` says what has become of it
   */
  look(signs: ViewerSigns): SwitchDecision | undefined;
  /** It has this step from now on. @param at milliseconds, on the signs' clock */
  moved(step: number, at: number): void;
  /** It stays where it is: what was decided is not to be had. */
  refused(at: number): void;
}

const HIGH_LAG_MS = 1_000;
const LOW_LAG_MS = 300;
const LAGGING_LOOKS = 2;
const STALLED_MS = 500;
const STALL_WINDOW_MS = 20_000;
/** A publisher whose packets come at less than this share of their usual rate makes players stand still itself, */
const SLOW_SHARE = 0.5;
/** for which they are excused, as they may tell of it later. */
const EXCUSED_MS = 5_000;
/** What one look counts in the usual rate. */
const WEIGHT = 1 / 8;
const SETTLE_MS = 6_000;
const FIRST_TRIAL_MS = 10_000;
const LAST_TRIAL_MS = 600_000;
/** A trial that lasted so long has not failed. */
const PROVEN_MS = 300_000;
/** What is not to be had is not asked for again so soon. */
const REFUSED_MS = 30_000;
/** Of what gets through, so much may be media: the rest is headers, and air. */
const SHARE = 0.8;

/**
 * @param bitrates of the steps, bits per second, the least first
 * @param step where it begins; no step above it is ever decided on
 * @throws TypeError for a step that there is not
 */
export function createSwitcher(bitrates: readonly number[], step: number, rule: SwitchRule = {}): Switcher {
  if (!Number.isInteger(step) || step < 0 || step >= bitrates.length)
    throw new TypeError("step: there is none");
  const { upAfterMs = FIRST_TRIAL_MS } = rule;
  const lastTrialMs = Math.max(upAfterMs, LAST_TRIAL_MS);
  // Whoever wants to be up sooner has no use for a longer wait before anything counts.
  const settleMs = Math.min(upAfterMs, SETTLE_MS);
  const top = step;
  let last: ViewerSigns | undefined;
  let lagging = 0;
  /** Since when all is well; undefined while it is not. */
  let wellSince: number | undefined;
  let stalls: readonly { readonly at: number; readonly ms: number }[] = [];
  let excusedUntil = Number.NEGATIVE_INFINITY;
  /** Packets a millisecond, as usual. */
  let pace: number | undefined;
  let deciding = false;
  /** Until then nothing counts that is seen. */
  let blindUntil = Number.NEGATIVE_INFINITY;
  /** How long all must have been well before each step is tried. */
  const trials = bitrates.map(() => upAfterMs);
  /** When it last went up, while that may still turn out to have been too much. */
  let trialAt: number | undefined;

  function trouble(signs: ViewerSigns, before: ViewerSigns): SwitchCause | undefined {
    const stalled = (signs.stalledMs ?? 0) - (before.stalledMs ?? signs.stalledMs ?? 0);
    if (stalled > 0 && signs.at >= excusedUntil) stalls = [...stalls, { at: signs.at, ms: stalled }];
    stalls = stalls.filter(({ at }) => signs.at - at <= STALL_WINDOW_MS);
    lagging = signs.lagMs > HIGH_LAG_MS ? lagging + 1 : 0;
    if (signs.dropped > before.dropped) return "drops";
    if (lagging >= LAGGING_LOOKS) return "lag";
    return stalls.reduce((sum, { ms }) => sum + ms, 0) >= STALLED_MS ? "stalls" : undefined;
  }

  function watchPublisher(signs: ViewerSigns, before: ViewerSigns): void {
    const now = (signs.offered - before.offered) / Math.max(1, signs.at - before.at);
    if (pace !== undefined && now < SLOW_SHARE * pace) excusedUntil = signs.at + EXCUSED_MS;
    pace = pace === undefined ? now : pace + WEIGHT * (now - pace);
  }

  function down({ deliveredBitrate }: ViewerSigns, cause: SwitchCause): SwitchDecision | undefined {
    if (step === 0) return undefined;
    const fitting =
      deliveredBitrate === undefined
        ? step - 1
        : bitrates.findLastIndex((bitrate) => bitrate <= SHARE * deliveredBitrate);
    return { to: Math.max(0, Math.min(fitting, step - 1)), cause };
  }

  return {
    get step() {
      return step;
    },
    look(signs) {
      const before = last;
      last = signs;
      if (before === undefined) return undefined;
      watchPublisher(signs, before);
      if (trialAt !== undefined && signs.at - trialAt >= PROVEN_MS) {
        trials[step] = upAfterMs;
        trialAt = undefined;
      }
      // A publisher that is silent is nobody's slow line.
      if (signs.offered === before.offered) return undefined;
      if (deciding || signs.at < blindUntil) {
        lagging = 0;
        return undefined;
      }
      const cause = trouble(signs, before);
      let decision: SwitchDecision | undefined;
      if (cause !== undefined) {
        wellSince = undefined;
        decision = down(signs, cause);
      } else if (signs.lagMs > LOW_LAG_MS || stalls.length > 0) {
        wellSince = undefined;
      } else {
        wellSince ??= signs.at;
        if (step < top && signs.at - wellSince >= (trials[step + 1] ?? 0))
          decision = { to: step + 1, cause: "well" };
      }
      deciding = decision !== undefined;
      return decision;
    },
    moved(to, at) {
      if (to < step && trialAt !== undefined) {
        trials[step] = Math.min(2 * (trials[step] ?? upAfterMs), lastTrialMs);
      }
      trialAt = to > step ? at : undefined;
      step = to;
      deciding = false;
      lagging = 0;
      stalls = [];
      wellSince = undefined;
      blindUntil = at + settleMs;
    },
    refused(at) {
      deciding = false;
      wellSince = undefined;
      blindUntil = at + REFUSED_MS;
    },
  };
}

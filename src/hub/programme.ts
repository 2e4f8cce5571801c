import type { HubOptions } from "./options.js";
import type { Publisher } from "./publisher.js";
import type { SoundPrints } from "./sound-prints.js";
import type { Placement } from "./timeline.js";

/** Two encodings of one programme reach us within so much of each other, microseconds. */
const APART_MICROS = 3_000_000;

/** One of two streams that may tell of one programme. */
export interface Telling {
  readonly name: string;
  /** Undefined while nobody can join. */
  readonly publisher: Publisher | undefined;
  /** How its timeline stands to its publisher's own clock; undefined where that has none, or nobody has told. */
  readonly clock: Placement | undefined;
  readonly sound: SoundPrints;
}

/**
 * How far another stream's timeline is from this one's: microseconds to add to a time here for the same moment there;
 * undefined where nothing says that both tell of one programme.
 *
 * Every stream's timeline begins at 0 with its own first packet, so those of two renditions that an encoder publishes one
 * after the other do not agree. What was made from a stream here keeps that stream's times: between these the distance
 * is 0. Others are compared by their publishers' own clocks, which an encoder's renditions share: then the distance is that
 * of what was added to each.
 *
 * Whether they do share one cannot be seen from the times: two encoders that were started at once count alike. It can
 * be heard: then the sound at the same times is the same, byte for byte. Or the operator has said so (`sameClock`). In
 * either case the same times must come within three seconds of each other: who begins anew counts from 0 again.
 */
export function shiftBetween(
  mine: Telling,
  theirs: Telling,
  { sameClock }: Pick<HubOptions, "sameClock">,
): number | undefined {
  if (mine.publisher === undefined || theirs.publisher === undefined) return undefined;
  const programme = mine.publisher.madeFrom ?? mine.name;
  if (programme === (theirs.publisher.madeFrom ?? theirs.name)) return 0;
  const delay = sourceDelay(mine);
  const delayThere = sourceDelay(theirs);
  if (mine.clock === undefined || delay === undefined) return undefined;
  if (theirs.clock === undefined || delayThere === undefined) return undefined;
  if (Math.abs(delay - delayThere) > APART_MICROS) return undefined;
  const shift = theirs.clock.offset - mine.clock.offset;
  const from = Math.max(mine.clock.from, theirs.clock.from - shift);
  return sameClock || mine.sound.isSame(theirs.sound, shift, from) ? shift : undefined;
}

/** By how much our clock was ahead of the publisher's own when its newest packet came, microseconds. */
function sourceDelay({ publisher, clock }: Telling): number | undefined {
  if (publisher?.delay === undefined || clock === undefined) return undefined;
  // What another process has placed has its times on the timeline.
  return publisher.relayed ? publisher.delay + clock.offset : publisher.delay;
}

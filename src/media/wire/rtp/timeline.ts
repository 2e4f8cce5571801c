import { ClockDriftEstimator, type Drift } from "../../model/drift.js";
import { MediaClock } from "../../model/time.js";

/** How far from RTP-Info's time a first packet may lie, microseconds: devices that send any number there are many. */
const MAX_INFO_MICROS = 10_000_000;
/** Sender reports that would move a track further than this contradict when its packets came: they are not believed. */
const MAX_CORRECTION_MICROS = 10_000_000;
/** A track is moved once the reports say that it is off by more: less is their own noise, and nobody hears it. */
const TOLERANCE_MICROS = 3_000;
/** The sender's wall clock was set: what it said before is of another one. */
const CLOCK_SET_MICROS = 500_000;
/** The median of so many reports is what counts. */
const REPORTS = 5;

/**
 * By what the tracks are in step with each other:
 *
 * - `arrival`: by when their first packets came
 * - `rtp-info`: by what the answer to PLAY said of their clocks
 * - `sender-reports`: by RTCP, on the sender's wall clock
 */
export type Alignment = "arrival" | "rtp-info" | "sender-reports";

interface TrackClock {
  readonly rate: number;
  /** What RTP-Info said. */
  rtptime: number | undefined;
  clock: MediaClock | undefined;
  /** Where the clock's zero is on the timeline. */
  offset: number;
  /** The sender's wall clock at the clock's zero, by the last report. */
  zero: number | undefined;
  /** A report that came before the first packet. */
  early: { readonly wall: number; readonly timestamp: number } | undefined;
  /** How far its zero is from the leading track's, by the last reports. */
  distances: number[];
  drift: ClockDriftEstimator;
}

/**
 * Puts the RTP clocks of one session on one timeline, in microseconds. The leading track's clock runs through; the
 * others are placed beside it by what the sender says of its wall clock, and again when that says something else by more
 * than 3 ms. So picture and sound are as far apart as they were, to 3 ms and what the sender's own reports are off by.
 */
export class RtpTimeline {
  readonly #tracks: readonly TrackClock[];
  readonly #lead: number;
  #origin: number | undefined;
  #informed = false;
  #aligned = false;

  /** @param rates of the tracks' clocks, ticks a second @param lead the track that the others are placed beside */
  constructor(rates: readonly number[], lead: number) {
    this.#lead = lead;
    this.#tracks = rates.map((rate) => ({
      rate,
      rtptime: undefined,
      clock: undefined,
      offset: 0,
      zero: undefined,
      early: undefined,
      distances: [],
      drift: new ClockDriftEstimator(),
    }));
  }

  get alignment(): Alignment {
    if (this.#aligned) return "sender-reports";
    return this.#informed ? "rtp-info" : "arrival";
  }

  /** Whether nothing more is to be waited for: what comes can be placed where it stays. */
  get settled(): boolean {
    return this.#tracks.length === 1 || this.#aligned || this.#informed;
  }

  /** Our wall clock at the timeline's zero, by when the first packet came: microseconds since the Unix epoch. */
  get origin(): number | undefined {
    return this.#origin;
  }

  /** The sender's wall clock at the timeline's zero, microseconds since the Unix epoch; undefined until it has told. */
  get senderWall(): number | undefined {
    const { zero, offset } = this.#tracks[this.#lead] as TrackClock;
    return zero === undefined ? undefined : zero - offset;
  }

  /** How a track's RTP clock runs beside the sender's wall clock. */
  drift(track: number): Drift {
    return (this.#tracks[track] as TrackClock).drift.drift;
  }

  /** What RTP-Info says of each track's clock at the same moment; of no use unless it says it of all. */
  inform(rtptimes: readonly (number | undefined)[]): void {
    this.#informed = this.#tracks.length > 0 && rtptimes.every((rtptime) => rtptime !== undefined);
    for (const [i, track] of this.#tracks.entries()) track.rtptime = rtptimes[i];
  }

  /**
   * Takes note of a packet that has come: the first of a track tells where its clock is.
   *
   * @param wall when it came, microseconds since the Unix epoch
   */
  see(index: number, timestamp: number, wall: number): void {
    const track = this.#tracks[index] as TrackClock;
    if (track.clock !== undefined) return;
    const informed = this.#informed ? this.#informedClock(track, timestamp, wall) : undefined;
    if (informed === undefined) this.#informed = false;
    track.clock = informed ?? new MediaClock(track.rate, 32, { timestamp, wall });
    this.#origin ??= wall - track.clock.near(timestamp);
    track.offset = informed === undefined ? wall - this.#origin : 0;
    const { early } = track;
    track.early = undefined;
    if (early !== undefined) this.report(index, early.wall, early.timestamp);
  }

  /** The track's next timestamp on the timeline, microseconds. */
  at(index: number, timestamp: number): number {
    const { clock, offset } = this.#tracks[index] as TrackClock;
    return offset + (clock?.next(timestamp) ?? 0);
  }

  /**
   * Takes a sender report.
   *
   * @param wall the sender's, microseconds since the Unix epoch
   * @param timestamp the track's RTP clock at that moment
   */
  report(index: number, wall: number, timestamp: number): void {
    const track = this.#tracks[index] as TrackClock;
    if (track.clock === undefined) {
      track.early = { wall, timestamp };
      return;
    }
    const zero = wall - track.clock.near(timestamp);
    if (track.zero !== undefined && Math.abs(zero - track.zero) > CLOCK_SET_MICROS) this.#forget();
    track.zero = zero;
    track.drift.add(wall, zero);
    this.#align();
  }

  /** A track's source has begun anew, with other timestamps: it is placed by arrival until there are reports again. */
  restart(index: number): void {
    const track = this.#tracks[index] as TrackClock;
    this.#forget();
    this.#informed = false;
    this.#aligned = false;
    track.clock = undefined;
    track.early = undefined;
    track.drift = new ClockDriftEstimator();
  }

  #informedClock({ rate, rtptime = 0 }: TrackClock, timestamp: number, wall: number): MediaClock | undefined {
    const clock = new MediaClock(rate, 32, { timestamp: rtptime, wall });
    return Math.abs(clock.near(timestamp)) <= MAX_INFO_MICROS ? clock : undefined;
  }

  #forget(): void {
    for (const track of this.#tracks) {
      track.zero = undefined;
      track.distances = [];
    }
  }

  #align(): void {
    const lead = this.#tracks[this.#lead] as TrackClock;
    if (lead.zero === undefined || this.#tracks.some(({ zero }) => zero === undefined)) return;
    let believed = true;
    for (const track of this.#tracks) {
      if (track === lead) continue;
      track.distances.push((track.zero as number) - lead.zero);
      if (track.distances.length > REPORTS) track.distances.shift();
      const correction = lead.offset + median(track.distances) - track.offset;
      if (Math.abs(correction) > MAX_CORRECTION_MICROS) believed = false;
      else if (Math.abs(correction) > TOLERANCE_MICROS || !this.#aligned) track.offset += correction;
    }
    this.#aligned = believed;
  }
}

/** The lower one of the two in the middle where there is none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1] as number;
}

import { type Arrivals, OUTAGE_MS } from "../latency/arrivals.js";
import { EdgeControl, type EdgeLimits } from "../latency/edge-control.js";
import { type Range, rangeAt, rangesOf } from "../latency/ranges.js";

/** The cached media is in, or will have to do, after this long, milliseconds. */
const BURST_LIMIT_MS = 150;
/** With this much media ahead, the playhead stands still for this long only if something is wrong. */
const STUCK_MS = 5000;
/** A picture that stands longer than this is a freeze, milliseconds. */
const FREEZE_MS = 200;

/** Moves a media element's playhead along the live edge. It is asked to look now and then, and told of stalls. */
export class Playhead {
  readonly #video: HTMLVideoElement;
  readonly #control: EdgeControl;
  /** When the present source's first media was in. */
  #firstAt: number | undefined;
  /** Whether the playhead has been put near the edge of the present source. */
  #placed = false;
  #movedTo = 0;
  #movedAt = 0;
  #waitingSince: number | undefined;
  #freezes = 0;
  #frozenMs = 0;
  #jumps = 0;

  constructor(video: HTMLVideoElement, limits: EdgeLimits) {
    this.#video = video;
    this.#control = new EdgeControl(limits);
  }

  get placed(): boolean {
    return this.#placed;
  }

  /** Another media source is on the element. */
  restart(now: number): void {
    this.#firstAt = undefined;
    this.#placed = false;
    this.#movedTo = 0;
    this.#movedAt = now;
    this.#waitingSince = undefined;
  }

  /** Looks where playback is and corrects it. @param now milliseconds since the Unix epoch */
  look(arrivals: Arrivals | undefined, now: number): void {
    const ranges = rangesOf(this.#video.buffered);
    if (ranges.length === 0 || arrivals === undefined) return;
    if (!this.#placed) this.#place(ranges, arrivals, now);
    else if (!this.#video.paused) this.#keepUp(ranges, arrivals, now);
  }

  /** The element has run out of media. */
  stalled(now: number): void {
    if (!this.#placed || this.#video.seeking || this.#video.paused) return;
    this.#waitingSince ??= now;
  }

  /** The element plays. */
  moves(now: number): void {
    if (this.#waitingSince === undefined) return;
    const frozen = now - this.#waitingSince;
    this.#waitingSince = undefined;
    // An outage is nothing that more delay would make up for.
    if (frozen < OUTAGE_MS) this.#control.underrun(now);
    if (frozen <= FREEZE_MS) return;
    this.#freezes += 1;
    this.#frozenMs += frozen;
  }

  /**
   * Whether media comes in and the playhead does not move: a decoder that hangs, or a track that has gone silent.
   *
   * @param end of what has been appended, seconds
   */
  isStuck(end: number, lastByteAt: number, now: number): boolean {
    const { currentTime, paused } = this.#video;
    if (currentTime !== this.#movedTo || paused) {
      this.#movedTo = currentTime;
      this.#movedAt = now;
    }
    const still = now - this.#movedAt > STUCK_MS && now - lastByteAt < STUCK_MS;
    return still && end - currentTime > STUCK_MS / 1000;
  }

  stats(): {
    latencyMs: number;
    targetLatencyMs: number;
    bufferMs: number;
    freezes: number;
    frozenMs: number;
    jumps: number;
  } {
    const { currentTime, buffered } = this.#video;
    const end = rangeAt(rangesOf(buffered), currentTime)?.end;
    return {
      latencyMs: Math.max(0, this.#control.delayMs),
      targetLatencyMs: this.#control.targetMs,
      bufferMs: end === undefined ? 0 : Math.max(0, 1000 * (end - currentTime)),
      freezes: this.#freezes,
      frozenMs: this.#frozenMs,
      jumps: this.#jumps,
    };
  }

  /** The cached group of pictures is decoded up to the edge, which a seek does as fast as it can, not played out. */
  #place(ranges: readonly Range[], arrivals: Arrivals, now: number): void {
    this.#firstAt ??= now;
    const first = ranges[0]?.start ?? 0;
    if (this.#video.currentTime < first && !this.#video.seeking) this.#video.currentTime = first;
    if (arrivals.burst && now - this.#firstAt < BURST_LIMIT_MS) return;
    this.#placed = true;
    const start = this.#control.startAt(ranges, arrivals);
    if (start !== undefined && start > this.#video.currentTime) this.#video.currentTime = start;
  }

  #keepUp(ranges: readonly Range[], arrivals: Arrivals, now: number): void {
    const { currentTime, playbackRate } = this.#video;
    // One jump at a time, unless it led to where nothing is any more.
    if (this.#video.seeking && rangeAt(ranges, currentTime) !== undefined) return;
    const next = this.#control.decide({ currentTime, ranges, rate: playbackRate }, arrivals, now);
    if (next.seekTo !== undefined && next.seekTo !== currentTime) {
      this.#jumps += 1;
      this.#video.currentTime = next.seekTo;
    }
    if (playbackRate !== next.rate) this.#video.playbackRate = next.rate;
  }
}

import type { Packet } from "../../model/packet.js";
import { timescaleOf } from "./init.js";
import type { MediaTrack } from "./sample-entry.js";

const MICROS_PER_SECOND = 1_000_000;

/** Source clocks such as RTMP's count milliseconds: a timestamp may be off by one. */
const SOURCE_GRAIN_US = 1000;

/** For the very first sample of a track that says nothing about its pace; rather short than long, see `openDuration`. */
const UNKNOWN_DURATION_US = 20_000;

/** How many intervals back the pace is taken from: 23.976 and 59.94 frames a second in milliseconds repeat within. */
const PACE_INTERVALS = 4;

const MAX_DURATION = 0xffff_ffff;
const MAX_OFFSET = 0x7fff_ffff;

/**
 * One track's samples for the next fragment, with their times in the track's timescale.
 *
 * Each time is converted from the packet's own timestamp. Audio alone is evened out: a frame that a millisecond clock
 * puts within a millisecond of where the frame before it ends begins exactly there. Otherwise 21.33 ms frames stamped
 * 0, 21, 43 would overlap by a third of a millisecond and then leave a hole, at every fragment: Chromium cuts samples
 * out of overlapping audio, or warns of drift where the overlap is under a millisecond. The result is never further
 * than that millisecond from the timestamp, so nothing accumulates.
 */
export class TrackRun {
  /** track_ID in the file. */
  readonly id: number;
  readonly track: MediaTrack;
  /** The samples: three columns of equal length. */
  readonly packets: Packet[] = [];
  readonly times: number[] = [];
  readonly offsets: number[] = [];
  /** Bytes of the samples. */
  size = 0;
  /** Whether some sample's composition offset is not 0. */
  reordered = false;

  readonly #timescale: number;
  readonly #zero: number;
  /** Where the previous sample ends, when its length is certain. */
  #end: number | undefined;
  #lastTime: number | undefined;
  readonly #intervals: number[] = [];
  #nextInterval = 0;

  /** @param zero microseconds on the packets' clock that become 0 in the file */
  constructor(id: number, track: MediaTrack, zero: number) {
    this.id = id;
    this.track = track;
    this.#timescale = timescaleOf(track);
    this.#zero = zero;
  }

  /**
   * Adds a sample, unless it cannot stand behind the others in one run: a run holds unsigned 32-bit durations, so a
   * step back, or a very long one, begins a new fragment.
   *
   * @returns whether it was added
   */
  add(packet: Packet): boolean {
    // tfdt is unsigned: what lies before zero is decoded at 0, and presented when it says.
    const converted = Math.max(this.#units(packet.dts - this.#zero), 0);
    const time = this.#evenOut(converted);
    const previous = this.times.at(-1);
    if (previous !== undefined && (time < previous || time - previous > MAX_DURATION)) return false;

    // Not from `time`: evening out moves the presentation as much as the decoding.
    const offset = this.#units(packet.pts - this.#zero) - converted;
    this.packets.push(packet);
    this.times.push(time);
    this.offsets.push(Math.max(-MAX_OFFSET, Math.min(MAX_OFFSET, offset)));
    this.size += packet.data.length - sampleStart(packet);
    if (offset !== 0) this.reordered = true;

    const frame = this.#frameDuration(packet);
    this.#end = frame === undefined ? undefined : time + frame;
    if (this.#lastTime !== undefined) this.#learnInterval(time - this.#lastTime);
    this.#lastTime = time;
    return true;
  }

  /** Decode duration of sample `index`, in the track's timescale. */
  duration(index: number): number {
    const next = this.times[index + 1];
    if (next === undefined) return this.#openDuration();
    return next - (this.times[index] as number);
  }

  /** Forgets the samples, not the pace. */
  clear(): void {
    this.packets.length = 0;
    this.times.length = 0;
    this.offsets.length = 0;
    this.size = 0;
    this.reordered = false;
  }

  /**
   * How long the last sample lasts is only known once the next one comes, and waiting for it would cost a frame of
   * latency. A next fragment that begins later extends the sample (ISO/IEC 14496-12 section 8.8.12), one that begins
   * earlier overlaps it, which the standard does not allow, and some readers cut or drop what overlaps: so the guess
   * is the shortest interval of late. Holes of a millisecond or two are below every player's tolerance.
   */
  #openDuration(): number {
    const packet = this.packets.at(-1) as Packet;
    const known = this.#frameDuration(packet);
    if (known !== undefined) return Math.min(known, MAX_DURATION);
    if (this.#intervals.length > 0) return Math.min(...this.#intervals, MAX_DURATION);
    const rate = this.track.kind === "video" ? this.track.config.frameRate : undefined;
    const guess = rate !== undefined && rate > 0 ? MICROS_PER_SECOND / rate : UNKNOWN_DURATION_US;
    return Math.min(this.#units(guess), MAX_DURATION);
  }

  #evenOut(converted: number): number {
    if (this.track.kind !== "audio" || this.#end === undefined) return converted;
    const tolerance = Math.ceil((SOURCE_GRAIN_US * this.#timescale) / MICROS_PER_SECOND);
    return Math.abs(converted - this.#end) <= tolerance ? this.#end : converted;
  }

  #frameDuration(packet: Packet): number | undefined {
    if (this.track.kind === "audio" && this.track.config.samplesPerFrame !== undefined) {
      return this.track.config.samplesPerFrame;
    }
    return packet.duration === undefined ? undefined : this.#units(packet.duration);
  }

  #learnInterval(interval: number): void {
    if (interval <= 0) return;
    this.#intervals[this.#nextInterval] = interval;
    this.#nextInterval = (this.#nextInterval + 1) % PACE_INTERVALS;
  }

  /** Microseconds in the track's timescale, to the nearest unit. */
  #units(micros: number): number {
    return Math.round((micros * this.#timescale) / MICROS_PER_SECOND);
  }
}

/**
 * Where the sample begins in the packet's data: behind the temporal delimiter of an AV1 temporal unit, which does not
 * belong into MP4 (AV1-ISOBMFF section 2.4).
 */
export function sampleStart(packet: Packet): number {
  if (packet.track.codec !== "av1") return 0;
  return packet.data[0] === 0x12 && packet.data[1] === 0 ? 2 : 0;
}

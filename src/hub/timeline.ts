import type { Packet } from "../media/model/packet.js";

/** A step of more than this is a jump of the source's clock, not a pause between frames. */
const JUMP_MICROS = 1_000_000;
/** The distance of the first two frames is not known before the second. */
const DEFAULT_FRAME_MICROS = 40_000;
const MAX_ANCHORS = 16;

/** Where the stream's timeline met the wall clock. */
export interface Anchor {
  /** Microseconds on the timeline. */
  readonly dts: number;
  /** Microseconds since the Unix epoch. */
  readonly wall: number;
}

/**
 * Places every publisher's packets on one timeline that starts at 0 and lives as long as its stream. One offset is
 * shared by all tracks, so that nothing here can pull sound and picture apart.
 */
export class Timeline {
  #offset = 0;
  /** The offset before the last jump: packets of another track that were still under way keep it. */
  #previous: number | undefined;
  #highest: number | undefined;
  /** Where the present source begins: what is older belongs to nothing that was sent. */
  #floor = 0;
  #frameMicros = DEFAULT_FRAME_MICROS;
  #tracks = new Map<number, { dts: number; interval: number }>();
  #anchors: Anchor[] = [];

  /** The highest dts given out, microseconds; undefined before the first. */
  get highest(): number | undefined {
    return this.#highest;
  }

  /** Where the timeline met the wall clock: at its start and at each splice or jump, the newest last. */
  get anchors(): readonly Anchor[] {
    return this.#anchors;
  }

  /**
   * Begins a new source: its time `first` becomes 0, or one frame after the highest dts so far.
   *
   * @param first dts of the random access point it begins with, on its own clock
   */
  splice(first: number, wall: number): void {
    this.#begin(first, wall);
    this.#floor = first + this.#offset;
    this.#previous = undefined;
    this.#tracks.clear();
  }

  /**
   * The packet with its times moved onto the timeline; undefined for one that is older than the random access point
   * its source began with.
   */
  place(packet: Packet): Packet | undefined {
    const shift = this.#shift(packet);
    let dts = packet.dts + shift;
    if (dts < this.#floor) return undefined;
    const last = this.#tracks.get(packet.track.id);
    if (last === undefined) {
      this.#tracks.set(packet.track.id, { dts, interval: 0 });
    } else {
      // Within a track time never falls. Only this packet is held: the offset, and with it the sync, stays.
      if (dts < last.dts) dts = last.dts;
      if (dts > last.dts) last.interval = dts - last.dts;
      last.dts = dts;
    }
    if (packet.track.kind !== "data" && (this.#highest === undefined || dts > this.#highest))
      this.#highest = dts;
    return shift === 0 && dts === packet.dts ? packet : { ...packet, dts, pts: packet.pts + shift };
  }

  /** The offset for this packet: the present one, unless the source's clock has jumped. */
  #shift(packet: Packet): number {
    const last = this.#tracks.get(packet.track.id);
    if (last === undefined || packet.track.kind === "data") return this.#offset;
    // A slide show's pause is no jump: three of its own intervals are allowed. Nor is a track's return after a pause
    // in which another track went on.
    const bound = Math.max(JUMP_MICROS, 3 * last.interval);
    const low = last.dts - bound;
    const high = Math.max(this.#highest ?? 0, last.dts) + bound;
    const dts = packet.dts + this.#offset;
    if (dts >= low && dts <= high) return this.#offset;
    if (this.#previous !== undefined) {
      const straggler = packet.dts + this.#previous;
      if (straggler >= low && straggler <= high) return this.#previous;
    }
    const previous = this.#offset;
    this.#begin(packet.dts, packet.receivedAt);
    this.#previous = previous;
    // What keeps stepping forward that far is no fault but a slow stream: allow the step from now on.
    if (dts > high) last.interval = dts - last.dts;
    return this.#offset;
  }

  #begin(source: number, wall: number): void {
    // The track with the longest frames is the picture, where there is one.
    let longest = 0;
    for (const { interval } of this.#tracks.values()) {
      if (interval <= JUMP_MICROS) longest = Math.max(interval, longest);
    }
    if (longest > 0) this.#frameMicros = longest;
    const at = this.#highest === undefined ? 0 : this.#highest + this.#frameMicros;
    this.#offset = at - source;
    this.#anchors.push({ dts: at, wall });
    if (this.#anchors.length > MAX_ANCHORS) this.#anchors.shift();
  }
}

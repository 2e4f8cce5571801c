import type { Packet } from "../media/model/packet.js";

/** A step of more than this is a jump of the source's clock, not a pause between frames. */
const JUMP_MICROS = 1_000_000;
/** What steps further than a second each time is a slow stream, such as a slide show; up to here it is believed. */
const MAX_STEP_MICROS = 60_000_000;
/** A track that begins further than this from the others runs on a clock of its own. */
const OTHER_CLOCK_MICROS = 10_000_000;
/** The distance of the first two frames is not known before the second. */
const DEFAULT_FRAME_MICROS = 40_000;
const MAX_ANCHORS = 16;

/** Where the stream's timeline met the wall clock. */
export interface Anchor {
  /** Microseconds on the timeline. */
  readonly dts: number;
  /** Microseconds since the Unix epoch. */
  readonly wall: number;
  /** A time from here on is that of the source plus this, microseconds. */
  readonly offset: number;
}

/** How the timeline stands to the source's clock, from some moment on. */
export interface Placement {
  /** Since when, microseconds on the timeline. */
  readonly from: number;
  /** A time here is that of the source plus this, microseconds. */
  readonly offset: number;
}

interface TrackTime {
  /** Of its newest packet, on the timeline. */
  dts: number;
  /** The same on the source's own clock. */
  source: number;
  /** Its last step on the timeline: how long its frames are. */
  interval: number;
  /** Its last step on the source's clock; 0 or less where that stood or stepped back. */
  step: number;
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
  readonly #tracks = new Map<number, TrackTime>();
  /** Newest dts of each data track, which outlives the source: data may run ahead of picture and sound. */
  readonly #data = new Map<number, number>();
  readonly #anchors: Anchor[] = [];

  /** The highest dts of picture and sound given out, microseconds; undefined before the first. */
  get highest(): number | undefined {
    return this.#highest;
  }

  /** Where the timeline met the wall clock: at its start and at each splice or jump, the newest last. */
  get anchors(): readonly Anchor[] {
    return this.#anchors;
  }

  /** How packets of that moment were placed: of the newest by default. @param dts microseconds on the timeline */
  placementAt(dts: number = Number.POSITIVE_INFINITY): Placement {
    const anchor = this.#anchors.findLast(({ dts: from }) => from <= dts) ?? this.#anchors[0];
    return { from: anchor?.dts ?? 0, offset: anchor?.offset ?? 0 };
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

  /** The next source begins after this. @param position microseconds on the timeline that some reader elsewhere has seen */
  advance(position: number): void {
    if (position > (this.#highest ?? 0)) this.#highest = position;
  }

  /**
   * Begins with what another process has placed on this timeline.
   *
   * @returns false for a packet that does not lie after all that was given out here: begin with a later one
   */
  join(first: number, wall: number): boolean {
    if (this.#highest !== undefined && first <= this.#highest) return false;
    this.#floor = first;
    this.#offset = 0;
    this.#previous = undefined;
    this.#tracks.clear();
    this.#anchor(first, wall);
    return true;
  }

  /** Takes note of a packet that was placed elsewhere. False for one that is older than what was given out. */
  follow({ track, dts }: Packet): boolean {
    if (track.kind === "data") {
      const now = Math.max(this.#floor, this.#data.get(track.id) ?? 0);
      if (dts < now) return false;
      this.#data.set(track.id, dts);
      return true;
    }
    const last = this.#tracks.get(track.id);
    if (dts < (last?.dts ?? this.#floor)) return false;
    if (last === undefined) {
      this.#tracks.set(track.id, { dts, source: dts, interval: 0, step: 0 });
    } else {
      last.step = dts - last.dts;
      if (last.step > 0) last.interval = last.step;
      last.dts = dts;
      last.source = dts;
    }
    if (this.#highest === undefined || dts > this.#highest) this.#highest = dts;
    return true;
  }

  /**
   * The packet with its times moved onto the timeline; undefined for one that is older than the random access point
   * its source began with.
   */
  place(packet: Packet): Packet | undefined {
    if (packet.track.kind === "data") return this.#placeData(packet);
    const shift = this.#shift(packet);
    let dts = packet.dts + shift;
    const last = this.#tracks.get(packet.track.id);
    if (last === undefined) {
      if (dts < this.#floor) return undefined;
      this.#tracks.set(packet.track.id, { dts, source: packet.dts, interval: 0, step: 0 });
    } else {
      // Within a track time never falls. Only this packet is held: the offset, and with it the sync, stays.
      if (dts < last.dts) dts = last.dts;
      if (dts > last.dts) last.interval = dts - last.dts;
      last.dts = dts;
      last.step = packet.dts - last.source;
      last.source = packet.dts;
    }
    if (this.#highest === undefined || dts > this.#highest) this.#highest = dts;
    return shift === 0 && dts === packet.dts ? packet : { ...packet, dts, pts: packet.pts + shift };
  }

  /** Data follows picture and sound, whatever its own times say: they are often 0, and never move the timeline. */
  #placeData(packet: Packet): Packet {
    const now = this.#highest ?? this.#floor;
    const near = Math.min(Math.max(packet.dts + this.#offset, now - JUMP_MICROS), now + JUMP_MICROS);
    const dts = Math.max(near, this.#floor, this.#data.get(packet.track.id) ?? 0);
    this.#data.set(packet.track.id, dts);
    return { ...packet, dts, pts: dts + packet.pts - packet.dts };
  }

  /** The offset for this packet: the present one, unless the source's clock has jumped. */
  #shift(packet: Packet): number {
    const last = this.#tracks.get(packet.track.id);
    const highest = this.#highest ?? this.#floor;
    // A track's return after a pause in which another track went on is no jump, hence `highest`; nor is a slide
    // show's next picture, hence `step`.
    let low = highest - OTHER_CLOCK_MICROS;
    let high = Math.max(highest, this.#floor) + OTHER_CLOCK_MICROS;
    if (last !== undefined) {
      low = last.dts - JUMP_MICROS;
      high = highest + Math.max(JUMP_MICROS, Math.min(3 * last.step, MAX_STEP_MICROS));
    }
    const fits = (offset: number): boolean => packet.dts + offset >= low && packet.dts + offset <= high;
    if (fits(this.#offset)) return this.#offset;
    if (this.#previous !== undefined && fits(this.#previous)) return this.#previous;
    const previous = this.#offset;
    this.#begin(packet.dts, packet.receivedAt);
    this.#previous = previous;
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
    this.#anchor(at, wall);
  }

  #anchor(dts: number, wall: number): void {
    this.#anchors.push({ dts, wall, offset: this.#offset });
    if (this.#anchors.length > MAX_ANCHORS) this.#anchors.shift();
  }
}

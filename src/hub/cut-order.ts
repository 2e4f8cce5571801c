import type { Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { OBJECT_BYTES } from "./options.js";

/** A key frame waits this long for the other tracks to come up to it, in media time: microseconds. */
const MAX_WAIT_MICROS = 500_000;
/** Sound that is further ahead of its picture, or behind it, than this goes its own way: microseconds. */
const MAX_APART_MICROS = 1_000_000;
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Of the places where a stream can be cut, so many are remembered: more than the ring of any packager holds. */
const MAX_CUTS = 64;

/**
 * Orders a stream's packets so that it can be cut at key frames of the picture for all tracks at once: what is before
 * the key frame in time is before it in the stream too, and what is not is behind it. Then a reader can go from one
 * rendition to another there, and no packet of any track is missing, comes twice or steps back.
 *
 * Sound that is ahead of its picture waits for the next one: nobody hears it before that anyway. A key frame waits until
 * the sound has come up to it; in a stream that is interleaved by time that is one frame of sound. Where it does not
 * come, the key frame goes on alone, and is no place to cut; nor is one right behind another. Bounds: half a second of
 * media and 8 MiB; over them things go out as they came.
 */
export class CutOrder {
  readonly #pass: (packet: Packet) => void;
  /** Tracks other than the picture that a key frame waits for. */
  #others: readonly number[] = [];
  /** There is one picture: with none, or several, there is nothing to cut at. */
  #cuttable = false;
  /** The newest dts of each track, but for what is held behind a key frame. */
  readonly #newest = new Map<number, number>();
  #lastPicture = Number.NEGATIVE_INFINITY;
  /**
   * The newest picture is a key frame. mpegts.js keeps a picture back until the next one comes, and so puts the last one
   * before a change behind the new configuration: browsers leave it out there, unless it is a key frame.
   */
  #lastIsKey = false;
  /** The highest dts passed on. */
  #passed = Number.NEGATIVE_INFINITY;
  /** What is ahead of its picture, in the order it came. */
  #ahead: Packet[] = [];
  /** A key frame that waits for the sound, first, and what came after it. */
  #behind: Packet[] = [];
  /** Tracks that have come up to that key frame meanwhile. */
  readonly #arrived = new Set<number>();
  #heldBytes = 0;
  #cuts: number[] = [];

  /** @param pass gets the packets */
  constructor(pass: (packet: Packet) => void) {
    this.#pass = pass;
  }

  /** The highest dts that was passed on, microseconds. */
  get passed(): number {
    return this.#passed;
  }

  /** Whether the stream can be cut at this key frame's dts. */
  has(dts: number): boolean {
    return this.#cuts.includes(dts);
  }

  /** The stream's tracks are these now. */
  setTracks(tracks: readonly Track[]): void {
    this.#cuttable = tracks.filter(({ kind }) => kind === "video").length === 1;
    this.#others = tracks.filter(({ kind }) => kind === "audio").map(({ id }) => id);
  }

  write(packet: Packet): void {
    if (!this.#cuttable) {
      this.flush();
      this.#emit(packet);
      return;
    }
    const [waiting] = this.#behind;
    if (waiting === undefined) {
      this.#take(packet);
      return;
    }
    const { track, dts } = packet;
    // What belongs before the key frame goes there.
    if (track.kind !== "video" && dts < waiting.dts) {
      this.#newest.set(track.id, dts);
      this.#emit(packet);
      return;
    }
    this.#hold(this.#behind, packet);
    if (track.kind === "audio") this.#arrived.add(track.id);
    const late = dts - waiting.dts > MAX_WAIT_MICROS || this.#heldBytes > MAX_HELD_BYTES;
    if (late || this.#isReached(waiting.dts)) this.#release();
  }

  /** Passes on all that is held. */
  flush(): void {
    while (this.#behind.length > 0) this.#release();
    for (const packet of this.#takeAhead(Number.POSITIVE_INFINITY)) this.#emit(packet);
  }

  /** Another source follows: nothing of the present one is held or waited for any more. */
  reset(): void {
    this.flush();
    this.#newest.clear();
    this.#lastPicture = Number.NEGATIVE_INFINITY;
    this.#lastIsKey = false;
  }

  #take(packet: Packet): void {
    const { track, dts, key } = packet;
    this.#newest.set(track.id, dts);
    if (track.kind !== "video") {
      if (dts <= this.#lastPicture) {
        this.#emit(packet);
        return;
      }
      this.#hold(this.#ahead, packet);
      const crowded = this.#heldBytes > MAX_HELD_BYTES;
      for (const old of this.#takeAhead(crowded ? Number.POSITIVE_INFINITY : dts - MAX_APART_MICROS))
        this.#emit(old);
      return;
    }
    for (const before of this.#takeAhead(dts)) this.#emit(before);
    if (key && !this.#isReached(dts) && this.#isNear(dts)) {
      this.#hold(this.#behind, packet);
      return;
    }
    this.#picture(packet);
  }

  /** The key frame that waited, and what came after it as if it came now. */
  #release(): void {
    const [first, ...rest] = this.#behind;
    if (first === undefined) return;
    this.#behind = [];
    this.#heldBytes = this.#ahead.reduce((sum, { data }) => sum + data.length + OBJECT_BYTES, 0);
    this.#picture(first);
    this.#arrived.clear();
    for (const packet of rest) this.write(packet);
  }

  #picture(packet: Packet): void {
    const { dts, key } = packet;
    if (key && !this.#lastIsKey && dts > this.#passed && this.#isReached(dts)) {
      this.#cuts.push(dts);
      if (this.#cuts.length > MAX_CUTS) this.#cuts.shift();
    }
    this.#lastPicture = Math.max(dts, this.#lastPicture);
    this.#lastIsKey = key;
    this.#emit(packet);
    for (const beside of this.#takeAhead(dts, true)) this.#emit(beside);
  }

  /** Whether every other track has come up to this moment: within a track time never falls. */
  #isReached(dts: number): boolean {
    return this.#others.every(
      (id) => this.#arrived.has(id) || (this.#newest.get(id) ?? Number.NEGATIVE_INFINITY) >= dts,
    );
  }

  /** Whether it is worth waiting for them: one that has stopped, or has yet to begin, would hold up every key frame. */
  #isNear(dts: number): boolean {
    return this.#others.every((id) => {
      const newest = this.#newest.get(id);
      return newest !== undefined && dts - newest < MAX_APART_MICROS;
    });
  }

  #hold(queue: Packet[], packet: Packet): void {
    queue.push(packet);
    this.#heldBytes += packet.data.length + OBJECT_BYTES;
  }

  /** Takes out what is ahead and before this moment, or also at it. */
  #takeAhead(dts: number, inclusive = false): readonly Packet[] {
    if (this.#ahead.length === 0) return [];
    const taken: Packet[] = [];
    const left: Packet[] = [];
    for (const packet of this.#ahead) {
      const due = packet.dts < dts || (inclusive && packet.dts === dts);
      (due ? taken : left).push(packet);
      if (due) this.#heldBytes -= packet.data.length + OBJECT_BYTES;
    }
    this.#ahead = left;
    return taken;
  }

  #emit(packet: Packet): void {
    const { track, dts, pts } = packet;
    const cut = this.#cuts[this.#cuts.length - 1] ?? dts;
    // Data has no time of its own that counts: it stays behind the last place to cut at.
    const late = track.kind === "data" && dts < cut;
    this.#passed = Math.max(this.#passed, late ? cut : dts);
    this.#pass(late ? { ...packet, dts: cut, pts: cut + pts - dts } : packet);
  }
}

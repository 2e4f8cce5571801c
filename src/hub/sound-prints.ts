import type { Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";

/** Frames of sound that are remembered: some five seconds. */
const MAX_PRINTS = 256;
/** So many frames must be the same, and so many of them unlike the others: silence is the same everywhere. */
const ENOUGH = 8;
const ENOUGH_DIFFERENT = 4;

/**
 * What a stream's sound was lately, frame by frame in a few bytes: whether another stream has the same sound at the same
 * moments. Encoders that hear one programme with one clock and the same settings make the same bytes of it, and so does who
 * copies; two that run by themselves do not, since their frames begin at other samples.
 */
export class SoundPrints {
  /** By their dts on the stream's timeline, the oldest first. */
  readonly #prints = new Map<number, number>();
  #track: number | undefined;

  /** The stream's tracks are these now. */
  setTracks(tracks: readonly Track[]): void {
    this.#track = tracks.find(({ kind }) => kind === "audio")?.id;
  }

  /** Takes note of a packet that has been placed. */
  add({ track, dts, data }: Packet): void {
    if (track.id !== this.#track) return;
    this.#prints.set(dts, fingerprint(data));
    if (this.#prints.size <= MAX_PRINTS) return;
    for (const oldest of this.#prints.keys()) {
      this.#prints.delete(oldest);
      return;
    }
  }

  /**
   * Whether the sound of both is the same, as far as both are remembered, and is remembered for long enough to say so.
   *
   * @param shift what is added to a time here for the same moment there, microseconds
   * @param from moments before this one do not count, microseconds on this timeline
   */
  isSame(there: SoundPrints, shift: number, from: number): boolean {
    let same = 0;
    const kinds = new Set<number>();
    for (const [dts, print] of this.#prints) {
      const other = dts < from ? undefined : there.#prints.get(dts + shift);
      if (other === undefined) continue;
      if (other !== print) return false;
      same += 1;
      kinds.add(print);
    }
    return same >= ENOUGH && kinds.size >= ENOUGH_DIFFERENT;
  }
}

/** FNV-1a, 32 bits, of the bytes and how many they are. */
function fingerprint(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.length;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

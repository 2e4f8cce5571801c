import type { Packet } from "../media/model/packet.js";

/**
 * The packets since the last random access point, for whoever comes next. Bounded in milliseconds and bytes: a group
 * that outgrows a bound is dropped whole, never cut, because what follows a hole cannot be decoded.
 */
export class GopCache {
  readonly #maxMicros: number;
  readonly #maxBytes: number;
  #packets: Packet[] = [];
  #bytes = 0;

  constructor(maxMs: number, maxBytes: number) {
    this.#maxMicros = maxMs * 1000;
    this.#maxBytes = maxBytes;
  }

  /** In decode order, the first a random access point; empty where there is none, or it was too large. */
  get packets(): readonly Packet[] {
    return this.#packets;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param randomAccess whether a reader may start at this packet */
  add(packet: Packet, randomAccess: boolean): void {
    if (randomAccess) this.clear();
    else if (this.#packets.length === 0) return;
    const first = this.#packets[0] ?? packet;
    const bytes = this.#bytes + packet.data.length;
    if (packet.dts - first.dts > this.#maxMicros || bytes > this.#maxBytes || this.#maxMicros === 0) {
      this.clear();
      return;
    }
    this.#packets.push(packet);
    this.#bytes = bytes;
  }

  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
  }
}

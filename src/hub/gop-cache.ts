import type { Packet } from "../media/model/packet.js";
import { OBJECT_BYTES } from "./options.js";

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

  /** What it takes, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param randomAccess whether a reader may start at this packet */
  add(packet: Packet, randomAccess: boolean): void {
    if (this.#maxMicros === 0) return;
    if (randomAccess) this.clear();
    else if (this.#packets.length === 0) return;
    const first = this.#packets[0] ?? packet;
    const bytes = this.#bytes + packet.data.length + OBJECT_BYTES;
    if (packet.dts - first.dts > this.#maxMicros || bytes > this.#maxBytes) {
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

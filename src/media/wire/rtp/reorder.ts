import { Unwrap } from "../../model/time.js";
import type { RtpPacket } from "./packet.js";

/** How many packets may wait for one that is missing, and how long the first of them, microseconds. */
const MAX_HELD = 512;
const MAX_HELD_BYTES = 4 * 1024 * 1024;
const MAX_WAIT_MICROS = 200_000;
/** A step of the sequence number that no loss explains (MAX_DROPOUT and MAX_MISORDER, RFC 3550 section A.1). */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;

/** Where packets go, each at most once and in the order of their sequence numbers. */
export interface ReorderSink {
  /** The packet's payload is borrowed for the call. */
  packet(packet: RtpPacket): void;
  /** So many packets before the next one did not come in time. */
  lost(count: number): void;
}

/**
 * Puts packets back in the order in which they were sent: a network such as UDP's mixes them up. What comes in order
 * goes through at once, uncopied. Bounded: who waits longer than 0.2 s, or behind 512 packets or 4 MiB, waits no longer.
 */
export class ReorderBuffer {
  readonly #sink: ReorderSink;
  #unwrap = new Unwrap(16);
  /** The sequence number that is next, unwrapped; undefined before the first. */
  #next: number | undefined;
  /** By unwrapped sequence number, with when each came. */
  readonly #held = new Map<number, { readonly packet: RtpPacket; readonly at: number }>();
  #heldBytes = 0;
  /** What would follow the last packet from far away: two that follow each other are a new beginning. */
  #stray: number | undefined;

  constructor(sink: ReorderSink) {
    this.#sink = sink;
  }

  /** @param now any clock that does not step back, microseconds */
  push(packet: RtpPacket, now: number): void {
    const sequence = this.#unwrap.near(packet.sequence);
    this.#next ??= sequence;
    const ahead = sequence - this.#next;
    if (ahead > MAX_DROPOUT || ahead < -MAX_MISORDER) {
      this.#pushStray(packet, now);
      return;
    }
    this.#stray = undefined;
    if (ahead < 0 || this.#held.has(sequence)) return; // too late, or a duplicate
    if (ahead === 0) {
      this.#hand(packet, sequence);
      this.#release();
    } else {
      // Others may overwrite what was borrowed.
      this.#held.set(sequence, { packet: { ...packet, payload: packet.payload.slice() }, at: now });
      this.#heldBytes += packet.payload.length;
    }
    this.expire(now);
  }

  /** Gives up what has been missing for too long. */
  expire(now: number): void {
    while (this.#held.size > 0) {
      const first = Math.min(...this.#held.keys());
      const since = this.#held.get(first)?.at ?? now;
      const full = this.#held.size > MAX_HELD || this.#heldBytes > MAX_HELD_BYTES;
      if (!full && now - since < MAX_WAIT_MICROS) return;
      this.#skipTo(first);
      this.#release();
    }
  }

  /** Begins anew with whatever comes next, as another source does. */
  reset(): void {
    this.#held.clear();
    this.#heldBytes = 0;
    this.#next = undefined;
    this.#stray = undefined;
    this.#unwrap = new Unwrap(16);
  }

  #pushStray(packet: RtpPacket, now: number): void {
    if (this.#stray !== packet.sequence) {
      this.#stray = (packet.sequence + 1) & 0xffff;
      return;
    }
    // Sender and network agree that it goes on from here: what is held will not be completed.
    this.reset();
    this.#sink.lost(1);
    this.push(packet, now);
  }

  #skipTo(sequence: number): void {
    const lost = sequence - (this.#next ?? sequence);
    this.#next = sequence;
    if (lost > 0) this.#sink.lost(lost);
  }

  #release(): void {
    for (;;) {
      const sequence = this.#next as number;
      const held = this.#held.get(sequence);
      if (held === undefined) return;
      this.#held.delete(sequence);
      this.#heldBytes -= held.packet.payload.length;
      this.#hand(held.packet, sequence);
    }
  }

  #hand(packet: RtpPacket, sequence: number): void {
    this.#unwrap.next(packet.sequence);
    this.#next = sequence + 1;
    this.#sink.packet(packet);
  }
}

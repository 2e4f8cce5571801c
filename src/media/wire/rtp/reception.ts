import { MICROS_PER_SECOND, Unwrap } from "../../model/time.js";
import type { RtpPacket } from "./packet.js";
import type { ReportBlock, SenderReport } from "./rtcp.js";

/** What a receiver counts of one source, for its reports (RFC 3550 sections 6.4.1, A.3 and A.8). */
export class Reception {
  readonly #ssrc: number;
  readonly #rate: number;
  readonly #unwrap = new Unwrap(16);
  #base: number | undefined;
  #highest = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  /** In ticks; smoothed over 16 packets. */
  #jitter = 0;
  #transit: number | undefined;
  #lastSr = 0;
  #lastSrAt: number | undefined;

  /** @param rate ticks of its clock a second */
  constructor(ssrc: number, rate: number) {
    this.#ssrc = ssrc;
    this.#rate = rate;
  }

  /** Counts a packet as it comes, in whatever order. @param now microseconds */
  packet({ sequence, timestamp }: RtpPacket, now: number): void {
    const unwrapped = this.#unwrap.near(sequence);
    if (this.#base === undefined || unwrapped > this.#highest) {
      this.#base ??= unwrapped;
      this.#highest = this.#unwrap.next(sequence);
    }
    this.#received += 1;
    const arrival = Math.floor((now / MICROS_PER_SECOND) * this.#rate);
    const transit = arrival - timestamp;
    if (this.#transit !== undefined) {
      // By 32 bits: timestamps wrap.
      const step = Math.abs((transit - this.#transit) | 0);
      this.#jitter += (step - this.#jitter) / 16;
    }
    this.#transit = transit;
  }

  /** @param now microseconds */
  senderReport({ lastSr }: SenderReport, now: number): void {
    this.#lastSr = lastSr;
    this.#lastSrAt = now;
  }

  /** The figures as of now; the fraction lost is that since the last call. */
  report(now: number): ReportBlock | undefined {
    if (this.#base === undefined) return undefined;
    const expected = this.#highest - this.#base + 1;
    const expectedNow = expected - this.#expectedBefore;
    const lostNow = expectedNow - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    const since = this.#lastSrAt === undefined ? 0 : now - this.#lastSrAt;
    return {
      ssrc: this.#ssrc,
      fractionLost: lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow)),
      cumulativeLost: expected - this.#received,
      highestSequence: this.#highest >>> 0,
      jitter: Math.floor(this.#jitter) >>> 0,
      lastSr: this.#lastSr,
      delaySinceLastSr: Math.floor((Math.max(0, since) * 65_536) / MICROS_PER_SECOND) >>> 0,
    };
  }
}

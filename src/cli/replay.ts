import { setTimeout as sleep } from "node:timers/promises";
import { createFlvDemuxer } from "../media/format/flv/demuxer.js";
import type { Demuxer } from "../media/model/container.js";
import { MediaError } from "../media/model/error.js";
import type { Metadata, Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";
import { createLoopClock } from "../server/protocol/file/loop-clock.js";

/** A pause between two packets that nobody would wait for: the source's clock has jumped. */
const JUMP_MICROS = 10_000_000;

/** A wait this short is not worth a timer. */
const SLACK_MICROS = 2_000;

/** Where a replay's packets go. */
export interface ReplaySink {
  describe(metadata: Metadata): void;
  track(track: Track): void;
  write(packet: Packet): void;
  /** Settles when more may be written. */
  ready(): Promise<void>;
}

export interface ReplayOptions {
  readonly loop: boolean;
  readonly signal: AbortSignal;
}

type Found = { readonly metadata: Metadata } | { readonly track: Track } | { readonly packet: Packet };

/**
 * Plays FLV in real time: each packet when it is due by one schedule from the first packet on, so that no delay adds
 * up. A loop goes on where the last one ended.
 *
 * @param open gives the bytes from the beginning, once for each loop
 * @throws MediaError when the bytes are not FLV, and what `open` and the signal throw
 */
export async function replay(
  open: () => AsyncIterable<Uint8Array>,
  sink: ReplaySink,
  { loop, signal }: ReplayOptions,
): Promise<void> {
  const clock = createLoopClock();
  /** The first packet's time: what is sent begins at 0. */
  let first: number | undefined;
  /** When the time 0 is due, by the monotonic clock in microseconds. */
  let origin: number | undefined;

  async function present(packet: Packet): Promise<void> {
    const offset = clock.place(packet);
    if (offset === undefined) return;
    first ??= packet.dts;
    const shift = offset - first;
    const dts = packet.dts + shift;
    await sink.ready();
    const now = performance.now() * 1000;
    // On the same schedule as long as the source's clock runs; from here on after a jump.
    if (origin === undefined || Math.abs(origin + dts - now) > JUMP_MICROS) origin = now - dts;
    const early = origin + dts - now;
    if (early > SLACK_MICROS) await sleep(early / 1000, undefined, { signal });
    signal.throwIfAborted();
    sink.write({ ...packet, dts, pts: packet.pts + shift, receivedAt: wallMicros() });
  }

  for (let round = 0; ; round++) {
    let packets = 0;
    const found: Found[] = [];
    const demuxer = createFlvDemuxer({
      track: (track) => found.push({ track }),
      packet: (packet) => found.push({ packet }),
      metadata: (metadata) => found.push({ metadata }),
    });
    for await (const slice of open()) {
      demuxer.push(slice, wallMicros());
      for (const item of found.splice(0)) {
        if ("track" in item) sink.track(item.track);
        else if ("packet" in item) {
          packets += 1;
          await present(item.packet);
        } else if (round === 0) sink.describe(item.metadata);
      }
    }
    endOf(demuxer, packets);
    clock.endRound();
    if (!loop || packets === 0) return;
  }
}

/** A recording that was cut off inside its last tag is still a recording. */
function endOf(demuxer: Demuxer, packets: number): void {
  try {
    demuxer.end();
  } catch (error) {
    if (!(error instanceof MediaError && error.code === "truncated" && packets > 0)) throw error;
  }
}

function wallMicros(): number {
  return Date.now() * 1000;
}

import type { Scheduler } from "../../../hub/scheduler.js";
import { createFlvDemuxer } from "../../../media/format/flv/demuxer.js";
import type { Demuxer } from "../../../media/model/container.js";
import { MediaError } from "../../../media/model/error.js";
import { type Metadata, type Packet, sameConfig } from "../../../media/model/packet.js";
import type { Track } from "../../../media/model/track.js";
import { createLoopClock } from "./loop-clock.js";

/** A pause between two packets that nobody would wait for: the source's clock has jumped. */
const JUMP_MICROS = 10_000_000;

/** A wait this short is not worth a timer. */
const SLACK_MICROS = 2_000;

/** Where a replay's packets go. */
export interface ReplaySink {
  describe(metadata: Metadata): void;
  track(track: Track): void;
  write(packet: Packet): void;
  /** Settles when more may be written; without it, that is always. */
  ready?(): Promise<void>;
}

export interface ReplayOptions {
  /** Begins anew at the end, with timestamps that go on. */
  readonly loop: boolean;
  readonly signal: AbortSignal;
  readonly scheduler: Scheduler;
}

type Found = { readonly metadata: Metadata } | { readonly track: Track } | { readonly packet: Packet };

/**
 * Plays FLV in real time, its times counted from 0: each packet when it is due by one schedule from the first packet
 * on, so that no delay adds up over the hours. Settles at the end, or when the signal fires.
 *
 * @param open gives the bytes from the beginning, once for each round
 * @throws MediaError when the bytes are not FLV, and what `open` and the sink throw
 */
export async function replay(
  open: () => AsyncIterable<Uint8Array>,
  sink: ReplaySink,
  { loop, signal, scheduler }: ReplayOptions,
): Promise<void> {
  const clock = createLoopClock();
  const tracks = new Map<number, Track>();
  /** The first packet's time: what is written begins at 0. */
  let first: number | undefined;
  /** When the time 0 is due, on the scheduler's clock. */
  let origin: number | undefined;

  async function present(packet: Packet): Promise<void> {
    const offset = clock.place(packet);
    if (offset === undefined) return;
    first ??= packet.dts;
    const shift = offset - first;
    const dts = packet.dts + shift;
    if (sink.ready !== undefined) await sink.ready();
    const now = scheduler.now();
    // On the same schedule as long as the source's clock runs; from here on after a jump.
    if (origin === undefined || Math.abs(origin + dts - now) > JUMP_MICROS) origin = now - dts;
    const earlyMicros = origin + dts - now;
    if (earlyMicros > SLACK_MICROS) await delay(earlyMicros / 1000, signal, scheduler);
    if (signal.aborted) return;
    const track = tracks.get(packet.track.id) ?? packet.track;
    sink.write({ ...packet, track, dts, pts: packet.pts + shift, receivedAt: scheduler.wall() });
  }

  function addTrack(track: Track): void {
    const known = tracks.get(track.id);
    // Each round reads the same configurations: for the stream they have not changed.
    if (known !== undefined && sameConfig(known, track)) return;
    tracks.set(track.id, track);
    sink.track(track);
  }

  for (let round = 0; !signal.aborted; round++) {
    let packets = 0;
    const found: Found[] = [];
    const demuxer = createFlvDemuxer({
      track: (track) => found.push({ track }),
      packet: (packet) => found.push({ packet }),
      metadata: (metadata) => found.push({ metadata }),
    });
    for await (const slice of open()) {
      demuxer.push(slice, 0);
      for (const item of found.splice(0)) {
        if (signal.aborted) return;
        if ("track" in item) addTrack(item.track);
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

function delay(ms: number, signal: AbortSignal, scheduler: Scheduler): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      cancel();
      signal.removeEventListener("abort", settle);
      resolve();
    };
    const cancel = scheduler.after(ms, settle);
    signal.addEventListener("abort", settle);
  });
}

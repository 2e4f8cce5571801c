import { createReadStream } from "node:fs";
import type { Publisher } from "../../../hub/publisher.js";
import type { Scheduler } from "../../../hub/scheduler.js";
import { createFlvDemuxer } from "../../../media/format/flv/demuxer.js";
import { type Metadata, type Packet, sameConfig } from "../../../media/model/packet.js";
import type { Track } from "../../../media/model/track.js";
import { createLoopClock } from "./loop-clock.js";

/** A wait this short is not worth a timer. */
const SLACK_MICROS = 2_000;

export interface FilePullInit {
  /** Path of an FLV file. */
  readonly file: string;
  /** Begins anew at its end, with timestamps that go on. */
  readonly loop: boolean;
  readonly signal: AbortSignal;
  readonly publisher: Publisher;
  readonly scheduler: Scheduler;
}

/**
 * Publishes a file in real time: each packet is due at the start plus its own time, so nothing accumulates over the
 * hours. Settles at the end of the file or when the signal fires; the publisher stays its owner's.
 *
 * @throws MediaError for a broken file, and what reading it failed with
 */
export async function pullFile({ file, loop, signal, publisher, scheduler }: FilePullInit): Promise<void> {
  const tracks = new Map<number, Track>();
  const clock = createLoopClock();
  /** When the time 0 of the first round is due, on the scheduler's clock. */
  let origin: number | undefined;
  let written = 0;

  async function present(packet: Packet): Promise<void> {
    const offset = clock.place(packet);
    if (offset === undefined) return;
    const dts = packet.dts + offset;
    origin ??= scheduler.now() - dts;
    const earlyMicros = origin + dts - scheduler.now();
    if (earlyMicros > SLACK_MICROS) await delay(earlyMicros / 1000, signal, scheduler);
    if (signal.aborted) return;
    written += 1;
    const track = tracks.get(packet.track.id) ?? packet.track;
    publisher.write({ ...packet, track, dts, pts: packet.pts + offset, receivedAt: scheduler.wall() });
  }

  do {
    written = 0;
    for await (const part of readFlv(file)) {
      if (signal.aborted) return;
      if ("metadata" in part) publisher.describe(part.metadata);
      else if ("packet" in part) await present(part.packet);
      else {
        const known = tracks.get(part.track.id);
        // Each round reads the same configurations: for the stream they have not changed.
        if (known !== undefined && sameConfig(known, part.track)) continue;
        tracks.set(part.track.id, part.track);
        publisher.track(part.track);
      }
    }
    clock.endRound();
  } while (loop && written > 0 && !signal.aborted);
}

type Part = { readonly track: Track } | { readonly packet: Packet } | { readonly metadata: Metadata };

async function* readFlv(file: string): AsyncGenerator<Part> {
  let parts: Part[] = [];
  const demuxer = createFlvDemuxer({
    track: (track) => parts.push({ track }),
    packet: (packet) => parts.push({ packet }),
    metadata: (metadata) => parts.push({ metadata }),
  });
  const take = (): readonly Part[] => {
    const taken = parts;
    parts = [];
    return taken;
  };
  for await (const chunk of createReadStream(file)) {
    demuxer.push(chunk as Uint8Array, 0);
    yield* take();
  }
  demuxer.end();
  yield* take();
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

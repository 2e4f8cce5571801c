import { muxerArgs } from "../../ffmpeg/muxer.js";
import type { Container, ConvertTask } from "../../task.js";
import { Failure } from "./failure.js";
import type { Tools } from "./input.js";
import {
  type Dictionary,
  FORMAT_GLOBAL_HEADER,
  FORMAT_NO_FILE,
  FORMAT_TIMES_MAY_REPEAT,
  NO_TIMESTAMP,
  type Packet,
  type Rational,
  type Stream,
  toMicroseconds,
} from "./library.js";
import { commandOptions } from "./options.js";

/** One track of an output. */
export interface OutputTrack {
  readonly stream: Stream;
  /** What is in it is known: the header needs that of all tracks. */
  ready(): void;
  /** Its times are in `clock`. It is used up. @throws Failure */
  write(packet: Packet, clock: Rational): void;
}

/**
 * What is written, which blocks while nobody takes it: a disk, or a reader at the other end of a pipe, holds the work
 * back.
 */
export interface Output {
  readonly container: Container;
  /** Whether a codec's configuration belongs into the header, and not into the stream. */
  readonly globalHeader: boolean;
  track(): OutputTrack;
  /** The end of the latest that was written, microseconds. */
  readonly timeUs: number;
  /** Pictures, and frames of sound. */
  readonly packets: number;
  readonly bytes: number;
  /** @throws Failure */
  finish(): void;
}

/** Packets that wait for the header: some seconds of many tracks. */
const MAX_HELD = 4_096;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

interface Held {
  readonly packet: Packet;
  readonly stream: Stream;
  readonly clock: Rational;
}

export function openOutput(
  { library, check }: Tools,
  target: ConvertTask["output"],
  metadata: Dictionary | null,
): Output {
  const url = target.kind === "file" ? `file:${target.path}` : "pipe:1";
  const { named, without } = commandOptions(muxerArgs(target.container, target.kind === "file"));
  const format = new library.FormatContext();
  check(format.allocOutputContext2(null, named.get("f") ?? target.container, url));
  if (metadata !== null) format.metadata = metadata;
  const flags = format.oformat?.flags ?? 0;
  const isStrict = (flags & FORMAT_TIMES_MAY_REPEAT) === 0;
  const lastDts = new Map<number, bigint>();
  const waiting = new Set<Stream>();
  let held: Held[] = [];
  let heldBytes = 0;
  let isOpen = false;
  let timeUs = 0;
  let packets = 0;

  function open(): void {
    if ((flags & FORMAT_NO_FILE) === 0) check(format.openOutputSync());
    check(format.writeHeaderSync(library.Dictionary.fromObject(without("f"))));
    isOpen = true;
    for (const { packet, stream, clock } of held) {
      send(packet, stream, clock);
      packet.free();
    }
    held = [];
  }

  /** Decoding times rise in a file, also where the input's do not: as FFmpeg's programs have it, by as little as it takes. */
  function rise(packet: Packet): void {
    const { dts, streamIndex } = packet;
    if (dts === NO_TIMESTAMP) return;
    const last = lastDts.get(streamIndex);
    const least = last === undefined ? dts : last + (isStrict ? 1n : 0n);
    if (dts < least) {
      packet.dts = least;
      if (packet.pts !== NO_TIMESTAMP && packet.pts < least) packet.pts = least;
    }
    lastDts.set(streamIndex, packet.dts);
  }

  function send(packet: Packet, stream: Stream, clock: Rational): void {
    packet.streamIndex = stream.index;
    // The header may have given the track another clock than the one that it was asked for.
    packet.rescaleTs(clock, stream.timeBase);
    rise(packet);
    const end = packet.pts === NO_TIMESTAMP ? packet.dts : packet.pts + packet.duration;
    timeUs = Math.max(timeUs, toMicroseconds(end, stream.timeBase) ?? 0);
    packets++;
    check(format.interleavedWriteFrameSync(packet));
  }

  function hold(packet: Packet, stream: Stream, clock: Rational): void {
    const copy = packet.clone();
    heldBytes += packet.size;
    if (copy === null || held.length >= MAX_HELD || heldBytes > MAX_HELD_BYTES) {
      throw new Failure("corrupt", "one of the tracks has nothing in it for too long");
    }
    held.push({ packet: copy, stream, clock });
  }

  return {
    container: target.container,
    globalHeader: (flags & FORMAT_GLOBAL_HEADER) !== 0,
    track() {
      const stream = format.newStream(null);
      waiting.add(stream);
      return {
        stream,
        ready() {
          waiting.delete(stream);
          if (waiting.size === 0 && !isOpen) open();
        },
        write(packet, clock) {
          if (isOpen) send(packet, stream, clock);
          else hold(packet, stream, clock);
        },
      };
    },
    get timeUs() {
      return timeUs;
    },
    get packets() {
      return packets;
    },
    get bytes() {
      return isOpen ? Math.max(0, Number(format.pbBytes)) : 0;
    },
    finish() {
      if (!isOpen) throw new Failure("not-media", "nothing in it could be read");
      check(format.writeTrailerSync());
      if ((flags & FORMAT_NO_FILE) === 0) format.closeOutputSync();
    },
  };
}

import type { Container } from "../../task.js";
import type { Tools } from "./input.js";
import { type Lane, originOf, type Span } from "./lane.js";
import {
  type CodecParameters,
  H264,
  NO_TIMESTAMP,
  PACKET_KEY,
  type Packet,
  rescale,
  type Stream,
  VIDEO,
} from "./library.js";
import type { Output } from "./output.js";

/** Four characters, the first in the lowest byte. */
const AVC1 = Buffer.from("avc1", "latin1").readUInt32LE();
const MICROSECOND = { num: 1, den: 1_000_000 };

/** A track as it is encoded. From a time on it begins with a key frame, and without what is shown before. */
export function createCopyLane({ check }: Tools, input: Stream, output: Output, span: Span): Lane {
  const track = output.track();
  const { stream } = track;
  const { timeBase: clock, codecpar } = input;
  let source = input;
  let origin = originOf(span, clock);
  const from = span.fromUs === undefined ? undefined : rescale(BigInt(span.fromUs), MICROSECOND, clock);
  const to = span.toUs === undefined ? undefined : rescale(BigInt(span.toUs), MICROSECOND, clock);
  check(codecpar.copy(stream.codecpar));
  stream.codecpar.codecTag = tagOf(codecpar, output.container);
  stream.timeBase = clock;
  stream.avgFrameRate = input.avgFrameRate;
  stream.sampleAspectRatio = input.sampleAspectRatio;
  stream.disposition = input.disposition;
  stream.metadata = input.metadata;
  let waitsForKey = from !== undefined && codecpar.codecType === VIDEO;

  /** Whether it is in the span, its times counted from the span's origin. */
  function isWanted({ pts, dts, flags }: Packet): boolean {
    if (to !== undefined && (dts === NO_TIMESTAMP ? pts : dts) >= to) return false;
    if (from === undefined) return true;
    if (pts !== NO_TIMESTAMP && pts < from) return false;
    if (waitsForKey && (flags & PACKET_KEY) === 0) return false;
    waitsForKey = false;
    return true;
  }

  function shift(packet: Packet, by: bigint): void {
    if (packet.pts !== NO_TIMESTAMP) packet.pts -= by;
    if (packet.dts !== NO_TIMESTAMP) packet.dts -= by;
  }

  return {
    get input() {
      return source;
    },
    begin: track.ready,
    follow(next, originUs) {
      source = next;
      origin = originOf({ originUs }, next.timeBase);
    },
    push(packet) {
      if (packet === undefined) return;
      shift(packet, origin);
      if (!isWanted(packet)) return;
      shift(packet, from ?? 0n);
      track.write(packet, source.timeBase);
    },
    close() {},
  };
}

/** The container's own name of the codec (0), because what it was called in another says nothing here; with exceptions. */
function tagOf(
  { codecId, codecTag, codecTagString, extradata }: CodecParameters,
  container: Container,
): number {
  // MP4 would call HEVC `hev1`, and Apple's players know `hvc1` alone.
  const isMp4 = container === "mp4" || container === "fmp4";
  if (isMp4 && codecTagString === "hvc1") return codecTag;
  // As `H264`, AVI wants start codes; as `avc1` it takes what has lengths, which a record of version 1 tells.
  const hasLengths = codecId === H264 && extradata?.[0] === 1;
  return container === "avi" && hasLengths ? AVC1 : 0;
}

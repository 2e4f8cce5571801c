import type { Input, Tools } from "./input.js";
import { fromMicroseconds, PACKET_KEY, SEEK_BACKWARD, type Stream, toMicroseconds } from "./library.js";
import { packetsOf } from "./packets.js";

/** Where a seek lands after the time, or short of any key frame, it is tried again from so much before, microseconds. */
const STEPS_BACK_US = [0, 12_000_000, 48_000_000, Number.POSITIVE_INFINITY];
/** A key frame may stand this much after others that are shown later. */
export const REORDER_US = 1_000_000;

/**
 * The last key frame of a track that is shown at or before a time, microseconds from the input's beginning, as is the
 * result; undefined where there is none. Nothing is decoded. The input stands anywhere afterwards.
 *
 * @throws Failure
 */
export async function keyFrameBefore(
  tools: Tools,
  input: Input,
  stream: Stream,
  timeUs: number,
): Promise<number | undefined> {
  for (const back of STEPS_BACK_US) {
    const from = Math.max(0, timeUs - back);
    const at = fromMicroseconds(from + input.startUs, stream.timeBase);
    await input.format.seekFrame(stream.index, at, SEEK_BACKWARD);
    const key = await lastKey(tools, input, stream, timeUs);
    if (key !== undefined || from === 0) return key;
  }
  return undefined;
}

async function lastKey(
  tools: Tools,
  input: Input,
  { index, timeBase }: Stream,
  timeUs: number,
): Promise<number | undefined> {
  const { startUs } = input;
  let last: number | undefined;
  for await (const packet of packetsOf(tools, input)) {
    if (packet.streamIndex !== index) continue;
    const pts = toMicroseconds(packet.pts, timeBase);
    const time = (toMicroseconds(packet.dts, timeBase) ?? pts ?? 0) - startUs;
    if (time > timeUs + REORDER_US) break;
    if (pts === undefined || (packet.flags & PACKET_KEY) === 0 || pts - startUs > timeUs) continue;
    last = Math.max(last ?? 0, pts - startUs);
  }
  return last;
}

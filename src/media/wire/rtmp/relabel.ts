import { ByteReader } from "../../bytes/reader.js";
import { EXTENDED_TIMESTAMP } from "./chunk-header.js";
import { PLAY_CHUNK_SIZE } from "./chunk-writer.js";

/**
 * A copy of what `rtmpFormat` wrote, for a player on another message stream than the first. Nearly all play on the
 * first, and get the shared bytes as they are.
 */
export function relabelMessages(bytes: Uint8Array, streamId: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  const reader = new ByteReader(copy);
  while (reader.remaining > 0) {
    reader.skip(1); // All of its chunk stream ids take one byte
    const extended = reader.u24() === EXTENDED_TIMESTAMP;
    const length = reader.u24();
    reader.skip(1);
    view.setUint32(reader.position, streamId, true);
    reader.skip(extended ? 8 : 4);
    const continuations = Math.max(0, Math.ceil(length / PLAY_CHUNK_SIZE) - 1);
    reader.skip(length + continuations * (extended ? 5 : 1));
  }
  return copy;
}

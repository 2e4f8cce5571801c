import { ByteReader } from "../../bytes/reader.js";
import { AUDIO, DATA_AMF0, DATA_AMF3, VIDEO } from "./message.js";

/**
 * Takes an aggregate message apart (section 7.1.6): FLV tags, each followed by its size. Their timestamps count from
 * the first one's, which stands for the aggregate's own. Their message stream is the aggregate's.
 *
 * @param emit is given each audio, video and data message; its body is a view
 * @throws MediaError when they do not fill the body
 */
export function readAggregate(
  body: Uint8Array,
  timestamp: number,
  emit: (type: number, timestamp: number, body: Uint8Array) => void,
): void {
  const reader = new ByteReader(body);
  let offset: number | undefined;
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u24();
    const low = reader.u24();
    const tagTimestamp = reader.u8() * 0x100_0000 + low;
    reader.skip(3);
    offset ??= timestamp - tagTimestamp;
    const part = reader.view(length);
    // The last one's size is missing in what some send.
    if (reader.remaining > 0) reader.skip(4);
    if (type === AUDIO || type === VIDEO || type === DATA_AMF0 || type === DATA_AMF3) {
      emit(type, (tagTimestamp + offset) >>> 0, part);
    }
  }
}

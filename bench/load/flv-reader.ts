import { ByteQueue } from "../../src/media/bytes/queue.js";

const HEADER = Uint8Array.of(0x46, 0x4c, 0x56, 1);
/** The file header and the first PreviousTagSize. */
const HEADER_LENGTH = 13;
const TAG_HEAD = 11;

/**
 * Reads FLV by the letter, unlike our demuxer, which puts up with much.
 *
 * @returns takes the next bytes; throws Error when the framing is not as Annex E has it
 */
export function createFlvReader(
  onTag: (type: number, timestamp: number, body: Uint8Array) => void,
): (slice: Uint8Array) => void {
  const queue = new ByteQueue();
  let begun = false;

  function step(): boolean {
    if (!begun) {
      const header = queue.take(HEADER_LENGTH);
      if (header === undefined) return false;
      if (!HEADER.every((byte, i) => header[i] === byte)) throw new Error("not FLV");
      begun = true;
      return true;
    }
    const head = queue.peek(TAG_HEAD);
    if (head === undefined) return false;
    const size = u24(head, 1);
    const whole = queue.take(TAG_HEAD + size + 4);
    if (whole === undefined) return false;
    const previousTagSize = ((whole[TAG_HEAD + size] as number) << 24) | u24(whole, TAG_HEAD + size + 1);
    if (previousTagSize !== TAG_HEAD + size || u24(whole, 8) !== 0) throw new Error("FLV framing is broken");
    const timestamp = (whole[7] as number) * 0x100_0000 + u24(whole, 4);
    onTag(whole[0] as number, timestamp, whole.subarray(TAG_HEAD, TAG_HEAD + size));
    return true;
  }

  return (slice) => {
    queue.push(slice);
    while (step());
    queue.keep();
  };
}

function u24(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}

import { ByteWriter } from "../../src/media/bytes/writer.js";
import { MediaError } from "../../src/media/model/error.js";
import { readAggregate } from "../../src/media/wire/rtmp/aggregate.js";
import { ChunkReader } from "../../src/media/wire/rtmp/chunk-reader.js";
import { writeMessage } from "../../src/media/wire/rtmp/chunk-writer.js";
import { AGGREGATE } from "../../src/media/wire/rtmp/message.js";
import type { FuzzTarget, Random } from "../target.js";

const MAX_PARTIAL_BYTES = 100_000;

export const target: FuzzTarget = {
  name: "rtmp-chunks",
  cases(random) {
    const out = new ByteWriter();
    let chunkSize = 128;
    for (let i = random.int(8); i >= 0; i--) {
      if (random.chance(0.2)) {
        const size = random.pick([1, 64, 4096, 65_536]);
        const body = new ByteWriter(4);
        body.u32(size);
        writeMessage(out, 2, 1, 0, 0, body.finish(), chunkSize);
        chunkSize = size;
      }
      const id = random.pick([2, 3, 4, 6, 63, 64, 319, 320, 65_599]);
      const type = random.pick([2, 8, 9, 18, 20, AGGREGATE]);
      const timestamp = random.pick([0, random.int(2 ** 32), 0xfffffe, 0xffffff, 2 ** 31, 2 ** 32 - 1]);
      writeMessage(out, id, type, timestamp, random.pick([0, 1]), random.bytes(random.int(500)), chunkSize);
      if (random.chance(0.3)) out.u8(0xc0 | (id & 0x3f)); // Type 3 that starts a message, mostly
    }
    const bytes = out.finish();
    return random.chance(0.9) ? random.mutate(bytes) : random.bytes(random.int(200));
  },
  run(bytes, random) {
    const whole = read([bytes]);
    const sliced = read(sliceOf(bytes, random));
    if (whole !== sliced) throw new Error(`slices differ: ${whole} and ${sliced}`);
  },
};

function sliceOf(bytes: Uint8Array, random: Random): Uint8Array[] {
  // Copies: the reader must not look beyond a slice.
  return random.slices(bytes).map((slice) => slice.slice());
}

/** What comes out, in a few words. */
function read(slices: readonly Uint8Array[]): string {
  let seen = "";
  const reader = new ChunkReader(
    (type, timestamp, streamId, body) => {
      seen += `${type}@${timestamp}/${streamId}:${checksum(body)} `;
      if (type !== AGGREGATE) return;
      try {
        readAggregate(body, timestamp, (partType, partTimestamp, part) => {
          seen += `(${partType}@${partTimestamp}:${checksum(part)}) `;
        });
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        seen += "broken ";
      }
    },
    { maxPartialBytes: MAX_PARTIAL_BYTES },
  );
  try {
    for (const slice of slices) {
      reader.push(slice);
      if (reader.partialBytes > MAX_PARTIAL_BYTES || reader.partialBytes < 0)
        throw new Error("over the limit");
    }
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    seen += error.code;
  }
  return seen;
}

function checksum(bytes: Uint8Array): number {
  let sum = bytes.length;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return sum;
}

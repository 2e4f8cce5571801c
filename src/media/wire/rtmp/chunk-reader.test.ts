import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, fromHex, toHex } from "../../bytes/bytes.js";
import { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import type { ChunkLimits } from "./chunk-reader.js";
import { ChunkReader } from "./chunk-reader.js";
import { writeMessage } from "./chunk-writer.js";

/** What comes out: type, timestamp, message stream, body in hex. */
type Seen = [type: number, timestamp: number, streamId: number, body: string];

function read(slices: readonly Uint8Array[], limits?: ChunkLimits): Seen[] {
  const seen: Seen[] = [];
  const reader = new ChunkReader((type, timestamp, streamId, body) => {
    seen.push([type, timestamp, streamId, toHex(body)]);
  }, limits);
  for (const slice of slices) reader.push(slice);
  return seen;
}

/** Reads it whole and byte by byte: both must agree. */
function readHex(hex: string, limits?: ChunkLimits): Seen[] {
  const bytes = fromHex(hex);
  const whole = read([bytes], limits);
  expect(
    read(
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
      limits,
    ),
  ).toEqual(whole);
  return whole;
}

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof MediaError) return error.code;
    throw error;
  }
  return "none";
}

const chunk = (size: number): string => `02 000000 000004 01 00000000 ${size.toString(16).padStart(8, "0")}`;
const repeat = (byte: string, count: number): string => byte.repeat(count);

describe("ChunkReader: chunk stream ids", () => {
  it("reads all three forms", () => {
    const rest = "000001 000001 09 01000000 aa";
    const forms: [string, string][] = [
      ["02", "2"],
      ["3f", "63"],
      ["00 00", "64"],
      ["00 ff", "319"],
      ["01 00 00", "64"],
      ["01 00 01", "320"],
      ["01 ff ff", "65599"],
    ];
    for (const [form] of forms) expect(readHex(`${form} ${rest}`)).toEqual([[9, 1, 1, "aa"]]);
  });

  it("takes 64 in its two forms as one chunk stream, and 64, 319, 320 and 65,599 as four", () => {
    expect(readHex("00 00 000001 000001 09 01000000 aa  c1 00 00 bb")).toEqual([
      [9, 1, 1, "aa"],
      [9, 2, 1, "bb"],
    ]);
    // Each has its own previous header, with which type 3 goes on.
    const heads = ["00 00", "00 ff", "01 00 01", "01 ff ff"];
    const bytes = heads.map(
      (head, i) => `${head} 00000${i + 1} 000001 0${i + 1 === 1 ? 8 : 9} 0${i}000000 0${i}`,
    );
    const repeats = ["c0 00", "c0 ff", "c1 00 01", "c1 ff ff"].map((head, i) => `${head} 1${i}`);
    expect(readHex([...bytes, ...repeats].join(" "))).toEqual([
      [8, 1, 0, "00"],
      [9, 2, 1, "01"],
      [9, 3, 2, "02"],
      [9, 4, 3, "03"],
      [8, 2, 0, "10"],
      [9, 4, 1, "11"],
      [9, 6, 2, "12"],
      [9, 8, 3, "13"],
    ]);
  });

  it("limits how many there are", () => {
    const many = (count: number): string =>
      Array.from(
        { length: count },
        (_, i) => `00 ${i.toString(16).padStart(2, "0")} 000000 000000 09 01000000`,
      ).join("");
    expect(failure(() => read([fromHex(many(64))]))).toBe("none");
    expect(failure(() => read([fromHex(many(65))]))).toBe("limit");
  });
});

describe("ChunkReader: header types", () => {
  it("adds deltas for types 1, 2 and 3", () => {
    expect(
      readHex("04 000064 000002 08 01000000 aaaa  44 00000a 000001 09 bb  84 000014 cc  c4 dd  c4 ee"),
    ).toEqual([
      [8, 100, 1, "aaaa"],
      [9, 110, 1, "bb"],
      [9, 130, 1, "cc"],
      [9, 150, 1, "dd"],
      [9, 170, 1, "ee"],
    ]);
  });

  it("takes the timestamp for the delta when type 3 follows type 0", () => {
    expect(readHex("04 00001a 000001 08 01000000 aa c4 bb")).toEqual([
      [8, 26, 1, "aa"],
      [8, 52, 1, "bb"],
    ]);
  });

  it("tolerates a chunk stream that begins with type 1, as librtmp's ping does", () => {
    expect(readHex("42 000000 000006 04 0006 00000d0f")).toEqual([[4, 0, 0, "000600000d0f"]]);
  });

  it("refuses a chunk stream that begins with type 2 or 3", () => {
    expect(failure(() => readHex("84 000000 aa"))).toBe("malformed");
    expect(failure(() => readHex("c4 aa"))).toBe("malformed");
  });

  it("hands out empty messages", () => {
    expect(readHex("04 000001 000000 08 01000000 c4 84 000005")).toEqual([
      [8, 1, 1, ""],
      [8, 2, 1, ""],
      [8, 7, 1, ""],
    ]);
  });

  it("goes on with a message whose header is said again, but refuses another inside it", () => {
    const begin = `04 000001 0000c8 08 01000000 ${repeat("aa", 128)}`;
    expect(readHex(`${begin} 44 000009 0000c8 08 ${repeat("bb", 72)}`)).toEqual([
      [8, 1, 1, repeat("aa", 128) + repeat("bb", 72)],
    ]);
    expect(readHex(`${begin} 84 000009 ${repeat("bb", 72)}`)[0]?.[1]).toBe(1);
    expect(failure(() => readHex(`${begin} 04 000001 0000c8 08 01000000`))).toBe("malformed");
    expect(failure(() => readHex(`${begin} 44 000001 0000c9 08`))).toBe("malformed");
    expect(failure(() => readHex(`${begin} 44 000001 0000c8 09`))).toBe("malformed");
  });
});

describe("ChunkReader: timestamps", () => {
  it("crosses 2^24, 2^31 and 2^32", () => {
    for (const limit of [2 ** 24, 2 ** 31, 2 ** 32]) {
      const start = limit - 20;
      const head =
        start >= 0xffffff
          ? `ffffff 000001 09 01000000 ${hex32(start)}`
          : `${hex24(start)} 000001 09 01000000`;
      expect(readHex(`06 ${head} aa 86 00000f bb c6 cc`)).toEqual([
        [9, start, 1, "aa"],
        [9, start + 15, 1, "bb"],
        [9, (start + 30) % 2 ** 32, 1, "cc"],
      ]);
    }
  });

  it("needs the extended field from 0xFFFFFF on", () => {
    expect(readHex("06 fffffe 000001 09 01000000 aa")).toEqual([[9, 0xfffffe, 1, "aa"]]);
    expect(readHex("06 ffffff 000001 09 01000000 00ffffff aa")).toEqual([[9, 0xffffff, 1, "aa"]]);
    expect(readHex("06 ffffff 000001 09 01000000 ffffffff aa")).toEqual([[9, 0xffffffff, 1, "aa"]]);
  });

  it("takes the extended field of types 1 and 2 for a delta", () => {
    expect(
      readHex("06 000010 000001 09 01000000 aa 86 ffffff 01000000 bb 46 ffffff 000001 08 01000001 cc"),
    ).toEqual([
      [9, 0x10, 1, "aa"],
      [9, 0x1000010, 1, "bb"],
      [8, 0x2000011, 1, "cc"],
    ]);
  });

  const a = repeat("aa", 128);
  const b = repeat("bb", 72);

  it("reads continuations with and without the extended timestamp", () => {
    const begin = `06 ffffff 0000c8 09 01000000 01020304 ${a}`;
    expect(readHex(`${begin} c6 01020304 ${b}`)).toEqual([[9, 0x01020304, 1, a + b]]);
    expect(readHex(`${begin} c6 ${b}`)).toEqual([[9, 0x01020304, 1, a + b]]);
  });

  it("tells a continuation without it even if its payload begins alike", () => {
    const begin = `06 ffffff 0000c8 09 01000000 01020304 ${a}`;
    const alike = `010203${repeat("bb", 69)}`;
    expect(readHex(`${begin} c6 ${alike}`)).toEqual([[9, 0x01020304, 1, a + alike]]);
  });

  it("reads a short last chunk without it, and the chunk that follows", () => {
    const begin = `06 ffffff 000082 09 01000000 01020304 ${a}`;
    // 2 bytes of payload that look like the timestamp's first ones, then another chunk stream.
    expect(readHex(`${begin} c6 0102 04 000000 000001 08 01000000 cc`)).toEqual([
      [9, 0x01020304, 1, `${a}0102`],
      [8, 0, 1, "cc"],
    ]);
  });

  it("takes the delta, and the timestamp too, for a repetition after types 1 and 2", () => {
    const begin = `06 000010 0000c8 09 01000000 ${a} c6 ${b} 86 ffffff 01000000 ${a}`;
    for (const extended of ["01000000", "01000010", ""]) {
      expect(readHex(`${begin} c6 ${extended} ${b}`)).toEqual([
        [9, 0x10, 1, a + b],
        [9, 0x1000010, 1, a + b],
      ]);
    }
  });

  it("does not take a small wrapped timestamp in the payload for a repetition", () => {
    // 0xff000010 plus 0x01000000 is 0x10, and the payload happens to begin with 00000010.
    const payload = `00000010${repeat("bb", 68)}`;
    const begin = `06 ffffff 0000c8 09 01000000 ff000010 ${a} c6 ff000010 ${b} 86 ffffff 01000000 ${a}`;
    expect(readHex(`${begin} c6 ${payload}`)[1]).toEqual([9, 0x10, 1, a + payload]);
  });

  it("reads a message that type 3 starts after an extended timestamp", () => {
    // After type 0 the repeated field is the timestamp, after type 2 the delta.
    expect(readHex("06 ffffff 000001 09 01000000 01000000 aa c6 01000000 bb c6 01000017 cc")).toEqual([
      [9, 0x1000000, 1, "aa"],
      [9, 0x1000000, 1, "bb"],
      [9, 0x1000017, 1, "cc"],
    ]);
    expect(readHex("06 000000 000001 09 01000000 aa 86 ffffff 01000000 bb c6 01000000 cc")).toEqual([
      [9, 0, 1, "aa"],
      [9, 0x1000000, 1, "bb"],
      [9, 0x2000000, 1, "cc"],
    ]);
  });
});

describe("ChunkReader: control messages", () => {
  it("changes the chunk size in the middle of a message", () => {
    const begin = `06 000001 00012c 09 01000000 ${repeat("aa", 128)}`;
    expect(
      readHex(
        `${begin} ${chunk(64)} c6 ${repeat("bb", 64)} c6 ${repeat("cc", 64)} ${chunk(1000)} c6 ${repeat("dd", 44)}`,
      ),
    ).toEqual([[9, 1, 1, repeat("aa", 128) + repeat("bb", 64) + repeat("cc", 64) + repeat("dd", 44)]]);
  });

  it("takes chunk sizes from 1 up, and refuses 0 and the top bit", () => {
    expect(readHex(`${chunk(1)} 06 000001 000003 09 01000000 aa c6 bb c6 cc`)).toEqual([[9, 1, 1, "aabbcc"]]);
    expect(failure(() => readHex(chunk(0)))).toBe("malformed");
    expect(failure(() => readHex(chunk(0x80001000)))).toBe("malformed");
    expect(failure(() => readHex("02 000000 000003 01 00000000 000080"))).toBe("truncated");
    const reader = new ChunkReader(() => {});
    reader.push(fromHex(chunk(0x7fffffff)));
    expect(reader.chunkSize).toBe(0xffffff);
  });

  it("reads interleaved messages", () => {
    expect(
      readHex(
        `06 000001 0000c8 09 01000000 ${repeat("aa", 128)} 04 000002 000082 08 01000000 ${repeat("11", 128)} c6 ${repeat("bb", 72)} c4 2222`,
      ),
    ).toEqual([
      [9, 1, 1, repeat("aa", 128) + repeat("bb", 72)],
      [8, 2, 1, `${repeat("11", 128)}2222`],
    ]);
  });

  it("forgets a message that is aborted, and only that", () => {
    const begin = `06 000001 0000c8 09 01000000 ${repeat("aa", 128)} 04 000002 000082 08 01000000 ${repeat("11", 128)}`;
    const abort = "02 000000 000004 02 00000000 00000006";
    expect(readHex(`${begin} ${abort} 06 000009 000001 09 01000000 cc c4 2222`)).toEqual([
      [9, 9, 1, "cc"],
      [8, 2, 1, `${repeat("11", 128)}2222`],
    ]);
    expect(readHex("02 000000 000004 02 00000000 00000099")).toEqual([]);
  });
});

describe("ChunkReader: memory", () => {
  it("limits a message's length", () => {
    expect(failure(() => readHex("06 000001 000065 09 01000000", { maxMessageLength: 100 }))).toBe("limit");
    expect(failure(() => readHex("06 000001 000064 09 01000000", { maxMessageLength: 100 }))).toBe("none");
  });

  it("costs next to nothing to declare 16 MiB and send one byte", () => {
    const reader = new ChunkReader(() => {});
    reader.push(fromHex("06 000001 ffffff 09 01000000 aa"));
    expect(reader.partialBytes).toBeLessThanOrEqual(4096);
  });

  it("limits what unfinished messages take together, and gives it back", () => {
    const limits = { maxPartialBytes: 10_000 };
    const begin = (id: string, length: string): string =>
      `${id} 000001 ${length} 09 01000000 ${repeat("aa", 128)}`;
    const two = `${begin("06", "ffffff")} ${begin("07", "ffffff")}`;
    expect(failure(() => read([fromHex(two)], limits))).toBe("none");
    expect(failure(() => read([fromHex(`${two} ${begin("08", "ffffff")}`)], limits))).toBe("limit");
    const abort = "02 000000 000004 02 00000000 00000006";
    expect(failure(() => read([fromHex(`${two} ${abort} ${begin("08", "ffffff")}`)], limits))).toBe("none");
  });

  it("hands out a message that lies in the slice as a view of it", () => {
    const slice = fromHex("06 000001 000003 09 01000000 aabbcc");
    let body: Uint8Array | undefined;
    new ChunkReader((_type, _timestamp, _streamId, view) => {
      body = view;
    }).push(slice);
    expect(body?.buffer).toBe(slice.buffer);
  });
});

describe("ChunkReader and writeMessage", () => {
  const message = fc.record({
    chunkStreamId: fc.constantFrom(2, 3, 63, 64, 319, 320, 65_599),
    type: fc.constantFrom(8, 9, 18, 20),
    timestamp: fc.oneof(fc.nat(), fc.constantFrom(0xfffffe, 0xffffff, 0x1000000, 2 ** 31, 2 ** 32 - 1)),
    streamId: fc.constantFrom(0, 1, 0xff000001),
    body: fc.uint8Array({ maxLength: 600 }),
  });

  it("agree for any messages, chunk size and slicing", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.constantFrom(1, 7, 128, 4096),
        fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 30 }),
        (messages, chunkSize, cuts) => {
          const out = new ByteWriter();
          writeMessage(out, 2, 1, 0, 0, fromHex(chunkSize.toString(16).padStart(8, "0")));
          for (const m of messages) {
            writeMessage(out, m.chunkStreamId, m.type, m.timestamp, m.streamId, m.body, chunkSize);
          }
          const bytes = out.finish();
          expect(read(slice(bytes, cuts))).toEqual(
            messages.map((m) => [m.type, m.timestamp, m.streamId, toHex(m.body)]),
          );
        },
      ),
      { seed: 20_240_103, numRuns: 300 },
    );
  });

  it("reads damaged chunks alike for any slicing", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
        fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 30 }),
        (messages, damages, cuts) => {
          const out = new ByteWriter();
          for (const m of messages)
            writeMessage(out, m.chunkStreamId, m.type, m.timestamp, m.streamId, m.body, 128);
          const bytes = out.finish();
          for (const [at, value] of damages) bytes[at % bytes.length] = value;
          expect(outcome(slice(bytes, cuts))).toEqual(outcome([bytes]));
        },
      ),
      { seed: 20_240_104, numRuns: 500 },
    );
  });
});

function outcome(slices: readonly Uint8Array[]): { seen: Seen[]; failure: string } {
  const seen: Seen[] = [];
  const reader = new ChunkReader((type, timestamp, streamId, body) => {
    seen.push([type, timestamp, streamId, toHex(body)]);
  });
  return {
    seen,
    failure: failure(() => {
      for (const part of slices) reader.push(part);
    }),
  };
}

/** The bytes in slices of the given lengths, over and over. */
function slice(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const slices: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths.every((l) => l === 0) ? 1 : (lengths[i % lengths.length] as number);
    slices.push(bytes.slice(at, at + length));
    at += length;
  }
  return slices.length === 0 ? [concatBytes([])] : slices;
}

function hex24(value: number): string {
  return value.toString(16).padStart(6, "0");
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../bytes/bytes.js";
import { MediaError } from "../../model/error.js";
import { readAggregate } from "./aggregate.js";

function read(hex: string, timestamp: number): [number, number, string][] {
  const seen: [number, number, string][] = [];
  readAggregate(fromHex(hex), timestamp, (type, at, body) => seen.push([type, at, toHex(body)]));
  return seen;
}

describe("readAggregate", () => {
  const tags = "09 000002 0003e8 00 000000 aabb 0000000d  08 000001 0003f2 00 000000 cc 0000000c";

  it("counts timestamps from the first one's, which stands for the aggregate's", () => {
    expect(read(tags, 5000)).toEqual([
      [9, 5000, "aabb"],
      [8, 5010, "cc"],
    ]);
  });

  it("puts the high byte of a timestamp last, and wraps", () => {
    expect(
      read("09 000001 fffffe 7f 000000 aa 0000000c 08 000001 000001 80 000000 bb 0000000c", 2 ** 32 - 2),
    ).toEqual([
      [9, 2 ** 32 - 2, "aa"],
      [8, 1, "bb"],
    ]);
  });

  it("tolerates that the last size is missing", () => {
    expect(read("09 000002 000000 00 000000 aabb", 7)).toEqual([[9, 7, "aabb"]]);
  });

  it("leaves out what is no audio, video or data", () => {
    expect(read("16 000001 000000 00 000000 aa 0000000c 14 000001 000000 00 000000 aa 0000000c", 7)).toEqual(
      [],
    );
    expect(read("", 7)).toEqual([]);
  });

  it("refuses a tag that is cut off", () => {
    for (const hex of ["09", "09 000003 000000 00 000000 aabb", "09 000001 000000 00 000000 aa 0000"]) {
      expect(() => read(hex, 0)).toThrow(MediaError);
    }
  });
});

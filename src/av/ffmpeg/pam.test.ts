import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPictures } from "./pam.js";

const size = fc.integer({ min: 1, max: 5 });
const picture = fc.tuple(size, size).chain(([width, height]) =>
  fc.record({
    width: fc.constant(width),
    height: fc.constant(height),
    data: fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 }),
  }),
);

function write({ width, height, data }: { width: number; height: number; data: Uint8Array }): Uint8Array {
  const header = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
  return Buffer.concat([Buffer.from(header), data]);
}

async function* sliced(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < places.length; i++) yield bytes.subarray(places[i - 1], places[i]);
}

async function all(source: AsyncIterable<Uint8Array>) {
  const found = [];
  for await (const each of readPictures(source)) found.push(each);
  return found;
}

describe("FFmpeg's pictures", () => {
  it("are the same however their bytes are sliced", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(picture, { maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (made, cuts) => {
          const bytes = Buffer.concat(made.map(write));
          expect(await all(sliced(bytes, cuts))).toEqual(made);
        },
      ),
    );
  });

  it("that are cut off, or none, are an error and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (noise) => {
        await expect(all(sliced(noise, [7]))).rejects.toMatchObject({ name: "AvError", code: "failed" });
      }),
    );
    const whole = write({ width: 2, height: 1, data: new Uint8Array(8) });
    for (let length = 1; length < whole.length; length++) {
      await expect(all(sliced(whole.subarray(0, length), []))).rejects.toMatchObject({ code: "failed" });
    }
  });

  it("have a bound, so that a header cannot ask for all memory", async () => {
    for (const [width, height] of [
      [70_000, 1_000],
      [1e9, 1e9],
      [-1, -1],
      [0, 1],
      [Number.NaN, 1],
    ] as const) {
      const header = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
      await expect(all(sliced(Buffer.from(header), []))).rejects.toMatchObject({ code: "failed" });
    }
  });
});

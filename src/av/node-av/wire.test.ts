import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createPictureReader,
  encodeJob,
  type Picture,
  pictureHead,
  readJob,
  readOutcome,
  readPictures,
  readProgress,
  WIRE_VERSION,
  WireError,
} from "./wire.js";

const picture: fc.Arbitrary<Picture> = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    pts: fc.maxSafeInteger(),
  })
  .chain(({ width, height, pts }) =>
    fc
      .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
      .map((data) => ({ width, height, pts, data })),
  );

function bytesOf(pictures: readonly Picture[]): Uint8Array {
  return Buffer.concat(pictures.flatMap((each) => [pictureHead(each), each.data]));
}

/** Slices at the given places, in any order, some of them empty. */
async function* sliced(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    yield bytes.slice(from, cut);
    from = cut;
  }
}

function readAll(bytes: Uint8Array): Picture[] {
  const reader = createPictureReader();
  const found = [...reader.push(bytes)];
  reader.end();
  return found;
}

describe("pictures", () => {
  it("come out as they went in, however they are sliced", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(picture, { maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        async (pictures, cuts) => {
          const found: Picture[] = [];
          for await (const each of readPictures(sliced(bytesOf(pictures), cuts))) found.push(each);
          expect(found).toEqual(pictures);
        },
      ),
    );
  });

  it("are refused when the stream ends inside one", () => {
    fc.assert(
      fc.property(picture, fc.nat(), (one, at) => {
        const bytes = bytesOf([one]);
        expect(() => readAll(bytes.slice(0, 1 + (at % (bytes.length - 1))))).toThrow(WireError);
      }),
    );
  });

  it("are refused or read, whatever bytes come", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          for (const { width, height, data } of readAll(bytes)) expect(data.length).toBe(width * height * 4);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  it("are refused when they promise more than anybody shows, before anything is kept for them", () => {
    const head = pictureHead({ width: 65_535, height: 65_535, pts: 0, data: new Uint8Array() });
    expect(() => [...createPictureReader().push(head)]).toThrow("is refused");
    const empty = pictureHead({ width: 0, height: 9, pts: 0, data: new Uint8Array() });
    expect(() => [...createPictureReader().push(empty)]).toThrow("is refused");
  });

  it("are refused when they contradict themselves", () => {
    const one = { width: 2, height: 2, pts: 1, data: new Uint8Array(16) };
    expect(() => readAll(bytesOf([{ ...one, width: 3 }]))).toThrow("contradicts");
    expect(() => readAll(bytesOf([{ ...one, pts: 0.5 }]))).toThrow("whole microseconds");
    expect(() => readAll(bytesOf([{ ...one, pts: Number.NaN }]))).toThrow("whole microseconds");
  });
});

describe("a job", () => {
  /** Reads from bytes as from a descriptor, and tells how far it came. */
  function reading(bytes: Uint8Array): { read(count: number): Uint8Array; at(): number } {
    let at = 0;
    return {
      read(count) {
        if (at + count > bytes.length) throw new RangeError("no more");
        at += count;
        return bytes.slice(at - count, at);
      },
      at: () => at,
    };
  }

  it("is read, and not a byte of what follows", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array(), (body, after) => {
        const job = encodeJob(body);
        const from = reading(Buffer.concat([job, after]));
        expect(readJob(from.read)).toEqual(JSON.parse(JSON.stringify({ ...body, v: WIRE_VERSION })));
        expect(from.at()).toBe(job.length);
      }),
    );
  });

  it("of another version, too long, or no JSON is refused", () => {
    const of = (text: string): Uint8Array => {
      const bytes = Buffer.alloc(4 + text.length);
      bytes.writeUInt32BE(text.length);
      bytes.write(text, 4);
      return bytes;
    };
    expect(() => readJob(reading(of('{"v":2}')).read)).toThrow("version 2");
    expect(() => readJob(reading(of("[]")).read)).toThrow("not JSON");
    expect(() => readJob(reading(of("{")).read)).toThrow("not JSON");
    expect(() => readJob(reading(Buffer.from([255, 255, 255, 255])).read)).toThrow("too long");
    expect(() => encodeJob({ text: "x".repeat(5_000_000) })).toThrow("too long");
  });
});

describe("an outcome", () => {
  it("is the last line of what the process said", () => {
    const words =
      '[mov @ 0x5] moov atom not found\n{"t":"failure","code":"corrupt","message":"a.mp4: cut off"}\n';
    expect(readOutcome(words)).toEqual({ t: "failure", code: "corrupt", message: "a.mp4: cut off" });
    expect(readOutcome('{"t":"done","durationUs":5,"bytes":7}')).toEqual({
      t: "done",
      durationUs: 5,
      bytes: 7,
    });
    expect(readOutcome(`{"t":"failure","code":"aborted","message":"${"x".repeat(9_000)}"}`)).toEqual({
      t: "failure",
      code: "failed",
      message: "x".repeat(2_000),
    });
  });

  it("is not there when the process died, whatever it said before", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readOutcome(text)).toBeUndefined();
      }),
    );
    expect(readOutcome('{"t":"done"}\nSegmentation fault')).toBeUndefined();
    expect(readOutcome('{"t":"else"}')).toBeUndefined();
    expect(readOutcome('{"t":"done","durationUs":-1,"bytes":1.5}')).toEqual({
      t: "done",
      durationUs: 0,
      bytes: 0,
    });
  });
});

describe("a line of progress", () => {
  it("has the time, and what else is known", () => {
    expect(readProgress('{"timeUs":5,"frames":2}')).toEqual({ timeUs: 5, frames: 2, bytes: undefined });
    expect(readProgress('{"timeUs":-5}')).toBeUndefined();
    expect(readProgress("frame=5")).toBeUndefined();
    expect(readProgress("null")).toBeUndefined();
  });
});

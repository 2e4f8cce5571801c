import {
  createPictureReader,
  pictureHead,
  readJob,
  readOutcome,
  readProgress,
  WireError,
} from "../../src/av/node-av/wire.js";
import { concatBytes } from "../../src/media/bytes/bytes.js";
import type { FuzzTarget } from "../target.js";

const OUTCOME = '{"t":"failure","code":"corrupt","message":"clip.mp4: cut off"}';

/** What a process with node-av in it may send, after a hostile file has taken it over. */
export const target: FuzzTarget = {
  name: "node-av",
  cases(random) {
    const pictures = Array.from({ length: 1 + random.int(4) }, () => {
      const [width, height] = [1 + random.int(8), 1 + random.int(8)];
      const data = random.bytes(width * height * 4);
      return concatBytes([pictureHead({ width, height, pts: random.int(1_000_000), data }), data]);
    });
    const text = new TextEncoder().encode(`${random.int(9)} words\n${OUTCOME}\n`);
    const bytes = random.chance(0.2) ? text : concatBytes(pictures);
    return random.chance(0.2) ? bytes : random.mutate(bytes);
  },
  run(bytes, random) {
    allowWireError(() => {
      const reader = createPictureReader();
      for (const slice of random.slices(bytes)) {
        for (const { width, height, pts, data } of reader.push(slice)) {
          if (data.length !== width * height * 4) throw new Error("a picture of another size than it says");
          if (!Number.isSafeInteger(pts)) throw new Error("a picture at no time");
        }
      }
      reader.end();
    });
    allowWireError(() => {
      let at = 0;
      readJob((count) => {
        if (at + count > bytes.length) throw new WireError("no more", true);
        at += count;
        return bytes.slice(at - count, at);
      });
    });
    const said = new TextDecoder("latin1").decode(bytes);
    const outcome = readOutcome(said);
    if (outcome?.t === "failure" && outcome.message.length > 2_000) throw new Error("too long a message");
    readProgress(said);
  },
};

function allowWireError(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
}

import { concatBytes } from "../../src/media/bytes/bytes.js";
import { ByteQueue } from "../../src/media/bytes/queue.js";
import { CLIENT_KEYS, SERVER_KEYS, signBlock } from "../../src/media/wire/rtmp/digest.js";
import { createClientHandshake, createServerHandshake } from "../../src/media/wire/rtmp/handshake.js";
import { testCrypto } from "../support/rtmp.js";
import type { FuzzTarget } from "../target.js";
import { allowMediaError } from "../target.js";

const crypto = testCrypto(1);

export const target: FuzzTarget = {
  name: "rtmp-handshake",
  cases(random) {
    const block = random.bytes(1536);
    if (random.chance(0.7)) {
      signBlock(block, random.pick([0, 1]), random.pick([CLIENT_KEYS, SERVER_KEYS]), crypto);
    }
    const version = random.chance(0.9) ? 3 : random.int(256);
    const bytes = concatBytes([
      Uint8Array.of(version),
      block,
      random.bytes(1536),
      random.bytes(random.int(20)),
    ]);
    return random.chance(0.5) ? random.mutate(bytes) : bytes;
  },
  run(bytes, random) {
    const digest = random.pick([undefined, 0, 1] as const);
    const ends = [
      createServerHandshake(crypto),
      createClientHandshake(digest === undefined ? { crypto } : { crypto, digest }),
    ];
    for (const end of ends) {
      allowMediaError(() => {
        end.start();
        const queue = new ByteQueue();
        for (const slice of random.slices(bytes)) {
          queue.push(slice);
          end.advance(queue);
          queue.keep();
        }
        if (end.done !== bytes.length >= 3073) throw new Error("done at the wrong time");
        if (end.done && queue.length !== bytes.length - 3073)
          throw new Error("took bytes that follow the handshake");
      });
    }
  },
};

import { createHmac } from "node:crypto";
import { concatBytes } from "../../src/media/bytes/bytes.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import type { AmfValue } from "../../src/media/format/amf/value.js";
import { ChunkReader } from "../../src/media/wire/rtmp/chunk-reader.js";
import { writeMessage } from "../../src/media/wire/rtmp/chunk-writer.js";
import type { Command } from "../../src/media/wire/rtmp/command.js";
import { encodeCommand, readCommand } from "../../src/media/wire/rtmp/command.js";
import type { RtmpCrypto } from "../../src/media/wire/rtmp/digest.js";
import { chunkStreamOf, INITIAL_CHUNK_SIZE, SET_CHUNK_SIZE } from "../../src/media/wire/rtmp/message.js";

/** Real HMACs, and random bytes that are the same in every run. */
export function testCrypto(seed: number): RtmpCrypto {
  let state = seed;
  return {
    hmacSha256: (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest()),
    random: (length) => {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        bytes[i] = state >>> 16;
      }
      return bytes;
    },
  };
}

/** C0, C1 and C2 (or S0, S1 and S2) of an end that does not care. */
export const SIMPLE_HANDSHAKE: Uint8Array = concatBytes([Uint8Array.of(3), new Uint8Array(2 * 1536)]);

/** Writes messages as a peer does that keeps the first chunk size, unless it says otherwise. */
export class TestPeer {
  readonly #out = new ByteWriter();
  #chunkSize = INITIAL_CHUNK_SIZE;

  message(type: number, streamId: number, body: Uint8Array, timestamp = 0): this {
    writeMessage(this.#out, chunkStreamOf(type), type, timestamp, streamId, body, this.#chunkSize);
    return this;
  }

  command(
    streamId: number,
    name: string,
    transactionId: number,
    object: AmfValue,
    ...args: AmfValue[]
  ): this {
    return this.message(20, streamId, encodeCommand(name, transactionId, object, ...args));
  }

  chunkSize(size: number): this {
    const body = new ByteWriter(4);
    body.u32(size);
    this.message(SET_CHUNK_SIZE, 0, body.finish());
    this.#chunkSize = size;
    return this;
  }

  finish(): Uint8Array {
    return this.#out.finish();
  }
}

/** What a machine sent after its handshake. */
export interface SentMessage {
  readonly type: number;
  readonly timestamp: number;
  readonly streamId: number;
  readonly body: Uint8Array;
  /** Of type 20 only. */
  readonly command?: Command;
}

/** Reads what a machine sends, of which the first bytes are its handshake. */
export class SentReader {
  #handshakeLeft: number;
  #messages: SentMessage[] = [];
  readonly #chunks = new ChunkReader((type, timestamp, streamId, view) => {
    const body = view.slice();
    const message = { type, timestamp, streamId, body };
    this.#messages.push(type === 20 ? { ...message, command: readCommand(type, body) } : message);
  });

  constructor(handshakeLength: number) {
    this.#handshakeLeft = handshakeLength;
  }

  push(bytes: Uint8Array): void {
    const skipped = Math.min(this.#handshakeLeft, bytes.length);
    this.#handshakeLeft -= skipped;
    this.#chunks.push(bytes.subarray(skipped));
  }

  /** The messages since the last call. */
  take(): SentMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}

import { ByteWriter } from "../../src/media/bytes/writer.js";
import { createTagDecoder } from "../../src/media/format/flv/tag-decoder.js";
import {
  compositionTimeOf,
  tagTimestamp,
  tagTypeOf,
  writeConfigBody,
  writePacketBody,
} from "../../src/media/format/flv/tag-encoder.js";
import { ChunkReader } from "../../src/media/wire/rtmp/chunk-reader.js";
import { writeMessage } from "../../src/media/wire/rtmp/chunk-writer.js";
import { createRtmpClientConnection } from "../../src/media/wire/rtmp/client.js";
import { chunkStreamOf, SET_CHUNK_SIZE } from "../../src/media/wire/rtmp/message.js";
import { createRtmpServerConnection } from "../../src/media/wire/rtmp/server.js";
import type { RtmpRequest } from "../../src/media/wire/rtmp/server-request.js";
import { NODE_CRYPTO } from "../../src/server/protocol/rtmp/crypto.js";
import type { Clip } from "../clip.js";
import type { MicroBenches } from "./bench.js";

/** What OBS sends with. */
const CHUNK_SIZE = 4096;
const SLICE_BYTES = 16 * 1024;

interface Message {
  readonly type: number;
  readonly timestamp: number;
  readonly body: Uint8Array;
}

export const rtmpBenches: MicroBenches = (clip) => {
  const messages = messagesOf(clip);
  const chunks = chunksOf(messages);
  return [
    {
      name: "RTMP chunks to messages, slices of 16 KiB",
      count: clip.packets.length,
      unit: "packet",
      run() {
        const reader = new ChunkReader(() => {});
        for (let at = 0; at < chunks.length; at += SLICE_BYTES)
          reader.push(chunks.subarray(at, at + SLICE_BYTES));
      },
    },
    {
      name: "RTMP publish, from bytes to packets",
      count: clip.packets.length,
      unit: "packet",
      run: createPublication(messages),
    },
  ];
};

function messagesOf({ tracks, packets }: Clip): readonly Message[] {
  const out = new ByteWriter();
  const configs = tracks.flatMap((track) =>
    writeConfigBody(track, "standard", out)
      ? [{ type: tagTypeOf(track), timestamp: 0, body: out.finish() }]
      : [],
  );
  const media = packets.map((packet) => {
    writePacketBody(packet, compositionTimeOf(packet, 0), "standard", out);
    return { type: tagTypeOf(packet.track), timestamp: tagTimestamp(packet.dts, 0), body: out.finish() };
  });
  return [...configs, ...media];
}

function chunksOf(messages: readonly Message[]): Uint8Array {
  const out = new ByteWriter();
  writeMessage(
    out,
    chunkStreamOf(SET_CHUNK_SIZE),
    SET_CHUNK_SIZE,
    0,
    0,
    Uint8Array.of(0, 0, CHUNK_SIZE >> 8, 0),
  );
  for (const { type, timestamp, body } of messages) {
    writeMessage(out, chunkStreamOf(type), type, timestamp, 1, body, CHUNK_SIZE);
  }
  return out.finish();
}

/** Our client publishes to our server, in memory; then what it sent is received again by every call. */
function createPublication(messages: readonly Message[]): () => void {
  const decoder = createTagDecoder({ track() {}, packet() {} });
  const toServer: Uint8Array[] = [];
  let toClient: Uint8Array[] = [];
  let waiting: RtmpRequest | undefined;
  const server = createRtmpServerConnection(
    { crypto: NODE_CRYPTO },
    {
      send: (bytes) => toClient.push(bytes),
      publish(request) {
        waiting = request;
      },
      play() {},
      media: (type, timestamp, body, _streamId, receivedAt) =>
        decoder.decode(type, timestamp, body, receivedAt),
      stopped() {},
    },
  );
  const client = createRtmpClientConnection(
    { crypto: NODE_CRYPTO, mode: "publish", tcUrl: "rtmp://localhost/live", app: "live", name: "bench" },
    {
      send: (bytes) => toServer.push(bytes),
      ready() {},
      media() {},
      failed({ description }) {
        throw new Error(`our server refused our client: ${description}`);
      },
    },
  );

  client.start();
  while (toServer.length + toClient.length > 0) {
    for (const bytes of toServer.splice(0)) server.push(bytes, 0);
    waiting?.accept();
    waiting = undefined;
    for (const bytes of toClient.splice(0)) client.push(bytes, 0);
  }
  for (const { type, timestamp, body } of messages) client.sendMedia(type, timestamp, body);
  return () => {
    for (const bytes of toServer) server.push(bytes, 0);
    toClient = [];
  };
}

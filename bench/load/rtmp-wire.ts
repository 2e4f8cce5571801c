import { ByteWriter } from "../../src/media/bytes/writer.js";
import { writeMessage } from "../../src/media/wire/rtmp/chunk-writer.js";
import { createRtmpClientConnection } from "../../src/media/wire/rtmp/client.js";
import { ACKNOWLEDGEMENT, CONTROL_CHUNK_STREAM } from "../../src/media/wire/rtmp/message.js";
import { NODE_CRYPTO } from "../../src/server/protocol/rtmp/crypto.js";
import { parseRtmpUrl } from "../../src/server/protocol/rtmp/url.js";
import type { Wire, WireInit } from "./wire.js";

/** Servers may wait for word that this much has arrived; none that we know of asks for it more often. */
const ACKNOWLEDGE_BYTES = 1024 * 1024;

export interface RtmpWireInit extends WireInit {
  /** Takes the messages of the stream; absent for a viewer that only counts. */
  readonly message?: ((type: number, timestamp: number, body: Uint8Array) => void) | undefined;
}

/** An RTMP player. Who does not look into it only counts and acknowledges, once the stream is there. */
export function createRtmpWire({ url, send, message }: RtmpWireInit): Wire {
  const { tcUrl, app, streamName } = parseRtmpUrl(url.href);
  let playing = false;
  let bytesIn = 0;
  let acknowledged = 0;

  const client = createRtmpClientConnection(
    { crypto: NODE_CRYPTO, mode: "play", tcUrl, app, name: streamName },
    {
      send,
      ready() {
        playing = true;
      },
      media: (type, timestamp, body) => message?.(type, timestamp, body),
      failed({ reason, code, description }) {
        throw new Error(`the server refused or ended the stream: ${reason} ${code} ${description}`);
      },
    },
  );

  function acknowledge(): void {
    acknowledged = bytesIn;
    const sequence = new ByteWriter(4);
    sequence.u32(bytesIn % 2 ** 32);
    const out = new ByteWriter(16);
    writeMessage(out, CONTROL_CHUNK_STREAM, ACKNOWLEDGEMENT, 0, 0, sequence.finish());
    send(out.finish());
  }

  return {
    open: () => client.start(),
    push(slice) {
      bytesIn += slice.length;
      if (!playing || message !== undefined) client.push(slice, 0);
      else if (bytesIn - acknowledged > ACKNOWLEDGE_BYTES) acknowledge();
    },
    get playing() {
      return playing;
    },
  };
}

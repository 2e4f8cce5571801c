import type { Framing } from "../../hub/batch.js";

const CRLF: Uint8Array = Uint8Array.of(0x0d, 0x0a);
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * A Buffer of its own, not of Node's pool: a socket writes it as it is, while it would make a Buffer anew of a plain
 * Uint8Array for every viewer; and a cached batch keeps no pool alive.
 */
function allocate(length: number): Uint8Array {
  return Buffer.allocUnsafeSlow(length);
}

/** One batch as it is. */
export const UNFRAMED: Framing = { prefix: () => NOTHING, suffix: NOTHING, allocate };

/** One batch as one chunk of an HTTP/1.1 body (RFC 9112 section 7.1). Never for an empty batch: that chunk is the last. */
export const HTTP_CHUNK: Framing = {
  prefix(length) {
    const digits = length.toString(16);
    const bytes = new Uint8Array(digits.length + 2);
    for (let i = 0; i < digits.length; i++) bytes[i] = digits.charCodeAt(i);
    bytes.set(CRLF, digits.length);
    return bytes;
  },
  suffix: CRLF,
  allocate,
};

/** One batch as one unfragmented, unmasked binary message of a WebSocket server (RFC 6455 section 5.2). */
export const WEBSOCKET_BINARY: Framing = {
  prefix(length) {
    const FIN_BINARY = 0x82;
    if (length < 126) return Uint8Array.of(FIN_BINARY, length);
    if (length < 0x1_0000) return Uint8Array.of(FIN_BINARY, 126, length >>> 8, length & 0xff);
    const bytes = new Uint8Array(10);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, (FIN_BINARY << 8) | 127);
    view.setUint32(2, Math.floor(length / 0x1_0000_0000));
    view.setUint32(6, length >>> 0);
    return bytes;
  },
  suffix: NOTHING,
  allocate,
};

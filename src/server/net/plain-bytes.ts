/**
 * The same bytes without Buffer's methods: media/ copies what it keeps with `slice`, which in a Buffer copies nothing.
 * Every read from a socket or a file goes through here before it goes to media/.
 */
export function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

import type { ByteWriter } from "../../bytes/writer.js";

// Boxes are written in place: the size is left open, and set once the content is there (ISO/IEC 14496-12 section 4.2).

/** Opens a box of a four-character type; returns where it begins, for `endBox`. */
export function beginBox(out: ByteWriter, type: string): number {
  const at = out.length;
  out.u32(0);
  writeFourCc(out, type);
  return at;
}

/** Opens a FullBox: a box whose content begins with a version and 24 bits of flags. */
export function beginFullBox(out: ByteWriter, type: string, version: number, flags: number): number {
  const at = beginBox(out, type);
  out.u8(version);
  out.u24(flags);
  return at;
}

/** Closes the box that begins at `at`. */
export function endBox(out: ByteWriter, at: number): void {
  out.setU32(at, out.length - at);
}

export function writeFourCc(out: ByteWriter, code: string): void {
  out.u32(
    (code.charCodeAt(0) << 24) | (code.charCodeAt(1) << 16) | (code.charCodeAt(2) << 8) | code.charCodeAt(3),
  );
}

export function writeZeros(out: ByteWriter, count: number): void {
  for (let i = 0; i < count; i++) out.u8(0);
}

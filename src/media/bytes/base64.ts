import { MediaError } from "../model/error.js";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes in base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += digit(group >> 18) + digit(group >> 12);
    text += (left > 1 ? digit(group >> 6) : "=") + (left > 2 ? digit(group) : "=");
  }
  return text;
}

/**
 * The bytes that base64 stands for. Padding may be missing, as many devices leave it out.
 *
 * @throws MediaError `malformed` for anything that is no base64
 */
export function fromBase64(text: string): Uint8Array {
  const digits = text.replace(/={0,2}$/, "");
  if (digits.length % 4 === 1) throw new MediaError("malformed", `base64 of ${digits.length} digits`);
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (const char of digits) {
    const value = DIGITS.indexOf(char);
    if (value < 0) throw new MediaError("malformed", "base64 with a character that is none of its digits");
    pending = (pending << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = pending >> bits;
    pending &= (1 << bits) - 1;
  }
  return bytes;
}

function digit(group: number): string {
  return DIGITS[group & 63] as string;
}

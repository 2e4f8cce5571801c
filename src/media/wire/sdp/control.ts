import { MediaError } from "../../model/error.js";

const ABSOLUTE = /^rtsps?:\/\//i;
const MAX_LENGTH = 2048;

/**
 * The address that an `a=control` stands for (RFC 2326 section C.1.1).
 *
 * A relative one is appended to the base, after a slash: by the letter of RFC 1808 it would replace the base's last
 * part, but what servers mean, and what other clients send, is this. It comes after a query too.
 *
 * @param base what the relative ones are relative to: see `baseUrl`
 * @param control undefined and `*` stand for the base itself
 * @throws MediaError `malformed` for what cannot stand in a request line
 */
export function controlUrl(base: string, control: string | undefined): string {
  if (control === undefined || control === "" || control === "*") return checked(base);
  if (ABSOLUTE.test(control)) return checked(control);
  const path = control.replace(/^\/+/, "");
  return checked(base.endsWith("/") ? `${base}${path}` : `${base}/${path}`);
}

/**
 * What a description's addresses are relative to: `Content-Base`, else `Content-Location`, else the address that was
 * asked for.
 */
export function baseUrl(
  asked: string,
  contentBase: string | undefined,
  contentLocation: string | undefined,
): string {
  for (const given of [contentBase, contentLocation]) {
    // Devices behind a router write their own idea of an address there, or a path alone.
    if (given !== undefined && ABSOLUTE.test(given.trim())) return checked(given.trim());
  }
  return asked;
}

/** Nothing in it may end a request line, or begin another part of it. */
function checked(url: string): string {
  if (url.length > MAX_LENGTH) throw new MediaError("limit", `an address of ${url.length} characters`);
  for (let i = 0; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) throw new MediaError("malformed", "an address with blanks in it");
  }
  return url;
}

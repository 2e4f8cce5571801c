import { randomBytes } from "node:crypto";

/** 12 characters that nobody guesses: they are what a report of a viewer's player is believed by. */
const BYTES = 9;

/**
 * Makes session ids.
 *
 * @param process which of several processes it is, from 0 to 255: their ids tell it, so that a report that comes to
 * another one finds its way
 */
export function sessionIds(process: number | undefined): () => string {
  return () => {
    const bytes = randomBytes(BYTES);
    if (process !== undefined) bytes[0] = process;
    return bytes.toString("base64url");
  };
}

/** Which of several processes made an id; undefined where it is none. */
export function processOf(id: string): number | undefined {
  const bytes = Buffer.from(id, "base64url");
  return bytes.length === BYTES ? bytes[0] : undefined;
}

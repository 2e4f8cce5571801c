import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AvError, abortedError } from "./error.js";
import { explainFileError } from "./open.js";

/** A name beside `file`, on the same file system, that nobody takes for the finished one. */
export function partName(file: string): string {
  const { dir, base } = path.parse(file);
  // The name's own end stays short: a file system takes 255 bytes.
  return path.join(dir, `.${base.slice(0, 64)}.${randomBytes(6).toString("hex")}.part`);
}

/**
 * Writes a file whole or not at all: what was there before stays until the new one is complete.
 *
 * @throws AvError
 */
export async function writeWhole(file: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  const part = partName(file);
  try {
    await writeFile(part, bytes, { flag: "wx", ...(signal ? { signal } : {}) });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    if (signal?.aborted) throw abortedError(signal);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explainFileError(error, file);
    throw new AvError("not-found", `${file}: there is no such folder`, { cause: error });
  }
}

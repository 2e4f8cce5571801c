import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { AvError } from "./error.js";
import { type Source, sourceName } from "./source.js";

/**
 * Looks whether a file is one that can be read, before an engine is started for it: what the system says is clearer
 * than what FFmpeg makes of it. A pipe with a name (FIFO) is let through; limits see to those that never answer.
 *
 * @throws AvError `not-found`, `denied`, `not-media`, `unsupported`
 */
export async function requireReadable(source: Source): Promise<void> {
  if (source.kind !== "file") return;
  const name = sourceName(source);
  try {
    const found = await stat(source.path);
    if (found.isDirectory()) throw new AvError("not-media", `${name}: it is a folder, not a file`);
    if (!found.isFile() && !found.isFIFO()) {
      throw new AvError("unsupported", `${name}: it is a device or a socket, not a file`);
    }
    if (found.isFile() && found.size === 0) throw new AvError("not-media", `${name}: the file is empty`);
    await access(source.path, constants.R_OK);
  } catch (error) {
    throw error instanceof AvError ? error : explainFileError(error, name);
  }
}

/** What the file system says, as an error of ours. */
export function explainFileError(error: unknown, name: string): AvError {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new AvError("not-found", `${name}: there is no such file`, { cause: error });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new AvError("denied", `${name}: no permission`, { cause: error });
    case "ENOSPC":
      return new AvError("failed", `${name}: the disk is full`, { cause: error });
    case "EISDIR":
      return new AvError("not-media", `${name}: it is a folder, not a file`, { cause: error });
    default:
      return new AvError("failed", `${name}: ${message}`, { cause: error });
  }
}

import { rmSync, type Stats } from "node:fs";
import { chmod, link, open, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { AvError } from "./error.js";
import { explainFileError } from "./open.js";
import type { Source } from "./source.js";
import { partName } from "./whole-file.js";

export interface OutputFileInit {
  readonly output: string;
  /** Whether a file that is there is replaced; else it is refused. */
  readonly overwrite: boolean;
  /** None of them may be the output. */
  readonly sources: readonly Source[];
}

/**
 * Has a file written under another name in the same folder, and gives it its own once it is whole: a file that was there
 * before is as it was until then, and for good where the work fails or is cancelled. Nothing is left of what failed.
 *
 * A link is kept, and what it points to is replaced. A file that is replaced keeps its permissions.
 *
 * @param write the work; it is given the name to write to, an empty file that is there
 * @throws AvError `exists`, `denied`, `not-found` (its folder), `unsupported` (no file; an input itself), `failed`
 */
export async function replaceWhole<T>(
  init: OutputFileInit,
  write: (temporary: string) => Promise<T>,
): Promise<T> {
  const { target, before } = await checkOutput(init);
  const temporary = partName(target);
  const remove = (): void => rmSync(temporary, { force: true });
  // A second Ctrl+C waits for nothing, and leaves nothing.
  process.once("exit", remove);
  try {
    await create(temporary, init.output);
    const result = await write(temporary);
    await flush(temporary, init.output);
    if (before !== undefined) await chmod(temporary, before.mode & 0o777);
    await name(temporary, target, init);
    return result;
  } finally {
    await rm(temporary, { force: true });
    process.off("exit", remove);
  }
}

/** What can be refused before any work is done. `replaceWhole` asks again. */
export async function checkOutput(
  init: OutputFileInit,
): Promise<{ target: string; before: Stats | undefined }> {
  const { output, overwrite, sources } = init;
  const target = await realpath(output).catch(() => path.resolve(output));
  const before = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw fileError(error, output);
  });
  for (const source of sources) {
    if (source.kind !== "file") continue;
    if ((await realpath(source.path).catch(() => undefined)) === target)
      throw new AvError("unsupported", `${output}: this is the input; write to another name`);
  }
  if (before?.isDirectory())
    throw new AvError("unsupported", `${output}: this is a folder; name a file in it`);
  if (before !== undefined && !before.isFile())
    throw new AvError("unsupported", `${output}: this is no file`);
  if (before !== undefined && !overwrite) throw existing(output);
  return { target, before };
}

async function create(temporary: string, output: string): Promise<void> {
  try {
    await (await open(temporary, "wx")).close();
  } catch (error) {
    throw fileError(error as NodeJS.ErrnoException, output);
  }
}

/** On the disk before it has the name: a name that survives a power cut must not stand for half a file. */
async function flush(temporary: string, output: string): Promise<void> {
  const file = await open(temporary, "r+");
  try {
    await file.sync();
    if ((await file.stat()).size === 0) throw new AvError("failed", `${output}: nothing was written`);
  } finally {
    await file.close();
  }
}

async function name(temporary: string, target: string, { output, overwrite }: OutputFileInit): Promise<void> {
  try {
    // A link is made only where nothing is: a file that has come in the meantime is not replaced.
    if (overwrite) await rename(temporary, target);
    else await link(temporary, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw existing(output);
    if (overwrite) throw fileError(error as NodeJS.ErrnoException, output);
    // No links on this file system.
    if (await stat(target).catch(() => undefined)) throw existing(output);
    await rename(temporary, target).catch((error: NodeJS.ErrnoException) => {
      throw fileError(error, output);
    });
  }
}

function existing(output: string): AvError {
  return new AvError("exists", `${output}: there is such a file already; overwrite (--force) replaces it`);
}

function fileError(error: NodeJS.ErrnoException, output: string): AvError {
  if (error.code !== "ENOENT" && error.code !== "ENOTDIR") return explainFileError(error, output);
  return new AvError("not-found", `${output}: there is no such folder`, { cause: error });
}

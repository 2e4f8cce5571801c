import { createReadStream } from "node:fs";
import { CommandError } from "./terminal.js";

/** Opens a file or an http(s) address from its beginning; each call opens it anew. */
export function openSource(source: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return /^https?:\/\//i.test(source) ? download(source, signal) : readFile(source, signal);
}

async function* readFile(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const slice of createReadStream(path, { signal })) {
      yield slice as Uint8Array;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new CommandError(`${path}: there is no such file`);
    if (code === "EISDIR") throw new CommandError(`${path} is a folder, not a file`);
    if (code === "EACCES") throw new CommandError(`${path}: no permission to read it`);
    if (code !== undefined && code !== "ABORT_ERR") throw new CommandError(`${path}: ${message}`);
    throw error;
  }
}

async function* download(url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const cause = (error as Error).cause;
    throw new CommandError(`${url}: ${cause instanceof Error ? cause.message : (error as Error).message}`);
  }
  if (!response.ok || response.body === null) {
    const hint = response.status === 404 ? "; is anyone publishing there?" : "";
    throw new CommandError(`${url}: the server answered ${response.status} ${response.statusText}${hint}`);
  }
  try {
    for await (const slice of response.body) yield slice;
  } catch (error) {
    if (signal.aborted) throw error;
    throw new CommandError(`${url}: the connection broke: ${(error as Error).message}`);
  }
}

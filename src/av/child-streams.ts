import type { Readable, Writable } from "node:stream";

const STDERR_BYTES = 16 * 1024;
const LINE_BYTES = 64 * 1024;

/** Settles when more may come; at once where it takes nothing any more. */
export function writeTo(stdin: Writable | null, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (stdin === null || stdin.destroyed || stdin.writableEnded) resolve();
    else stdin.write(bytes, () => resolve());
  });
}

/** The end of what it said. */
export function tail(stream: Readable): { text(): string; readonly closed: Promise<void> } {
  let kept = Buffer.alloc(0);
  stream.on("data", (bytes: Buffer) => {
    kept = Buffer.concat([kept, bytes]).subarray(-STDERR_BYTES);
  });
  stream.on("error", () => {});
  return {
    text: () => kept.toString("utf8"),
    closed: new Promise((resolve) => void stream.once("close", () => resolve())),
  };
}

/** Calls back with each line, without its end; of a longer one the first 64 KiB. Settles when there are no more. */
export function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("error", () => {});
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = (lines.pop() ?? "").slice(0, LINE_BYTES);
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  });
  return new Promise((resolve) => void stream.once("close", () => resolve()));
}

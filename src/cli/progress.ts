import type { ReplaySink } from "../server/protocol/file/replay.js";
import type { Terminal } from "./terminal.js";

const INTERVAL_MS = 500;

/** A line that tells how far a replay has come, where a person watches. */
export interface Progress {
  /** The sink, with each packet counted. */
  around(sink: ReplaySink): ReplaySink;
  /** Takes the line away, for a message to stand in its place. */
  clear(): void;
  end(): void;
  summary(): string;
}

/** @param bytesOut bytes sent so far */
export function createProgress(terminal: Terminal, bytesOut: () => number): Progress {
  let micros = 0;
  let lastBytes = 0;
  let lastAt = performance.now();
  let shown = false;

  function show(): void {
    const now = performance.now();
    const mbits = ((bytesOut() - lastBytes) * 8) / ((now - lastAt) * 1000);
    lastBytes = bytesOut();
    lastAt = now;
    terminal.err(`\r${clock(micros)}  ${mbits.toFixed(2)} Mbit/s  ${megabytes(lastBytes)}\x1b[K`);
    shown = true;
  }
  function clear(): void {
    if (shown) terminal.err("\r\x1b[K");
    shown = false;
  }
  const timer = terminal.progress ? setInterval(show, INTERVAL_MS) : undefined;

  return {
    around: (sink) => ({
      ...sink,
      write(packet) {
        micros = Math.max(micros, packet.dts);
        sink.write(packet);
      },
    }),
    clear,
    end() {
      clearInterval(timer);
      clear();
    },
    summary: () => `Published ${clock(micros)} of media, ${megabytes(bytesOut())}.`,
  };
}

function clock(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

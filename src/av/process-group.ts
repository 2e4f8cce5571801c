import { accessSync, constants, readFileSync } from "node:fs";
import path from "node:path";

const GONE_EVERY_MS = 5;
/** A process that nobody reaps (a container without an init) stays in the group for ever: it does nothing any more. */
const GONE_WITHIN_MS = 1_000;
const PAGE_BYTES = 4096;

/** Sends a signal to a process and whatever it started. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // Gone.
  }
}

/** Groups that end with this process; one listener for all, for a process has few places for listeners. */
const living = new Set<number>();
const endAll = (): void => {
  for (const pid of living) killGroup(pid, "SIGKILL");
};

/** Has a process and whatever it started end when this process exits; returns what stops that. */
export function endWithUs(pid: number | undefined): () => void {
  if (pid === undefined) return () => {};
  if (living.size === 0) process.once("exit", endAll);
  living.add(pid);
  return () => {
    living.delete(pid);
    if (living.size === 0) process.off("exit", endAll);
  };
}

/** Settles when a process group has no member left. */
export async function untilGroupGone(pid: number | undefined): Promise<void> {
  if (pid === undefined || process.platform === "win32") return;
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (isThere(pid) && performance.now() < deadline) {
    await new Promise((resolve) => void setTimeout(resolve, GONE_EVERY_MS));
  }
}

/** Resident memory of a process, bytes; 0 where that is not known. */
export function residentBytes(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return 0;
  try {
    // proc(5): the second figure of statm, in pages. They are 4 KiB on what we run on but for some arm64 kernels.
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

let setpriv: string | null | undefined;

/**
 * A program that runs another so that the kernel ends it with us; null where there is none. Looked up once: it does not
 * come and go.
 */
export function setprivPath(): string | null {
  if (setpriv !== undefined) return setpriv;
  const folders = ["/usr/bin", "/bin", ...(process.env.PATH ?? "").split(path.delimiter)];
  const files = folders.map((folder) => path.join(folder, "setpriv"));
  setpriv = process.platform === "linux" ? (files.find(isExecutable) ?? null) : null;
  return setpriv;
}

/** Whether there is such a program. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

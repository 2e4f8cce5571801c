import { EXIT_FAILURE } from "./terminal.js";

/** Ctrl+C under npm comes twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;

/** The first SIGINT or SIGTERM asks for an orderly end; the second does not wait for it. */
export function onStopSignal(stop: () => void): () => void {
  let askedAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (askedAt !== undefined && now - askedAt > SAME_SIGNAL_MS) process.exit(EXIT_FAILURE);
    if (askedAt !== undefined) return;
    askedAt = now;
    stop();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
}

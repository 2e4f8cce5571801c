import { EXIT_FAILURE } from "./terminal.js";

/** The first SIGINT or SIGTERM asks for an orderly end; the second does not wait for it. */
export function onStopSignal(stop: () => void): () => void {
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(EXIT_FAILURE);
    asked = true;
    stop();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
}

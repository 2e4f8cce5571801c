/** What a command may touch of the process it runs in: all of it an argument, so that tests can stand in for it. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a person watches: a line that changes is of use. */
  readonly progress: boolean;
  /** Calls back at the first SIGINT or SIGTERM; returns what stops that. */
  onStop(stop: () => void): () => void;
}

/** Exit codes: what a script can rely on. */
export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

/** An end that is explained in one or a few lines, without a stack. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILURE, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

import { run } from "../../src/cli/run.js";

/** What one command line did. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function runCommand(...argv: string[]): Promise<Outcome> {
  let out = "";
  let err = "";
  const code = await run(argv, {
    out(text) {
      out += text;
    },
    err(text) {
      err += text;
    },
    env: {},
    progress: false,
    onStop: () => () => {},
  });
  return { code, out, err };
}

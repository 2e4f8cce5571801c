const STEP_MS = 5;

/** Settles once the condition holds. A test that waits for what never comes ends with its own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
}

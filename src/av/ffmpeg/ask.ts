import { runChild } from "../process.js";

/** What one of FFmpeg's programs says of itself on its output, and its exit code. @throws AvError */
export async function ask(
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<{ readonly text: string; readonly code: number | null }> {
  const child = runChild({
    name: command,
    command,
    args: [...args],
    // Shared by all who want to know: no one caller's signal ends it.
    signal: new AbortController().signal,
    timeoutMs,
    stallTimeoutMs: 0,
    memoryBytes: 0,
  });
  let text = "";
  for await (const bytes of child.stdout) text += Buffer.from(bytes).toString("latin1");
  const { code } = await child.done;
  return { text, code };
}

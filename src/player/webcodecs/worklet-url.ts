/** The address of the worklet beside the player. Bundlers know this very expression. */
export function workletUrl(): string {
  return new URL("../worklet.js", import.meta.url).href;
}

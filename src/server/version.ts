import { readFileSync } from "node:fs";

/** The package's version: its package.json lies two folders up, from the sources as from what is built. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

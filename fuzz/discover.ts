import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FuzzTarget } from "./target.js";

/** `.ts` under vitest, `.js` once translated by scripts/run-ts.mjs. */
export const EXTENSION: string = extname(import.meta.url);
const FOLDER = fileURLToPath(new URL("./targets/", import.meta.url));

/** The names of all targets: the files in `fuzz/targets/`. */
export function targetNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort();
}

export async function loadTarget(name: string): Promise<FuzzTarget> {
  const module = (await import(pathToFileURL(`${FOLDER}${name}${EXTENSION}`).href)) as {
    target?: FuzzTarget;
  };
  if (module.target === undefined) throw new TypeError(`fuzz/targets/${name}.ts exports no "target"`);
  if (module.target.name !== name) {
    throw new TypeError(`fuzz/targets/${name}.ts names its target "${module.target.name}"`);
  }
  return module.target;
}

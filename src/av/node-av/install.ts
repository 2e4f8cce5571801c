import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** A node-av that is there. Whether it can be loaded on this machine is known once it has been. */
export interface Installation {
  /** The file that `node-av/lib` is. */
  readonly library: string;
  /** Of node-av itself: `6.1.1`. */
  readonly packageVersion: string;
}

const LIBRARY = "node-av/lib";

/**
 * Where node-av is looked for: beside this package, as an optional peer dependency is installed; where the program
 * that was started is, for a Sluice that is linked into it; and in NODE_PATH, which Node itself adds to both.
 *
 * The working directory is not asked: who runs `sluice probe` in a folder of downloads must not run a program that came
 * with them.
 */
export function places(
  own: string = import.meta.url,
  program: string | undefined = process.argv[1],
): string[] {
  return [own, ...(program === undefined ? [] : [pathToFileURL(path.resolve(program)).href])];
}

/** Looks without loading: the native library never comes into this process. */
export function findInstallation(from: readonly string[] = places()): Installation | undefined {
  for (const place of from) {
    try {
      const library = createRequire(place).resolve(LIBRARY);
      return { library, packageVersion: versionOf(library) };
    } catch {
      // It is not there, or no version that has what we use.
    }
  }
  return undefined;
}

/** The `version` of the package that a file belongs to. */
function versionOf(file: string): string {
  for (let folder = path.dirname(file); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const { name, version } = manifest(folder);
    if (name === "node-av") return String(version);
  }
  return "unknown";
}

function manifest(folder: string): { readonly name?: unknown; readonly version?: unknown } {
  try {
    return JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
  } catch {
    return {};
  }
}

import { readdirSync } from "node:fs";
import path from "node:path";

/** All files under `folder` (empty if there is none) that `keep` says yes to, sorted, with `/` between parts. */
export function filesUnder(folder, keep) {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.posix.join(entry.parentPath.split(path.sep).join("/"), entry.name))
    .filter(keep)
    .sort();
}

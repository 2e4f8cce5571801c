import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type * as Server from "../../src/server/index.js";

/** The server as it is installed: its worker processes run built files. @throws Error when nothing has been built */
export async function builtServer(): Promise<typeof Server> {
  const file = path.resolve("dist/server/index.js");
  if (!existsSync(file)) throw new Error("dist/ is missing: run `npm run build` first");
  return (await import(pathToFileURL(file).href)) as typeof Server;
}

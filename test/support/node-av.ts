import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run } from "./program.js";

const VERSION = "6.1.1";
const PLATFORM = `@seydx/node-av-${process.platform}-${process.arch}`;

/** Where node-av is for the programs that try it: outside node_modules, because it is 200 MB that nobody else needs. */
export const NODE_AV_FOLDER = path.resolve(".cache/node-av");

/** Installs it on first use, without its install scripts: they would download an FFmpeg program from elsewhere. */
export async function installNodeAv(): Promise<void> {
  if (existsSync(path.join(NODE_AV_FOLDER, "node_modules", PLATFORM))) return;
  console.log(`installing node-av ${VERSION} into .cache/node-av`);
  mkdirSync(NODE_AV_FOLDER, { recursive: true });
  writeFileSync(path.join(NODE_AV_FOLDER, "package.json"), '{ "private": true }\n');
  const packages = [`node-av@${VERSION}`, `${PLATFORM}@${VERSION}`];
  const flags = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", "--prefix", NODE_AV_FOLDER, ...flags, ...packages]).output;
}

import { spawnSync } from "node:child_process";
import { installNodeAv } from "../support/node-av.js";

/**
 * npm run interop:node-av: both engines are put to the same tests. It installs node-av on first use: 170 MB, which is why
 * this is not part of `npm test`.
 */

await installNodeAv();
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/node-av/vitest.config.ts"];
const { status } = spawnSync(process.execPath, [...vitest, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = status ?? 1;

import { execFileSync } from "node:child_process";

/** Who runs a test file by hand need not think of building first; `npm test` has. @throws Error when the build fails */
export function setup(): void {
  if (process.env.TEST_BUILT !== undefined) return;
  execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: ["ignore", "ignore", "inherit"] });
}

import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { chooseEngine } from "../../src/av/engine.js";
import { createNodeAvEngine } from "../../src/av/node-av/engine.js";
import { loadedVersion } from "../../src/av/node-av/find.js";
import { findInstallation } from "../../src/av/node-av/install.js";
import type { Launcher } from "../../src/av/node-av/job-process.js";
import { describeEngine } from "../support/av-contract.js";
import { NODE_AV_FOLDER } from "../support/node-av.js";

const installation = findInstallation([pathToFileURL(path.join(NODE_AV_FOLDER, "package.json")).href]);
if (installation === undefined)
  throw new Error("node-av is not installed: run this with npm run interop:node-av");
/** The process runs what is built. */
const launcher: Launcher = { installation, worker: path.resolve("dist/av/node-av/worker.js") };

it("is found where it is installed, and says which FFmpeg it has", async () => {
  expect(installation.packageVersion).toBe("6.1.1");
  expect(await loadedVersion(launcher)).toMatch(/^8\.1/);
});

// Both are asked the same.
describeEngine("FFmpeg's programs", () => chooseEngine({ engine: "ffmpeg" }));
describeEngine("node-av", async () =>
  // Nothing goes to FFmpeg's programs: what is tested is node-av.
  createNodeAvEngine({ launcher, version: (await loadedVersion(launcher)) ?? "", delegate: undefined }),
);

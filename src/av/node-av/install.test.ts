import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findInstallation, places } from "./install.js";

let folder = "";
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), "sluice-install-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A package of that name whose library must never be run. */
function install(at: string, exported: object = { "./lib": "./dist/lib/index.js" }): string {
  const root = path.join(folder, at, "node_modules/node-av");
  mkdirSync(path.join(root, "dist/lib"), { recursive: true });
  writeFileSync(path.join(root, "dist/lib/index.js"), "throw new Error('loaded');\n");
  writeFileSync(
    path.join(root, "package.json"),
    JSON.stringify({ name: "node-av", version: "6.1.7", type: "module", exports: exported }),
  );
  return path.join(root, "dist/lib/index.js");
}

const from = (...files: readonly string[]): string[] =>
  files.map((file) => pathToFileURL(path.join(folder, file)).href);

describe("node-av", () => {
  it("is found beside this package, and not loaded", () => {
    const library = install("app");
    const found = findInstallation(from("app/node_modules/sluice/dist/av/node-av/install.js"));
    expect(found).toEqual({ library, packageVersion: "6.1.7" });
  });

  it("is found where the program is, for a Sluice that is linked into it", () => {
    const library = install("app");
    const own = from("elsewhere/sluice/dist/av/node-av/install.js")[0] as string;
    expect(findInstallation(places(own, path.join(folder, "app/src/main.js")))?.library).toBe(library);
  });

  it("is not looked for in the working directory", () => {
    install("downloads");
    const before = process.cwd();
    const own = from("elsewhere/sluice/dist/av/node-av/install.js")[0] as string;
    try {
      process.chdir(path.join(folder, "downloads"));
      expect(findInstallation(places(own, path.join(folder, "elsewhere/bin/sluice")))).toBeUndefined();
    } finally {
      process.chdir(before);
    }
  });

  it("is not there where a version has nothing of what is used", () => {
    install("app", { ".": "./dist/index.js" });
    expect(findInstallation(from("app/main.js"))).toBeUndefined();
    expect(findInstallation([])).toBeUndefined();
  });
});

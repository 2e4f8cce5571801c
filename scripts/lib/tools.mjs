import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";

/** What the interop and browser tests run besides Node, and the Debian package each comes in. */
const TOOLS = {
  ffmpeg: "ffmpeg",
  ffprobe: "ffmpeg",
  chromium: "chromium",
  "firefox-esr": "firefox-esr",
  nginx: "nginx",
  flvmeta: "flvmeta",
  promtool: "prometheus",
  go: "golang-go",
  ss: "iproute2",
};

/** Debian keeps nginx where a user's PATH may not look. */
const PLACES = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin", "/usr/bin"];

/** Installs what is missing where that is possible. Returns what to tell the user, or undefined when all is there. */
export function ensureTools() {
  const missing = Object.keys(TOOLS).filter((tool) => !isInstalled(tool));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map((tool) => TOOLS[tool]))].join(" ");
  if (process.getuid?.() === 0 && isInstalled("apt-get")) {
    console.log(`installing ${packages}`);
    // RUNLEVEL=1: the packages' services (nginx, prometheus) are not started, its ports are not ours to take.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    spawnSync("apt-get", ["update", "-q"], { stdio: "inherit", env });
    const install = ["install", "-y", "-q", "--no-install-recommends", ...packages.split(" ")];
    spawnSync("apt-get", install, { stdio: "inherit", env });
    if (missing.every(isInstalled)) return undefined;
  }
  const still = missing.filter((tool) => !isInstalled(tool)).join(", ");
  return `the tests need ${still}. On Debian or Ubuntu: sudo apt-get install -y --no-install-recommends ${packages}`;
}

function isInstalled(tool) {
  return PLACES.some((place) => {
    try {
      accessSync(path.join(place, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

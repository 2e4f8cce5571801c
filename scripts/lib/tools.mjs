import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** What the interop and browser tests run besides Node, and the Debian package each comes in. */
const TOOLS = {
  ffmpeg: "ffmpeg",
  ffprobe: "ffmpeg",
  "chromium-headless-shell": "chromium-headless-shell",
  "firefox-esr": "firefox-esr",
  nginx: "nginx",
  flvmeta: "flvmeta",
  promtool: "prometheus",
  go: "golang-go",
  ss: "iproute2",
  "GStreamer's RTSP server": "gir1.2-gst-rtsp-server-1.0",
  "Python's GObject bindings": "python3-gi",
};

/** What is no program to be found by: a file in a folder of /usr/lib. */
const FILES = {
  "GStreamer's RTSP server": "girepository-1.0/GstRtspServer-1.0.typelib",
  "Python's GObject bindings": "dist-packages/gi/__init__.py",
};

const LIBRARIES = existsSync("/usr/lib") ? readdirSync("/usr/lib") : [];

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
  const file = FILES[tool];
  if (file !== undefined) return LIBRARIES.some((folder) => existsSync(path.join("/usr/lib", folder, file)));
  return PLACES.some((place) => {
    try {
      accessSync(path.join(place, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

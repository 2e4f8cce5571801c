// npm drops other platforms' packages from the lockfile in several situations (npm/cli#4828, npm/cli#9342), and
// `npm ci` then fails there. This adds what is missing: the version is the one its parent asks for, system and
// processor are in the name. Run it after an `npm install` that test/unit/lockfile.test.ts complains about.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = "package-lock.json";
const PLATFORM =
  /[/-](aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-([a-z0-9]+)(?:-([a-z]+))?$/;
const LIBC = { gnu: "glibc", musl: "musl" };

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const packages = lock.packages;

for (const [parent, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const place = `node_modules/${name}`;
    if (packages[place] !== undefined || packages[`${parent}/${place}`] !== undefined) continue;
    const match = PLATFORM.exec(name);
    if (match === null || !/^\d/.test(version))
      throw new Error(`cannot complete ${name}@${version} of ${parent}`);
    const [, os, cpu, abi] = match;
    packages[place] = {
      version,
      cpu: [cpu],
      ...(dev ? { dev } : {}),
      ...(LIBC[abi] === undefined ? {} : { libc: [LIBC[abi]] }),
      optional: true,
      os: [os],
    };
    console.log(`${name}@${version}`);
  }
}

const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en"));
writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, type } from "node:os";

/** Clock ticks a second in /proc, whatever the kernel's own rate is. */
const TICKS_PER_SECOND = 100;

/** Processor time that a process and its descendants have used, microseconds; NaN where there is no /proc. */
export interface CpuTime {
  readonly total: number;
  /** Outside the kernel. */
  readonly user: number;
}

export function cpuTime(pid: number): CpuTime {
  if (!existsSync("/proc/self/stat")) return { total: Number.NaN, user: Number.NaN };
  let [user, system] = [0, 0];
  for (const each of family(pid)) {
    // The second field is the program's name, which may hold anything. After it, utime and stime are 12 and 13.
    const stat = readFileSync(`/proc/${each}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    user += Number(fields[11]);
    system += Number(fields[12]);
  }
  const micros = 1e6 / TICKS_PER_SECOND;
  return { total: (user + system) * micros, user: user * micros };
}

/** Their resident memory, MiB; NaN where there is no /proc. */
export function residentMiB(pid: number): number {
  let kibibytes = 0;
  for (const each of family(pid)) {
    kibibytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${each}/status`, "latin1"))?.[1]);
  }
  return existsSync("/proc/self/stat") ? kibibytes / 1024 : Number.NaN;
}

function family(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return [];
  const children = readdirSync(tasks).flatMap((task) => {
    const text = readFileSync(`${tasks}/${task}/children`, "latin1").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  });
  return [pid, ...children.flatMap(family)];
}

/** What the figures were measured on, in one line. */
export function describeMachine(): string {
  const cores = cpus();
  const busy = loadavg().map((load) => load.toFixed(1));
  return [
    `${cores.length} × ${cores[0]?.model.trim() ?? "unknown processor"}`,
    `${type()} ${release()}`,
    `Node.js ${process.version}`,
    `load average ${busy.join(" ")}`,
  ].join(", ");
}

/** The version of what is measured: the package's, and the commit where there is one. */
export function sluiceVersion(): string {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  try {
    const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
    const changed = git("status", "--porcelain", "--", "src") === "" ? "" : ", changed";
    return `${version} (${git("rev-parse", "--short", "HEAD")}${changed})`;
  } catch {
    return version;
  }
}

/**
 * profile.ts FILE.cpuprofile [COUNT]: where a profiled process spent its time, by the functions' own time. Make one with
 * npm run bench -- --only sluice --rounds 1 --node-flags=--cpu-prof,--cpu-prof-dir=.cache/profiles
 */
import { readFileSync } from "node:fs";
import { markdownTable, show } from "./figures.js";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const [file, count = "30"] = process.argv.slice(2);
if (file === undefined) throw new TypeError("usage: profile.ts FILE.cpuprofile [COUNT]");
const profile = JSON.parse(readFileSync(file, "utf8")) as Profile;
const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));

const own = new Map<string, number>();
for (const [i, id] of profile.samples.entries()) {
  const name = describe(frames.get(id) as CallFrame);
  own.set(name, (own.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0));
}
const idle = own.get("(idle)") ?? 0;
own.delete("(idle)");
const total = [...own.values()].reduce((sum, micros) => sum + micros, 0);
const rows = [...own]
  .sort(([, a], [, b]) => b - a)
  .slice(0, Number(count))
  .map(([name, micros]) => [`\`${name}\``, `${show((100 * micros) / total)} %`, show(micros / 1000)]);
console.log(markdownTable(["own time of", "share", "ms"], rows));
console.log(`\n${show(total / 1e6)} s busy, ${show(idle / 1e6)} s idle.`);

function describe({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const place = url.replace(/^file:\/\/.*?\/((dist|src|node_modules|\.cache)\/.*)$/, "$1");
  return `${name} ${place}:${lineNumber + 1}`;
}

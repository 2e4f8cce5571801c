/** What single steps cost, without sockets. */
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { DEFAULT_CLIP, readClip } from "./clip.js";
import { markdownTable, show } from "./figures.js";
import { describeMachine } from "./machine.js";
import { abrBenches } from "./micro/abr.bench.js";
import { fanOutBenches } from "./micro/fan-out.bench.js";
import { flvBenches } from "./micro/flv.bench.js";
import { mp4Benches } from "./micro/mp4.bench.js";
import { rtmpBenches } from "./micro/rtmp.bench.js";

const { values } = parseArgs({
  options: {
    /** How long each is measured, milliseconds. */
    time: { type: "string", default: "1000" },
    clip: { type: "string", default: DEFAULT_CLIP },
  },
});

const clip = readClip(values.clip);
const benches = [flvBenches, rtmpBenches, mp4Benches, fanOutBenches, abrBenches].flatMap((make) =>
  make(clip),
);
const time = Number(values.time);
const bench = new Bench({ time, warmupTime: time / 2, warmupIterations: 1, iterations: 3, throws: true });
for (const { name, run } of benches) bench.add(name, run);
await bench.run();

const rows = benches.map(({ name, count, unit }) => {
  const result = bench.getTask(name)?.result;
  if (result?.state !== "completed") throw new Error(`${name}: ${result?.state ?? "not run"}`);
  const { p50, rme } = result.latency;
  const nanos = (p50 * 1e6) / count;
  return [name, show(1e9 / nanos), `${show(nanos)} per ${unit}`, `±${show(rme)} %`];
});
console.log(markdownTable(["", "per second", "ns", "spread of the mean"], rows));
console.log(`\n${describeMachine()}.`);

import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { EXTENSION, loadTarget, targetNames } from "./discover.js";
import { makeCase } from "./target.js";
import type { FuzzOrder, FuzzResult } from "./worker.js";

const USAGE = `npm run fuzz -- [options]

Feeds every parser in fuzz/targets/ with seeded, damaged input. A finding is an exception other than MediaError,
a case that takes longer than --hang-ms, or memory that stays. Findings print what reproduces them.

  --cases N      cases per target (default 100000)
  --target NAME  only this target (may be repeated)
  --seed N       the run's seed (default 1); the same seed gives the same cases
  --case N       run one case in this thread, with its full stack trace (needs --target)
  --hang-ms N    longest time for one case (default 5000)
  --help`;

/** Collections leave some noise (feedback vectors, code): growth counts above both of these. */
const GROWTH_BYTES = 2 * 1024 * 1024;
const GROWTH_SHARE = 0.05;

const options = parseArgs({
  options: {
    cases: { type: "string", default: "100000" },
    target: { type: "string", multiple: true },
    seed: { type: "string", default: "1" },
    case: { type: "string" },
    "hang-ms": { type: "string", default: "5000" },
    help: { type: "boolean", default: false },
  },
}).values;

interface Row {
  target: string;
  cases: number;
  "input MB": string;
  "cases/s": number;
  "memory KB": string;
  findings: number;
}

if (options.help) {
  console.log(USAGE);
} else if (options.case !== undefined) {
  await runOne(options.target?.[0], wholeNumber("seed", options.seed), wholeNumber("case", options.case));
} else {
  await runAll();
}

async function runAll(): Promise<void> {
  const seed = wholeNumber("seed", options.seed);
  const count = wholeNumber("cases", options.cases);
  const hangMs = wholeNumber("hang-ms", options["hang-ms"]);
  const all = targetNames();
  const names = options.target ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) fail(`--target: no "${unknown}"; there are: ${all.join(", ")}`);
  if (names.length === 0) fail("no targets in fuzz/targets/");

  const rows: Row[] = [];
  for (const name of names) rows.push(await runTarget(name, seed, count, hangMs));
  console.table(rows);
  const findings = rows.reduce((sum, row) => sum + row.findings, 0);
  console.log(`${rows.length} targets, ${count} cases each, seed ${seed}: ${findings} findings`);
  if (findings > 0) process.exitCode = 1;
}

async function runTarget(name: string, seed: number, count: number, hangMs: number): Promise<Row> {
  const begun = performance.now();
  const progress = new SharedArrayBuffer(4);
  const order: FuzzOrder = { name, seed, first: 0, count, progress };
  const outcome = await inWorker(order, hangMs);
  const seconds = (performance.now() - begun) / 1000;
  const row = { target: name, cases: count, "input MB": "", "cases/s": Math.round(count / seconds) };

  if (typeof outcome === "string") {
    const index = Atomics.load(new Int32Array(progress), 0);
    report(name, seed, index, outcome, await hexOfCase(name, seed, index));
    return { ...row, "memory KB": "", findings: 1 };
  }
  let findings = outcome.findings.length;
  for (const finding of outcome.findings) report(name, seed, finding.index, finding.error, finding.hex);
  const [early, late] = outcome.memory;
  const growth = late - early;
  if (growth > GROWTH_BYTES && growth > early * GROWTH_SHARE) {
    findings++;
    console.error(
      `\n${name}: memory grew by ${growth} bytes after the first tenth of the cases (seed ${seed})\n`,
    );
  }
  const kilobytes = Math.round(growth / 1024);
  return {
    ...row,
    "input MB": (outcome.bytes / 1e6).toFixed(1),
    "memory KB": kilobytes > 0 ? `+${kilobytes}` : `${kilobytes}`,
    findings,
  };
}

/** The worker's result, or why there is none. A thread, so that a case that never returns can be ended. */
function inWorker(order: FuzzOrder, hangMs: number): Promise<FuzzResult | string> {
  const worker = new Worker(new URL(`./worker${EXTENSION}`, import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const progress = new Int32Array(order.progress);
  let seen = -1;
  let since = performance.now();
  return new Promise((resolve) => {
    const watchdog = setInterval(() => {
      const index = Atomics.load(progress, 0);
      if (index !== seen) {
        seen = index;
        since = performance.now();
      } else if (performance.now() - since > hangMs) {
        finish(`case did not return within ${hangMs} ms`);
      }
    }, 100);
    let finished = false;
    const finish = (outcome: FuzzResult | string): void => {
      if (finished) return; // ending the thread emits "exit" once more
      finished = true;
      clearInterval(watchdog);
      worker.terminate().then(
        () => resolve(outcome),
        () => resolve(outcome),
      );
    };
    worker.once("message", (result: FuzzResult) => finish(result));
    worker.once("error", (error) => finish(error.stack ?? error.message));
    worker.once("exit", (code) => finish(`worker ended with code ${code}`));
  });
}

async function runOne(name: string | undefined, seed: number, index: number): Promise<void> {
  if (name === undefined) fail("--case needs --target");
  const target = await loadTarget(name);
  const { bytes, random } = makeCase(target, seed, index);
  console.log(Buffer.from(bytes).toString("hex"));
  target.run(bytes, random);
  console.log(`${name}: seed ${seed} case ${index} passed`);
}

async function hexOfCase(name: string, seed: number, index: number): Promise<string> {
  try {
    return Buffer.from(makeCase(await loadTarget(name), seed, index).bytes.subarray(0, 4096)).toString("hex");
  } catch (error) {
    return `(its input could not be made: ${error})`;
  }
}

function report(name: string, seed: number, index: number, error: string, hex: string): void {
  console.error(`\n${name}: ${error}`);
  console.error(`  reproduce: npm run fuzz -- --target ${name} --seed ${seed} --case ${index}`);
  console.error(`  input: ${hex}\n`);
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) fail(`--${option}: "${text}" is not a whole number`);
  return Number(text);
}

function fail(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}

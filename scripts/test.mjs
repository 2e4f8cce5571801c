// npm test: everything. `npm test -- unit lint` runs only the steps named.
// All steps run even when one fails; the last line is "N passed, N failed".
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { ensureTools } from "./lib/tools.mjs";

const OLDEST_NODE = [20, 19];
const RESULTS = ".cache/test-results";
/** More than these are no accident. */
const MOST_FILES_AGAIN = 5;
const minutes = 60_000;

const bin = (file, ...args) => ({ args: [`node_modules/${file}`, ...args] });

/**
 * In order; neighbours with the same `beside` run at the same time. `needsBuild`: what runs against dist/ says nothing
 * about the sources when the build failed.
 */
const STEPS = [
  { name: "preflight", title: "Node and the tools the tests need", run: preflight },
  { name: "types", title: "types: tsc -b", beside: "sources", ...bin("typescript/bin/tsc", "-b") },
  {
    name: "lint",
    title: "lint: biome ci",
    beside: "sources",
    ...bin("@biomejs/biome/bin/biome", "ci", "--error-on-warnings"),
  },
  { name: "build", title: "build", args: ["scripts/build.mjs"] },
  {
    name: "knip",
    title: "unused files, exports and dependencies: knip",
    beside: "built",
    ...bin("knip/bin/knip.js"),
  },
  {
    name: "publint",
    title: "package.json: publint",
    needsBuild: true,
    beside: "built",
    ...bin("publint/src/cli.js", "--strict"),
  },
  {
    name: "package",
    title: "the packed package",
    needsBuild: true,
    beside: "built",
    args: ["scripts/test-package.mjs"],
  },
  { name: "unit", title: "unit tests, fuzzing included", vitest: true, limit: 8 * minutes },
  {
    name: "interop",
    title: "interop tests",
    vitest: true,
    needsBuild: true,
    again: true,
    limit: 12 * minutes,
  },
  { name: "e2e", title: "browser tests", vitest: true, needsBuild: true, again: true, limit: 12 * minutes },
];

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !STEPS.some((step) => step.name === name));
if (unknown !== undefined) {
  console.error(`no step "${unknown}"; there are: ${STEPS.map((step) => step.name).join(", ")}`);
  process.exit(2);
}

const outcomes = [];
const steps = STEPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
for (let next = 0; next < steps.length; ) {
  const { beside } = steps[next];
  const others = steps.slice(next + 1).findIndex((step) => beside === undefined || step.beside !== beside);
  const group = steps.slice(next, others < 0 ? undefined : next + 1 + others);
  outcomes.push(...(await Promise.all(group.map(timed))));
  next += group.length;
}

const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failures.length, 0);
console.log("\n=== summary");
for (const { step, seconds, passed, failures, onlyAlone = [] } of outcomes) {
  const verdict = failures.length === 0 ? "ok    " : "FAILED";
  const counts = step.vitest ? `${passed} passed, ${failures.length} failed` : "";
  console.log(`${verdict} ${step.name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${counts}`.trimEnd());
  for (const failure of failures) console.log(`       - ${failure}`);
  for (const failure of onlyAlone) console.log(`       - passed only alone: ${failure}`);
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function timed(step) {
  // What runs beside others says what it has to say at its end.
  if (step.beside === undefined) console.log(`\n=== ${step.title}`);
  const begun = performance.now();
  const outcome = await runStep(step);
  const seconds = (performance.now() - begun) / 1000;
  if (step.beside !== undefined) console.log(`\n=== ${step.title}\n${outcome.said ?? ""}`.trimEnd());
  console.log(
    `--- ${step.name}: ${outcome.failures.length === 0 ? "ok" : "FAILED"} (${seconds.toFixed(1)} s)`,
  );
  return { step, seconds, ...outcome };
}

/** A step counts as one, a vitest step as its tests. */
async function runStep(step) {
  const build = outcomes.find((outcome) => outcome.step.name === "build");
  if (step.needsBuild && build !== undefined && build.failures.length > 0) {
    return { passed: 0, failures: [`${step.name}: not run, the build failed`] };
  }
  if (step.vitest) return runVitest(step);
  const said = [];
  const hear = step.beside === undefined ? undefined : (text) => said.push(text);
  const problem = step.run === undefined ? await runNode(step.args, step.limit, hear) : step.run();
  const outcome =
    problem === undefined
      ? { passed: 1, failures: [] }
      : { passed: 0, failures: [`${step.name}: ${problem}`] };
  return { ...outcome, said: said.join("") };
}

/**
 * Where tests start programs and browsers (`again`), what runs beside a test can be why it fails. A few files that fail
 * run once more, alone: what fails then is a failure; what passes then has passed, and is named.
 */
async function runVitest(step) {
  const first = await vitest(step);
  const failing = first.files.filter((file) => failuresOf(file).length > 0);
  if (!step.again || failing.length === 0 || failing.length > MOST_FILES_AGAIN) return outcomeOf(step, first);
  const paths = failing.map(({ path }) => path);
  console.log(`\n--- ${step.name}: once more, alone: ${paths.join(", ")}`);
  const alone = await vitest(step, "--no-file-parallelism", ...paths);
  const files = first.files.map((file) => alone.files.find(({ path }) => path === file.path) ?? file);
  const outcome = outcomeOf(step, { ...alone, files, errors: [...first.errors, ...alone.errors] });
  const again = new Set(files.flatMap(failuresOf).map(({ what }) => what));
  const onlyAlone = failing.flatMap(failuresOf).filter(({ what }) => !again.has(what));
  return { ...outcome, onlyAlone: onlyAlone.map(describe) };
}

async function vitest(step, ...args) {
  mkdirSync(RESULTS, { recursive: true });
  const file = `${RESULTS}/${step.name}.json`;
  rmSync(file, { force: true });
  process.env.TEST_RESULTS = file;
  process.env.TEST_BUILT = "yes";
  const reporters = ["--reporter=default", "--reporter=./scripts/lib/results-reporter.mjs"];
  const problem = await runNode(
    ["node_modules/vitest/vitest.mjs", "run", "--project", step.name, ...reporters, ...args],
    step.limit,
  );
  const results = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { files: [], errors: [] };
  return { ...results, problem };
}

function outcomeOf(step, { files, errors, problem }) {
  const passed = files.flatMap(({ tests }) => tests).filter(({ state }) => state === "passed").length;
  const failures = [...files, { path: step.name, tests: [], errors }].flatMap(failuresOf).map(describe);
  if (passed === 0 && failures.length === 0) failures.push(`${step.name}: ran no tests`);
  if (problem !== undefined && failures.length === 0) failures.push(`${step.name}: ${problem}`);
  return { passed, failures };
}

/** A skipped test proves nothing: only "passed" counts. */
function failuresOf({ path, tests, errors }) {
  const skippedOrFailed = tests.filter(({ state }) => state !== "passed");
  return [
    ...errors.map((message) => ({ what: `${path}: outside of its tests`, message })),
    ...skippedOrFailed.map(({ name, state, messages: [message] }) => ({
      what: `${path}: ${name} (${state})`,
      message,
    })),
  ];
}

function describe({ what, message }) {
  return `${what}${because(message)}`;
}

/** The summary is what is left of a run that was long ago, or far away: it says why, too. */
function because(message = "") {
  const text = stripVTControlCharacters(message).trim();
  const place = /(?:src|dist|test|fuzz|examples)\/[\w./-]+\.[jt]s:\d+/.exec(text)?.[0];
  const said = text.split("\n    at ")[0].replace(/\s+/g, " ").slice(0, 300);
  return said === "" ? "" : `\n         ${said}${place === undefined ? "" : ` (${place})`}`;
}

/**
 * Runs Node with these arguments. Returns what went wrong, or undefined.
 *
 * @param hear gets what it says, which the terminal gets otherwise
 */
function runNode(args, limit = 5 * minutes, hear = undefined) {
  // Its own process group: at the limit, everything a step has started ends with it.
  const stdio = hear === undefined ? "inherit" : ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, args, { stdio, detached: true });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", hear);
  const end = () => process.kill(-child.pid, "SIGKILL");
  const interrupted = () => {
    end();
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  return new Promise((resolve) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limit);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      if (late) resolve(`not done after ${limit / 1000} s`);
      else resolve(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`);
    });
  });
}

function preflight() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    return `Node ${OLDEST_NODE.join(".")} or later is needed, this is ${process.versions.node}`;
  }
  const problem = ensureTools();
  if (problem === undefined) console.log(`Node ${process.versions.node}; all tools are there`);
  else console.error(problem);
  return problem;
}

import { parentPort, workerData } from "node:worker_threads";
import { loadTarget } from "./discover.js";
import { makeCase } from "./target.js";

/** What run.ts asks of one worker thread. */
export interface FuzzOrder {
  readonly name: string;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  /** Int32 [index of the running case]: the parent's watchdog sees whether it moves. */
  readonly progress: SharedArrayBuffer;
}

export interface FuzzFinding {
  readonly index: number;
  readonly error: string;
  readonly hex: string;
}

export interface FuzzResult {
  readonly findings: readonly FuzzFinding[];
  readonly bytes: number;
  /** heapUsed + external after collections, at a tenth of the cases and at the end. */
  readonly memory: readonly [early: number, late: number];
}

const MOST_FINDINGS = 5;
const MOST_HEX = 4096;

const order = workerData as FuzzOrder;
const progress = new Int32Array(order.progress);
const target = await loadTarget(order.name);

// One finding per place in the code: the tenth input that hits the same line tells nothing new.
const findings = new Map<string, FuzzFinding>();
const tenth = order.first + Math.max(1, Math.floor(order.count / 10));
const end = order.first + order.count;
let bytesRun = 0;
let early = 0;

for (let index = order.first; index < end && findings.size < MOST_FINDINGS; index++) {
  Atomics.store(progress, 0, index);
  let bytes: Uint8Array = new Uint8Array(0);
  try {
    const made = makeCase(target, order.seed, index);
    bytes = made.bytes;
    bytesRun += bytes.length;
    target.run(bytes, made.random);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const place = text.split("\n").find((line) => line.trimStart().startsWith("at ")) ?? text;
    if (!findings.has(place)) {
      findings.set(place, { index, error: text.split("\n").slice(0, 6).join("\n"), hex: hexOf(bytes) });
    }
  }
  if (index + 1 === tenth) early = settledMemory();
}

const result: FuzzResult = {
  findings: [...findings.values()],
  bytes: bytesRun,
  memory: [early, settledMemory()],
};
parentPort?.postMessage(result);

function settledMemory(): number {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function hexOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.subarray(0, MOST_HEX)).toString("hex");
  return bytes.length > MOST_HEX ? `${hex}… (${bytes.length} bytes)` : hex;
}

/** What a server process holds, measured from within after forced collections. */
export interface Figures {
  /** heapUsed + external of `process.memoryUsage()`. */
  readonly memory: number;
  readonly heapUsed: number;
  readonly external: number;
  /** What keeps the event loop alive: sockets, servers, timers, pipes. */
  readonly handles: number;
  /** Open file descriptors; 0 where the system does not list them. */
  readonly descriptors: number;
  /** Listeners on the process, its sockets and its servers. */
  readonly listeners: number;
  /** Event emitters, abort signals and timers that can still be reached. */
  readonly emitters: number;
  readonly signals: number;
  readonly timers: number;
  /** Streams and viewers that the server knows. */
  readonly streams: number;
  readonly viewers: number;
}

/** How many of each the server has reported so far. */
export interface Counts {
  readonly publish: number;
  readonly unpublish: number;
  readonly play: number;
  readonly stop: number;
}

/** heapUsed + external may differ by this part: compiled code and V8's own tables come and go. */
const MEMORY_TOLERANCE = 0.05;

const MEMORY_KEYS: readonly (keyof Figures)[] = ["heapUsed", "external"];

/** Which figures have not come back to where they were, in words; empty when all have. */
export function compareFigures(before: Figures, after: Figures): string[] {
  const problems: string[] = [];
  const change = after.memory / before.memory - 1;
  if (change > MEMORY_TOLERANCE) problems.push(`memory has grown by ${percent(change)}`);
  for (const key of Object.keys(before) as (keyof Figures)[]) {
    if (key === "memory" || MEMORY_KEYS.includes(key)) continue;
    if (after[key] > before[key]) problems.push(`${key}: ${before[key]} before, ${after[key]} after`);
  }
  return problems;
}

/** Before and after, side by side. */
export function figuresTable(before: Figures, after: Figures): string {
  const rows = (Object.keys(before) as (keyof Figures)[]).map((key) => {
    const isBytes = key === "memory" || MEMORY_KEYS.includes(key);
    const show = (value: number): string => (isBytes ? `${(value / 1024).toFixed(0)} KiB` : String(value));
    const change = isBytes ? percent(after[key] / before[key] - 1) : String(after[key] - before[key]);
    return [key === "memory" ? "heapUsed + external" : key, show(before[key]), show(after[key]), change];
  });
  const table = [["", "before", "after", "change"], ...rows];
  return table
    .map(([name = "", ...cells]) => name.padEnd(22) + cells.map((cell) => cell.padStart(14)).join(""))
    .join("\n");
}

function percent(part: number): string {
  return `${part >= 0 ? "+" : ""}${(part * 100).toFixed(2)} %`;
}

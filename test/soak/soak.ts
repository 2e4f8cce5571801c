import { LEAVES, type Ports, publish, VIEWER_KINDS, view } from "./clients.js";
import { type Counts, compareFigures, type Figures } from "./figures.js";
import { startMeasuredServer } from "./measured-server.js";

export interface SoakInit {
  readonly viewers: number;
  readonly publishers: number;
  /** Connections at once. */
  readonly width: number;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

export interface SoakResult {
  readonly before: Figures;
  readonly after: Figures;
  /** How many the server says have come and gone, from the first measurement to the second. */
  readonly counts: Counts;
  /** What did not come back to where it was; empty when all did. */
  readonly problems: readonly string[];
}

/** Opens and closes viewers and publishers of every kind, in every manner, and compares what the server holds. */
export async function soak(init: SoakInit): Promise<SoakResult> {
  const server = await startMeasuredServer({ keepViewersMs: 200 });
  try {
    // The same once before: V8 goes on compiling for thousands of viewers, and what it compiles lies in the heap.
    await comeAndGo(server, { ...init, onProgress: undefined }, "warm-up");
    const before = await server.settle({ sockets: 0, viewers: 0 });
    const countedBefore = { ...(await server.ask("counts")) };
    await comeAndGo(server, init, "soak");
    const after = await server.settleAgain(before, { sockets: 0, viewers: 0 });
    const counts = subtract(await server.ask("counts"), countedBefore);
    await server.close();

    const problems = compareFigures(before, after);
    const expected = { publish: init.publishers, play: init.viewers };
    for (const [event, wanted] of Object.entries(expected) as ["publish" | "play", number][]) {
      if (counts[event] !== wanted) problems.push(`${event}: ${counts[event]} instead of ${wanted}`);
    }
    if (counts.unpublish !== counts.publish) problems.push(`${counts.unpublish} publishers have ended`);
    if (counts.stop !== counts.play) problems.push(`${counts.stop} viewers have ended`);
    return { before, after, counts, problems };
  } finally {
    server.kill();
  }
}

/** Every publisher has one viewer, who comes first; the other viewers watch the demo. */
async function comeAndGo(
  ports: Ports,
  { viewers, publishers, width, onProgress }: SoakInit,
  run: string,
): Promise<void> {
  const kindOf = (i: number) => VIEWER_KINDS[i % VIEWER_KINDS.length] as (typeof VIEWER_KINDS)[number];
  // Another step than the kinds', so that each kind leaves in each manner.
  const leaveOf = (i: number) =>
    LEAVES[Math.floor(i / VIEWER_KINDS.length) % LEAVES.length] as (typeof LEAVES)[number];
  const jobs: (() => Promise<unknown>)[] = [];
  const every = Math.floor(viewers / publishers);
  for (let i = 0; i < viewers; i++) {
    const published = i % every === 0 && i / every < publishers;
    const name = `${run}-${i}`;
    jobs.push(async () => {
      if (!published) return view(ports, kindOf(i), "demo", leaveOf(i));
      const watched = view(ports, kindOf(i / every), name, leaveOf(i));
      await Promise.all([watched, publish(ports, name, leaveOf(i / every + 1), watched)]);
    });
  }
  const total = jobs.length;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
      await job();
      done++;
      onProgress?.(done, total);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function subtract(a: Counts, b: Counts): Counts {
  return {
    publish: a.publish - b.publish,
    unpublish: a.unpublish - b.unpublish,
    play: a.play - b.play,
    stop: a.stop - b.stop,
  };
}

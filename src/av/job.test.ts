import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AvError } from "./error.js";
import { createJobDesk, type JobContext } from "./job.js";

interface Held {
  readonly context: JobContext;
  finish(): void;
}

/** Jobs that go on until they are told to finish, or are ended. */
function holding() {
  const held: Held[] = [];
  const work = (context: JobContext): Promise<string> =>
    new Promise((resolve, reject) => {
      held.push({ context, finish: () => resolve(context.id) });
      context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
    });
  return { held, work };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("a desk of jobs", () => {
  it("runs so many at once, lets so many wait, and refuses the rest", async () => {
    const desk = createJobDesk({ maxRunning: 1, maxWaiting: 1 });
    const { held, work } = holding();
    const first = desk.start("a", work);
    const second = desk.start("b", work);
    const third = desk.start("c", work);
    await expect(third.done).rejects.toMatchObject({
      code: "busy",
      message: /1 media jobs are running and 1/,
    });
    expect([held.length, desk.running, desk.waiting]).toEqual([1, 1, 1]);
    held[0]?.finish();
    expect(await first.done).toBe(first.id);
    await turn();
    expect([held.length, desk.running, desk.waiting]).toEqual([2, 1, 0]);
    held[1]?.finish();
    expect(await second.done).toBe(second.id);
    expect(desk.running).toBe(0);
  });

  it("ends one that waits, and one that runs", async () => {
    const desk = createJobDesk({ maxRunning: 1, maxWaiting: 5 });
    const { held, work } = holding();
    const stop = new AbortController();
    const running = desk.start("a", work);
    const waiting = desk.start("b", work, stop.signal);
    const next = desk.start("c", work);
    stop.abort();
    await expect(waiting.done).rejects.toMatchObject({ code: "aborted" });
    running.cancel();
    await expect(running.done).rejects.toMatchObject({ code: "aborted", message: "the a job was cancelled" });
    await turn();
    expect(held.map(({ context }) => context.id)).toEqual([running.id, next.id]);
    held[1]?.finish();
    await next.done;
  });

  it("tells progress and nothing after the end", async () => {
    const desk = createJobDesk({ maxRunning: 1, maxWaiting: 0 });
    const { held, work } = holding();
    const job = desk.start("a", work);
    await turn();
    const seen: number[] = [];
    job.onProgress(({ timeUs }) => seen.push(timeUs));
    const forget = job.onProgress(({ timeUs }) => seen.push(-timeUs));
    const at = (timeUs: number) => ({
      timeUs,
      totalUs: 10,
      frames: undefined,
      bytes: undefined,
      speed: undefined,
    });
    held[0]?.context.report(at(1));
    forget();
    held[0]?.context.report(at(2));
    held[0]?.finish();
    await job.done;
    held[0]?.context.report(at(3));
    expect(seen).toEqual([1, -1, 2]);
  });

  it("logs each job's beginning and end by its id", async () => {
    const lines: object[] = [];
    const log = { info: (fields: object, message: string) => void lines.push({ ...fields, message }) };
    const desk = createJobDesk({ maxRunning: 2, maxWaiting: 0, log });
    const good = desk.start("probe", async () => 1);
    await good.done;
    const bad = desk.start("remux", async () => {
      throw new AvError("corrupt", "broken");
    });
    await expect(bad.done).rejects.toThrow("broken");
    const ugly = desk.start("cut", async () => {
      throw new RangeError("a fault of ours");
    });
    await expect(ugly.done).rejects.toMatchObject({ name: "AvError", code: "failed" });
    expect(lines).toMatchObject([
      { media_job_id: good.id, kind: "probe", message: "media job started" },
      { media_job_id: good.id, kind: "probe", message: "media job done" },
      { media_job_id: bad.id, message: "media job started" },
      { media_job_id: bad.id, code: "corrupt", error: "broken", message: "media job failed" },
      { media_job_id: ugly.id },
      { media_job_id: ugly.id, code: "failed" },
    ]);
  });

  it("settles its close when nothing is left, and takes no more", async () => {
    const desk = createJobDesk({ maxRunning: 1, maxWaiting: 5 });
    const { work } = holding();
    const jobs = [desk.start("a", work), desk.start("b", work)];
    await turn();
    await desk.close();
    for (const job of jobs) await expect(job.done).rejects.toMatchObject({ code: "aborted" });
    await expect(desk.start("c", work).done).rejects.toMatchObject({ code: "aborted" });
    await expect(desk.enter("d")).rejects.toMatchObject({ code: "aborted" });
    expect([desk.running, desk.waiting]).toEqual([0, 0]);
    await desk.close();
  });

  it("never runs more than it may, whatever comes and goes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.constantFrom("start", "finish", "cancel"), { maxLength: 40 }),
        async (maxRunning, steps) => {
          const desk = createJobDesk({ maxRunning, maxWaiting: 4 });
          const { held, work } = holding();
          const jobs: ReturnType<typeof desk.start>[] = [];
          for (const step of steps) {
            if (step === "start") jobs.push(desk.start("x", work));
            else if (step === "finish") held.shift()?.finish();
            else jobs.shift()?.cancel();
            await turn();
            expect(desk.running).toBeLessThanOrEqual(maxRunning);
            expect(desk.waiting).toBeLessThanOrEqual(4);
            // A place stays empty only where nobody waits for it.
            expect(desk.running === maxRunning || desk.waiting === 0).toBe(true);
          }
          await desk.close();
          expect([desk.running, desk.waiting]).toEqual([0, 0]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

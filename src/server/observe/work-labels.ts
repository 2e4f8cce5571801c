import type { MediaTime, Work, WorkListener } from "../../hub/work.js";

/** The labels of a sample: what was being worked at, and the media time of what was in hand, microseconds. */
export type WorkLabels = Work & Partial<MediaTime>;

export interface WorkLabelsInit {
  /** Puts the labels of the samples from now on; undefined for none. */
  set(labels: WorkLabels | undefined): void;
  /** Whether samples are to have media times: that costs an object each time. */
  times(): boolean;
  /** Runs a task after the present callback of the event loop, in the order of the calls; `process.nextTick`. */
  afterCallback?(task: () => void): void;
}

interface Before {
  readonly labels: WorkLabels | undefined;
  /** Ticks were asked for that are to be told apart. */
  readonly ticks: boolean;
}

/**
 * Labels a profiler's samples with what is being worked at.
 *
 * On Node 20 a profiler's context is one slot for the whole thread, which nothing carries along to what happens later.
 * So it is set where the work begins and put back where that ends, within one turn: what waits for an answer, and
 * whatever nobody has claimed, has none. One thing later is worth its labels: for each write Node completes a request in
 * a tick of its own, and with many viewers that is a good part of handing out. Ticks run in the order in which they were
 * asked for, so one before them sets the label again, and one after them takes it away.
 */
export function createWorkLabels({
  set,
  times,
  afterCallback = (task) => process.nextTick(task),
}: WorkLabelsInit): WorkListener {
  let present: WorkLabels | undefined;

  return {
    enter(work: Work, time?: MediaTime) {
      const before: Before = { labels: present, ticks: work.stage === "fan-out" };
      present = work;
      if (time !== undefined && times()) {
        const { dts, pts } = time;
        present = pts === undefined ? { ...work, dts } : { ...work, dts, pts };
      }
      set(present);
      if (before.ticks) {
        const labels = present;
        afterCallback(() => set(labels));
      }
      return before;
    },
    leave(before) {
      const { labels, ticks } = before as Before;
      present = labels;
      set(labels);
      if (ticks) afterCallback(() => set(undefined));
    },
  };
}

/** Work of the server's own, as a label. @param stream empty where it is about none */
export function work(stage: string, protocol: string, stream = ""): Work {
  return { stage, protocol, stream };
}

import type { Scheduler } from "../../hub/scheduler.js";
import type { StreamInfo } from "../stream-info.js";
import type { Family } from "./family.js";
import { type OpsHandler, replyText } from "./ops-server.js";

export interface MetricsInit {
  readonly scheduler: Scheduler;
  readonly version: string;
  readonly maxStreams: number;
  /** The streams of all processes. */
  readonly streams: () => Promise<readonly StreamInfo[]>;
  /** What every process has counted. @param streams which have lines of their own */
  readonly gather: (streams: readonly string[]) => Promise<readonly (readonly Family[])[]>;
}

/** However many ask: so often it is gathered anew, microseconds. */
const FRESH_MICROS = 1_000_000;

/** `/metrics`, in Prometheus' text format. */
export function createMetrics(init: MetricsInit): OpsHandler {
  let last: { readonly at: number; readonly page: Promise<{ text: string; type: string }> } | undefined;

  async function gather(): Promise<{ text: string; type: string }> {
    // Loaded with the first scrape: who has no Prometheus has no use for it.
    const { AggregatorRegistry } = await import("prom-client");
    const gathered = await init.gather(mostWatched(await init.streams(), init.maxStreams));
    const build: Family = {
      name: "sluice_build_info",
      help: "Always 1; its labels say what is running.",
      type: "gauge",
      aggregator: "sum",
      values: [{ labels: { version: init.version, node: process.versions.node }, value: 1 }],
    };
    const processes: Family = {
      name: "sluice_processes",
      help: "Processes that told what they counted.",
      type: "gauge",
      aggregator: "sum",
      values: [{ labels: {}, value: gathered.length }],
    };
    const merged = AggregatorRegistry.aggregate([[build, processes], ...gathered.map((each) => [...each])]);
    return { text: await merged.metrics(), type: merged.contentType };
  }

  return async (_request, response) => {
    const now = init.scheduler.now();
    if (last === undefined || now - last.at >= FRESH_MICROS) last = { at: now, page: gather() };
    const { text, type } = await last.page;
    replyText(response, 200, text, type);
  };
}

/** Streams with the most viewers; of equal ones those that have been there for longer, so that they do not take turns. */
function mostWatched(streams: readonly StreamInfo[], count: number): readonly string[] {
  return [...streams]
    .sort((a, b) => b.viewers - a.viewers || a.since - b.since)
    .slice(0, count)
    .map(({ key }) => key);
}

import { type Family, family, type Sample } from "./family.js";

const MICROS = 1_000_000;
const startedAt = Date.now() / 1000 - process.uptime();

/** What this process takes, by the names that Prometheus' own clients have, and a label that says which it is. */
export function processFamilies(labels: Sample["labels"]): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const one = (value: number): readonly Sample[] => [{ labels, value }];
  return [
    family(
      "sluice_process_cpu_seconds_total",
      "counter",
      "Processor time, all threads.",
      one((user + system) / MICROS),
    ),
    family("sluice_process_resident_memory_bytes", "gauge", "Resident memory.", one(rss)),
    family("sluice_process_heap_used_bytes", "gauge", "JavaScript heap in use.", one(heapUsed)),
    family(
      "sluice_process_external_memory_bytes",
      "gauge",
      "Memory of buffers, media among it.",
      one(external),
    ),
    family(
      "sluice_process_start_time_seconds",
      "gauge",
      "When it began, since the Unix epoch.",
      one(startedAt),
    ),
  ];
}

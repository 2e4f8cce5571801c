/** One value of a family, in the shape in which prom-client merges and prints it. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it is not the family's: a histogram's `…_bucket`, `…_sum` and `…_count`. */
  readonly metricName?: string;
}

/** A metric with all its label sets. What several processes have of the same labels is added up. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly aggregator: "sum";
  readonly values: readonly Sample[];
}

export function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  values: readonly Sample[],
): Family {
  return { name, help, type, aggregator: "sum", values };
}

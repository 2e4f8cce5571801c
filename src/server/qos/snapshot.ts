import type { Cause, Source, Sourced, ViewerQuality } from "./viewer-quality.js";

/** Whose quality it is. */
export interface ViewerName {
  readonly session: string;
  readonly protocol: string;
  readonly app: string;
  readonly stream: string;
}

/** One viewer over the window. */
export interface ViewerRow extends ViewerName {
  readonly quality: ViewerQuality;
  /** The process that serves it, where there are several. */
  readonly worker?: string;
}

/** How viewers fare, in the form that `?format=json` has. What nobody knows is null. */
export interface QosSnapshot {
  /** When it was taken, microseconds since the Unix epoch. */
  readonly at: number;
  readonly window_ms: number;
  readonly streams: readonly StreamQos[];
  readonly sessions: readonly SessionQos[];
}

interface Figures {
  readonly rtt_ms: number | null;
  readonly drop_rate: number | null;
  readonly buffer_ms: number | null;
  readonly lag_ms: number;
  readonly stalled_ms: number;
  readonly dropped_frames: number;
}

export interface SessionQos extends ViewerName, Figures {
  readonly worker?: string;
  readonly cause: Cause;
  /** Who says so, for each figure that is known. */
  readonly sources: Readonly<Partial<Record<keyof Figures, Source | "server+player">>>;
}

/** Means over its viewers; stalled time and dropped frames are sums. */
export interface StreamQos extends Figures {
  readonly app: string;
  readonly stream: string;
  readonly viewers: number;
  /** How many viewers suffer from what. */
  readonly causes: Readonly<Partial<Record<Cause, number>>>;
  /** For each figure, how many viewers' it is from whom. */
  readonly sources: Readonly<Record<string, Readonly<Partial<Record<string, number>>>>>;
}

export function sessionQos({ quality, worker, ...name }: ViewerRow): SessionQos {
  const { rttMs, dropRate, bufferMs, lagMs, stalledMs, dropped, cause } = quality;
  const [one, two] = dropped;
  return {
    ...name,
    ...(worker === undefined ? {} : { worker }),
    rtt_ms: rounded(rttMs),
    drop_rate: rounded(dropRate, 4),
    buffer_ms: rounded(bufferMs),
    lag_ms: rounded(lagMs) ?? 0,
    stalled_ms: rounded(stalledMs) ?? 0,
    dropped_frames: dropped.reduce((sum, { value }) => sum + value, 0),
    cause,
    sources: {
      ...(rttMs && { rtt_ms: rttMs.source }),
      ...(dropRate && { drop_rate: dropRate.source }),
      ...(bufferMs && { buffer_ms: bufferMs.source }),
      lag_ms: lagMs.source,
      stalled_ms: stalledMs.source,
      dropped_frames: two === undefined ? (one?.source ?? "server") : "server+player",
    },
  };
}

export function streamQos(rows: readonly SessionQos[]): readonly StreamQos[] {
  const groups = new Map<string, SessionQos[]>();
  for (const row of rows) {
    const key = `${row.app}\n${row.stream}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group): StreamQos => {
    const [{ app, stream } = { app: "", stream: "" }] = group;
    const sources: Record<string, Record<string, number>> = {};
    const causes: Partial<Record<Cause, number>> = {};
    for (const row of group) {
      causes[row.cause] = (causes[row.cause] ?? 0) + 1;
      for (const [figure, source] of Object.entries(row.sources)) {
        sources[figure] ??= {};
        const counts = sources[figure];
        counts[source] = (counts[source] ?? 0) + 1;
      }
    }
    return {
      app,
      stream,
      viewers: group.length,
      rtt_ms: meanOf(group, "rtt_ms"),
      drop_rate: meanOf(group, "drop_rate", 4),
      buffer_ms: meanOf(group, "buffer_ms"),
      lag_ms: meanOf(group, "lag_ms") ?? 0,
      stalled_ms: group.reduce((sum, row) => sum + row.stalled_ms, 0),
      dropped_frames: group.reduce((sum, row) => sum + row.dropped_frames, 0),
      causes,
      sources,
    };
  });
}

function meanOf(rows: readonly SessionQos[], figure: keyof Figures, digits = 1): number | null {
  const known = rows.map((row) => row[figure]).filter((value) => value !== null);
  if (known.length === 0) return null;
  return round(known.reduce((sum, value) => sum + value, 0) / known.length, digits);
}

function rounded(figure: Sourced | undefined, digits = 1): number | null {
  return figure === undefined ? null : round(figure.value, digits);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

import { type Packet, type Rational, rescale, type Stream } from "./library.js";

/** One track on its way from the input to the output. */
export interface Lane {
  readonly input: Stream;
  /** All lanes are there. What is known already may be said. */
  begin(): void;
  /** A packet of its track; undefined at the end. @throws Failure */
  push(packet: Packet | undefined): void;
  /** From here on the packets of another input, whose time 0 in the output is `originUs` in its own. */
  follow?(input: Stream, originUs: number): void;
  close(): void;
}

/** Which part of the input, and where its time begins. */
export interface Span {
  /** What the output's time 0 is in the input's own time, microseconds. */
  readonly originUs: number;
  /** From the origin, microseconds. */
  readonly fromUs: number | undefined;
  readonly toUs: number | undefined;
}

const MICROSECOND: Rational = { num: 1, den: 1_000_000 };

/** The origin in a stream's clock. */
export function originOf({ originUs }: Pick<Span, "originUs">, clock: Rational): bigint {
  return rescale(BigInt(originUs), MICROSECOND, clock);
}

/** Filters that let a span through and begin it at 0; `a` in front of each for sound. */
export function spanFilters({ fromUs, toUs }: Span, kind: "" | "a"): string[] {
  if (fromUs === undefined && toUs === undefined) return [];
  const start = ((fromUs ?? 0) / 1_000_000).toFixed(6);
  const end = toUs === undefined ? "" : `:end=${(toUs / 1_000_000).toFixed(6)}`;
  return [`${kind}trim=start=${start}${end}`, `${kind}setpts=PTS-${start}/TB`];
}

/** How one clock runs beside another. */
export interface Drift {
  /** Parts per million by which it is slower (positive) or faster than ours; undefined while too little is known. */
  readonly ppm: number | undefined;
  /** By how much it has fallen behind ours since it was first seen, microseconds; negative where it is ahead. */
  readonly offset: number;
  /** How long it has been watched, microseconds. */
  readonly span: number;
  /**
   * What `ppm` rests on: microseconds between the two points that its line goes through; 0 while it is undefined. With
   * delays that are never more than `J` above their least, `ppm` is off by at most `1e6 * J / reach`.
   */
  readonly reach: number;
}

interface Point {
  readonly at: number;
  readonly delay: number;
}

/** Points that are looked at: with one a second, five minutes. */
const MAX_POINTS = 300;
/** Less than this says more about the network than about a clock. */
const MIN_POINTS = 10;
const MIN_SPAN_MICROS = 10_000_000;
/** The other clock was set, or another one is behind it now: what was known is void. */
const JUMP_MICROS = 1_000_000;

/**
 * Estimates how a clock drifts from one-way delays. A network only ever adds to them, so what counts is their lower
 * edge: the line below all points that is closest to them. It is an edge of their lower convex hull, the one above whose
 * span the mean of all times lies (S. B. Moon, P. Skelly, D. Towsley, Estimation and Removal of Clock Skew from Network
 * Delay Measurements, INFOCOM 1999). Times that the other side has cut to whole milliseconds only add to a delay too.
 */
export class ClockDriftEstimator {
  readonly #points: Point[] = [];
  #first: Point | undefined;
  /** The line's height where it began, as it was last known. */
  #base = 0;

  /**
   * @param at our clock, microseconds
   * @param delay our clock less the other's, microseconds; their zeros do not matter
   */
  add(at: number, delay: number): void {
    const last = this.#points.at(-1);
    if (last !== undefined && (Math.abs(delay - last.delay) > JUMP_MICROS || at < last.at)) {
      this.#points.length = 0;
      this.#first = undefined;
    }
    if (this.#first === undefined) {
      this.#first = { at, delay };
      this.#base = delay;
    }
    this.#points.push({ at, delay });
    if (this.#points.length > MAX_POINTS) this.#points.shift();
  }

  get drift(): Drift {
    const first = this.#first;
    const last = this.#points.at(-1);
    if (first === undefined || last === undefined) return { ppm: undefined, offset: 0, span: 0, reach: 0 };
    const span = last.at - first.at;
    if (this.#points.length < MIN_POINTS || span < MIN_SPAN_MICROS)
      return { ppm: undefined, offset: 0, span, reach: 0 };
    const [from, to] = lowerEdge(this.#points);
    const reach = to.at - from.at;
    const slope = (to.delay - from.delay) / reach;
    const lineAt = (at: number): number => from.delay + slope * (at - from.at);
    // While the beginning is in sight, more points tell more of it; later it stays as it was.
    if (this.#points[0]?.at === first.at) this.#base = lineAt(first.at);
    return { ppm: slope * 1e6, offset: Math.round(lineAt(last.at) - this.#base), span, reach };
  }
}

/** The edge of the lower convex hull of two points or more, over which the mean of the times lies. Points are in the order of time. */
export function lowerEdge(points: readonly Point[]): readonly [Point, Point] {
  const hull: Point[] = [];
  let sum = 0;
  for (const point of points) {
    sum += point.at - (points[0] as Point).at;
    for (let n = hull.length; n >= 2 && !turnsUp(hull[n - 2] as Point, hull[n - 1] as Point, point); n--)
      hull.pop();
    // Of two at the same time only the lower one is an edge's end.
    const same = hull.at(-1);
    if (same?.at === point.at) {
      if (same.delay <= point.delay) continue;
      hull.pop();
    }
    hull.push(point);
  }
  const mean = (points[0] as Point).at + sum / points.length;
  let i = 0;
  while (i < hull.length - 2 && (hull[i + 1] as Point).at < mean) i++;
  return [hull[i] as Point, hull[i + 1] as Point];
}

/** Whether the way from a by b to c bends upwards. */
function turnsUp(a: Point, b: Point, c: Point): boolean {
  return (b.at - a.at) * (c.delay - a.delay) - (b.delay - a.delay) * (c.at - a.at) > 0;
}

/** A stretch of media without a gap, in seconds on the media element's clock. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Ranges closer than this are one: frame times are rounded. */
const SEAM = 0.02;

/** What an element or a SourceBuffer has buffered. */
export function rangesOf(buffered: TimeRanges): Range[] {
  return Array.from({ length: buffered.length }, (_, i) => ({
    start: buffered.start(i),
    end: buffered.end(i),
  }));
}

/** The buffered range that holds a time, or undefined. */
export function rangeAt(ranges: readonly Range[], time: number): Range | undefined {
  return ranges.find(({ start, end }) => time >= start - SEAM && time <= end + SEAM);
}

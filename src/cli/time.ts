/**
 * A time or a span as people type it: `00:01:02.5`, `1:02.5`, `62.5`, `10s`, `500ms`, `2m`, `1h`.
 *
 * @returns integer microseconds; undefined where it is none
 */
export function parseTime(text: string): number | undefined {
  const clock = /^(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,9})?)$/.exec(text);
  if (clock !== null) {
    const [, hours = "0", minutes = "0", seconds = "0"] = clock;
    return Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000);
  }
  const span = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)?$/.exec(text);
  if (span === null) return undefined;
  const [, amount = "0", unit = "s"] = span;
  return Math.round(Number(amount) * (UNIT_US[unit] ?? 0));
}

const UNIT_US: Readonly<Record<string, number>> = {
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
};

/** `00:01:02.500`, to the millisecond; a minus in front where it is before 0. */
export function formatTime(us: number): string {
  const ms = Math.round(Math.abs(us) / 1_000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const clock = `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}`;
  return `${us < 0 && ms > 0 ? "-" : ""}${clock}.${String(ms % 1_000).padStart(3, "0")}`;
}

import { promisify } from "node:util";
import { gzip } from "node:zlib";
import {
  Label,
  Line,
  Location,
  Function as PprofFunction,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from "pprof-format";

/** https://github.com/google/pprof/blob/main/proto/profile.proto: a profile is tables that refer to each other by number. */

type Numeric = number | bigint;

/** A profile as it comes, whatever module made it. */
export interface ReadableProfile {
  readonly sample: readonly {
    readonly locationId: readonly Numeric[];
    readonly value: readonly Numeric[];
    readonly label: readonly { readonly key: Numeric; readonly str: Numeric; readonly num: Numeric }[];
  }[];
  readonly location: readonly {
    readonly id: Numeric;
    readonly line: readonly { readonly functionId: Numeric; readonly line: Numeric }[];
  }[];
  readonly function: readonly { readonly id: Numeric; readonly name: Numeric; readonly filename: Numeric }[];
  readonly stringTable: { readonly strings: readonly string[] };
  readonly period: Numeric;
}

/** A place in a program. */
export interface Frame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

export type Labels = Readonly<Record<string, string | number>>;

/** One sample with its references resolved. */
export interface ReadSample {
  /** The innermost first. */
  readonly frames: readonly Frame[];
  readonly values: readonly number[];
  readonly labels: Labels;
}

/** The samples of a profile, with their references resolved. */
export function* readSamples(profile: ReadableProfile): Generator<ReadSample> {
  const { strings } = profile.stringTable;
  const text = (index: Numeric): string => strings[Number(index)] ?? "";
  const functions = new Map(profile.function.map((each) => [Number(each.id), each]));
  const locations = new Map<number, readonly Frame[]>();
  for (const { id, line } of profile.location) {
    const frames = line.map((each): Frame => {
      const { name = 0, filename = 0 } = functions.get(Number(each.functionId)) ?? {};
      return { name: text(name), file: text(filename), line: Number(each.line) };
    });
    locations.set(Number(id), frames);
  }
  for (const { locationId, value, label } of profile.sample) {
    const labels: Record<string, string | number> = {};
    for (const { key, str, num } of label) labels[text(key)] = Number(str) === 0 ? Number(num) : text(str);
    yield {
      frames: locationId.flatMap((id) => locations.get(Number(id)) ?? []),
      values: value.map(Number),
      labels,
    };
  }
}

/** What a value of a sample counts, such as `["cpu", "nanoseconds"]`. */
export type ValueKind = readonly [type: string, unit: string];

export interface ProfileInfo {
  /** When it began, microseconds since the Unix epoch, and how long it took. */
  readonly wallMicros: number;
  readonly durationMicros: number;
  /** Between two samples, in the unit of `periodKind`. */
  readonly period: number;
  readonly periodKind: ValueKind;
  /** What tools show first, such as `cpu`; the last of the values by default. */
  readonly shown?: string;
}

/** Adds samples up to a profile: those of one stack with the same labels are one sample. */
export class ProfileSum {
  readonly #strings = new StringTable();
  readonly #kinds: readonly ValueKind[];
  readonly #functions = new Map<string, PprofFunction>();
  readonly #locations = new Map<string, Location>();
  readonly #samples = new Map<
    string,
    { readonly stack: number[]; readonly labels: Labels; values: number[] }
  >();

  /** @param kinds of the values of each sample */
  constructor(kinds: readonly ValueKind[]) {
    this.#kinds = kinds;
  }

  /** @param values as many as there are kinds; whole numbers */
  add(frames: readonly Frame[], values: readonly number[], labels: Labels): void {
    const stack = frames.map((frame) => this.#locationOf(frame));
    const names = Object.keys(labels).sort();
    const key = JSON.stringify([stack, names.map((name) => [name, labels[name]])]);
    const known = this.#samples.get(key);
    if (known === undefined) this.#samples.set(key, { stack, labels, values: [...values] });
    else known.values = known.values.map((value, i) => value + (values[i] ?? 0));
  }

  /** In the form that `go tool pprof` reads: protobuf, gzip. */
  async encode(info: ProfileInfo): Promise<Buffer> {
    const kindOf = ([type, unit]: ValueKind): ValueType =>
      new ValueType({ type: this.#strings.dedup(type), unit: this.#strings.dedup(unit) });
    const profile = new Profile({
      sampleType: this.#kinds.map(kindOf),
      sample: [...this.#samples.values()].map(
        ({ stack, labels, values }) =>
          new Sample({ locationId: stack, value: values, label: this.#labelsOf(labels) }),
      ),
      location: [...this.#locations.values()],
      function: [...this.#functions.values()],
      stringTable: this.#strings,
      timeNanos: BigInt(Math.round(info.wallMicros)) * 1000n,
      durationNanos: BigInt(Math.round(info.durationMicros)) * 1000n,
      periodType: kindOf(info.periodKind),
      period: info.period,
      defaultSampleType: this.#strings.dedup(info.shown ?? this.#kinds.at(-1)?.[0] ?? ""),
    });
    return compress(profile.encode());
  }

  #labelsOf(labels: Labels): Label[] {
    return Object.entries(labels).map(([name, value]) => {
      const key = this.#strings.dedup(name);
      return typeof value === "number"
        ? new Label({ key, num: value })
        : new Label({ key, str: this.#strings.dedup(value) });
    });
  }

  #locationOf({ name, file, line }: Frame): number {
    const where = `${file}\0${name}`;
    let of = this.#functions.get(where);
    if (of === undefined) {
      const text = this.#strings.dedup(name);
      const filename = this.#strings.dedup(file);
      of = new PprofFunction({ id: this.#functions.size + 1, name: text, systemName: text, filename });
      this.#functions.set(where, of);
    }
    const place = `${String(of.id)}:${line}`;
    let location = this.#locations.get(place);
    if (location === undefined) {
      location = new Location({
        id: this.#locations.size + 1,
        line: [new Line({ functionId: of.id, line })],
      });
      this.#locations.set(place, location);
    }
    return Number(location.id);
  }
}

const compress = promisify(gzip);

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HubStage, hubStage, type Reader } from "../../test/support/hub-stage.js";
import { audioTrack, packet, readToy, toyFormat, videoTrack } from "../../test/support/toy-format.js";
import type { Unmoved } from "./move.js";
import type { HubOptions } from "./options.js";
import type { Publisher, PublisherInit } from "./publisher.js";

const FRAME = 40;
const SOUND = 23;
/** Each rendition's picture has a configuration of its own; the sound is one. */
const VERSIONS = { a: 0, b: 1, c: 2 } as const;
type Name = keyof typeof VERSIONS;

interface Item {
  readonly from: Name;
  readonly kind: "video" | "audio";
  /** On the encoder's clock, milliseconds. */
  readonly at: number;
  readonly key: boolean;
  /** When it comes, milliseconds. */
  readonly arrival: number;
}

interface Rendition {
  /** From this key frame on it is published. */
  readonly firstGroup: number;
  /** How much later than its time the picture comes, and the sound, milliseconds. */
  readonly videoDelay: number;
  readonly audioDelay: number;
  /** Key frames that it has not. */
  readonly without?: (group: number) => boolean;
}

/** How long the programme of most tests is. */
const LONG = { groups: 12, frames: 20 };
/** That of those that are run over and over. */
const SHORT = { groups: 9, frames: 12 };
const SHORT_MS = SHORT.groups * SHORT.frames * FRAME;
/** From here on the viewer is not busy any more. */
const FREE_MS = SHORT_MS - 3 * SHORT.frames * FRAME;

/** All that a rendition sends of so many groups of so many frames, as it comes. */
function programme(from: Name, rendition: Rendition, { groups, frames } = LONG): Item[] {
  const { firstGroup, videoDelay, audioDelay, without = () => false } = rendition;
  const first = firstGroup * frames * FRAME;
  const items: Item[] = [];
  for (let i = 0; i < groups * frames; i++) {
    const at = i * FRAME;
    const group = i / frames;
    // The last ones have them all: who is lost finds its way.
    const key = Number.isInteger(group) && (group === firstGroup || group >= groups - 3 || !without(group));
    if (at >= first) items.push({ from, kind: "video", at, key, arrival: at + videoDelay });
  }
  for (let at = 0; at < groups * frames * FRAME; at += SOUND) {
    if (at >= first) items.push({ from, kind: "audio", at, key: true, arrival: at + audioDelay });
  }
  return items;
}

interface Got {
  readonly from: Name;
  readonly kind: "video" | "audio";
  readonly at: number;
  readonly key: boolean;
  readonly dts: number;
  /** The configurations that it was told right before. */
  readonly told: readonly string[];
}

class Ladder {
  readonly stage: HubStage;
  readonly publishers = new Map<Name, Publisher>();
  moved = 0;
  stayed = 0;
  /** Where the viewer is. */
  on: Name = "a";
  #time = 0;

  constructor(options: Partial<HubOptions> = {}) {
    // What is heard here says which rendition it came from: so it is another in each.
    this.stage = hubStage({ moves: true, sameClock: true, ...options });
  }

  publish(name: Name, init: PublisherInit = {}): Publisher {
    const publisher = this.stage.hub.publish(`live/${name}`, init);
    this.publishers.set(name, publisher);
    publisher.describe({}, { video: true, audio: true });
    publisher.track(videoTrack(VERSIONS[name]));
    publisher.track(audioTrack());
    return publisher;
  }

  /** Lets time pass up to there. */
  until(ms: number): void {
    if (ms <= this.#time) return;
    this.stage.scheduler.advance(ms - this.#time);
    this.#time = ms;
  }

  send({ from, kind, at, key, arrival }: Item): void {
    this.until(arrival);
    const track = kind === "video" ? videoTrack(VERSIONS[from]) : audioTrack();
    this.publishers.get(from)?.write(packet(track, at, { key, data: `${from} ${kind} ${at} ${key}` }));
  }

  stream(name: Name) {
    const stream = this.stage.hub.stream(`live/${name}`);
    if (stream === undefined) throw new Error(`no stream ${name}`);
    return stream;
  }

  move({ subscriber }: Reader, to: Name): Unmoved | "begun" {
    const why = this.stream(this.on).move(subscriber, this.stream(to), {
      moved: () => {
        this.moved += 1;
        this.on = to;
      },
      stayed: () => {
        this.stayed += 1;
      },
    });
    return why ?? "begun";
  }
}

function received({ sink }: Reader): Got[] {
  const got: Got[] = [];
  let told: string[] = [];
  for (const record of sink.batches.flatMap(({ bytes }) => readToy(bytes))) {
    if (record.t === "config") told.push(record.track);
    if (record.t !== "packet") continue;
    const [from, kind, at, key] = record.data.split(" ");
    got.push({
      from: from as Name,
      kind: kind as "video" | "audio",
      at: Number(at),
      key: key === "true",
      dts: record.dts,
      told,
    });
    told = [];
  }
  return got;
}

/** The parts that came from one rendition each. */
function segments(got: readonly Got[]): Got[][] {
  const parts: Got[][] = [];
  for (const each of got) {
    const part = parts.at(-1);
    if (part?.[0]?.from === each.from) part.push(each);
    else parts.push([each]);
  }
  return parts;
}

/** What must hold whatever happens: the picture can be decoded, no track steps back, and every change is at one moment. */
function expectSound(got: readonly Got[], gaps: boolean): void {
  const shifts = new Set(got.map(({ dts, at }) => dts - at * 1000));
  expect(shifts.size).toBeLessThanOrEqual(1);
  for (const kind of ["video", "audio"] as const) {
    let last: Got | undefined;
    for (const each of got.filter((each) => each.kind === kind)) {
      expect(each.at).toBeGreaterThan(last?.at ?? -1);
      if (kind === "video" && !each.key) {
        expect(each.from).toBe(last?.from);
        expect(each.at - (last?.at ?? 0)).toBe(FRAME);
      }
      if (!gaps && last !== undefined) expect(each.at - last.at).toBe(kind === "video" ? FRAME : SOUND);
      last = each;
    }
  }
  const parts = segments(got);
  for (const [i, part] of parts.entries()) {
    if (i === 0) continue;
    const first = part[0] as Got;
    expect([first.kind, first.key]).toEqual(["video", true]);
    expect(first.told).toEqual([`1:avc1.${VERSIONS[first.from]}`]);
    for (const before of parts.slice(0, i).flat()) expect(before.at).toBeLessThan(first.at);
    for (const after of parts.slice(i).flat()) expect(after.at).toBeGreaterThanOrEqual(first.at);
  }
}

const nat = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const rendition: fc.Arbitrary<Rendition> = fc.record({
  firstGroup: nat(2),
  videoDelay: nat(400),
  audioDelay: nat(400),
  without: fc.func(fc.integer({ min: 0, max: 3 })).map((pick) => (group: number) => pick(group) === 0),
});
interface Act {
  readonly at: number;
  readonly do: "b" | "c" | "a" | "busy" | "free" | "stay";
}
const acts = (...names: Act["do"][]): fc.Arbitrary<Act[]> =>
  fc
    .array(fc.record({ at: nat(FREE_MS), do: fc.constantFrom(...names) }), { maxLength: 12 })
    .map((list) => list.sort((a, b) => a.at - b.at));

/** Sends three renditions as they come, has a viewer of the first do what it is told, and ends them. */
function run(
  ladder: Ladder,
  renditions: Readonly<Record<Name, Rendition>>,
  list: readonly Act[],
): { readonly got: Got[]; readonly items: Item[] } {
  const items = (Object.keys(renditions) as Name[])
    .flatMap((name) => programme(name, renditions[name], SHORT))
    .sort((x, y) => x.arrival - y.arrival || x.at - y.at);
  for (const name of Object.keys(renditions) as Name[]) ladder.publish(name);
  let reader: Reader | undefined;
  const rest = [...list];
  for (const item of items) {
    ladder.send(item);
    if (reader === undefined) {
      // With the first sound: then its tracks are announced.
      if (ladder.stage.hub.stream("live/a")?.live !== true || item.from !== "a") continue;
      reader = ladder.stage.join({}, "live/a");
    }
    while (rest[0] !== undefined && rest[0].at <= item.arrival) act(ladder, reader, (rest.shift() as Act).do);
    if (item.arrival > FREE_MS && reader.sink.busy) act(ladder, reader, "free");
  }
  ladder.until(SHORT_MS + 3_000);
  for (const publisher of ladder.publishers.values()) publisher.end("unpublished");
  ladder.until(SHORT_MS + 20_000);
  expect(ladder.stage.errors).toEqual([]);
  expect(ladder.stage.hub.streams).toEqual([]);
  return { got: reader === undefined ? [] : received(reader), items };
}

function act(ladder: Ladder, reader: Reader, what: Act["do"]): void {
  if (what === "busy") {
    reader.sink.busy = true;
  } else if (what === "free") {
    reader.sink.busy = false;
    reader.subscriber.resume();
  } else if (what === "stay") {
    reader.subscriber.stay();
  } else if (
    what !== ladder.on &&
    !reader.subscriber.ended &&
    ladder.stage.hub.stream(`live/${what}`)?.live
  ) {
    ladder.move(reader, what);
  }
}

describe("a viewer that is moved among renditions", () => {
  it("gets all of the old before a moment, the configurations, and all of the new from it on", () => {
    let moves = 0;
    fc.assert(
      fc.property(rendition, rendition, rendition, acts("a", "b", "c", "stay"), (a, b, c, list) => {
        const ladder = new Ladder({ maxLagMs: 5_000 });
        const { got, items } = run(ladder, { a: { ...a, without: () => false }, b, c }, list);
        expectSound(got, false);
        moves += ladder.moved;
        expect(segments(got)).toHaveLength(ladder.moved + 1);
        // Nothing is missing at the end of what the last one had.
        const [last] = got.slice(-1);
        const sent = items.filter(({ from }) => from === last?.from);
        for (const kind of ["video", "audio"] as const) {
          const newest = (list: readonly { kind: string; at: number }[]) =>
            Math.max(...list.filter((each) => each.kind === kind).map(({ at }) => at));
          expect(newest(got)).toBe(newest(sent));
        }
      }),
      { seed: 21, numRuns: 60 },
    );
    expect(moves).toBeGreaterThan(30);
  });

  it("can decode all that it gets however slow it is, and is at the end of it once it is not", () => {
    let moves = 0;
    const options = fc.record({
      maxLagMs: fc.constantFrom(300, 1_000, 3_000),
      mergeMs: fc.constantFrom(0, 20),
      gopCacheMs: fc.constantFrom(0, 5_000),
    });
    const list = acts("a", "b", "c", "b", "c", "stay", "busy", "busy", "free", "free");
    fc.assert(
      fc.property(options, rendition, rendition, rendition, list, (chosen, a, b, c, list) => {
        const ladder = new Ladder(chosen);
        const { got, items } = run(ladder, { a: { ...a, without: () => false }, b, c }, list);
        expectSound(got, true);
        moves += ladder.moved;
        const last = got.at(-1);
        if (last === undefined) return;
        const ofLast = items.filter(({ from, kind }) => from === last.from && kind === last.kind);
        expect(last.at).toBe(Math.max(...ofLast.map(({ at }) => at)));
      }),
      { seed: 22, numRuns: 60 },
    );
    expect(moves).toBeGreaterThan(15);
  });

  /** Two renditions that run; the second is as late as told. */
  function pair(late = 0, other: Partial<Rendition> = {}, init: PublisherInit = {}) {
    const ladder = new Ladder({ maxLagMs: 5_000 });
    ladder.publish("a");
    ladder.publish("b", init);
    const whole = { firstGroup: 0, videoDelay: 0, audioDelay: 0 };
    const late_ = { firstGroup: 0, videoDelay: late, audioDelay: late, ...other };
    const items = [...programme("a", whole), ...programme("b", late_)].sort(
      (x, y) => x.arrival - y.arrival || x.at - y.at,
    );
    const sendUntil = (ms: number): void => {
      while (items[0] !== undefined && items[0].arrival < ms) ladder.send(items.shift() as Item);
      ladder.until(ms);
    };
    sendUntil(1_000);
    const reader = ladder.stage.join({}, "live/a");
    return { ladder, reader, sendUntil };
  }

  it("waits for the key frame of one that is later, and catches up with it", () => {
    const { ladder, reader, sendUntil } = pair(500);
    expect(ladder.move(reader, "b")).toBe("begun");
    sendUntil(1_700);
    expect([ladder.moved, received(reader).at(-1)?.at]).toEqual([0, 1_587]);
    expect(reader.subscriber.lagMs).toBeGreaterThan(0);
    sendUntil(3_000);
    const got = received(reader);
    expectSound(got, false);
    expect(segments(got)).toHaveLength(2);
    expect(segments(got)[1]?.[0]).toMatchObject({ from: "b", at: 1_600, key: true });
    expect(got.at(-1)?.at).toBeGreaterThan(2_400);
    expect(reader.subscriber.offeredFrames).toBeGreaterThan(140);
  });

  it("stays where it is when the other does not come for two seconds, and has missed nothing", () => {
    const { ladder, reader, sendUntil } = pair(0, { videoDelay: 0 });
    ladder.publishers.get("b")?.end("unpublished");
    ladder.publish("b");
    // It is announced and then silent, with a clock that fits.
    ladder.publishers.get("b")?.write(packet(videoTrack(1), 1_000, { key: true, data: "b video 1000 true" }));
    expect(ladder.move(reader, "b")).toBe("begun");
    const only = programme("a", { firstGroup: 0, videoDelay: 0, audioDelay: 0 });
    only.sort((x, y) => x.arrival - y.arrival);
    for (const item of only) if (item.arrival >= 1_000) ladder.send(item);
    expect([ladder.moved, ladder.stayed]).toEqual([0, 1]);
    sendUntil(0);
    expectSound(received(reader), false);
    expect(received(reader).at(-1)?.at).toBeGreaterThan(9_000);
    expect(ladder.stage.hub.wants("live/b")).toBe(false);
  });

  it("goes on at once when the other ends while it waits", () => {
    const { ladder, reader, sendUntil } = pair(900);
    ladder.move(reader, "b");
    sendUntil(1_800);
    expect(received(reader).at(-1)?.at).toBe(1_587);
    ladder.publishers.get("b")?.end("client-closed");
    ladder.until(1_801);
    expect(received(reader).at(-1)?.at).toBeGreaterThan(1_700);
    expect([ladder.moved, ladder.stayed]).toEqual([0, 1]);
    sendUntil(3_000);
    expectSound(received(reader), false);
  });

  it("goes on for as long as no key frame is at one moment in both", () => {
    const { ladder, reader, sendUntil } = pair(0, { without: (group) => group < 4 });
    expect(ladder.move(reader, "b")).toBe("begun");
    sendUntil(3_100);
    expect([ladder.moved, ladder.on]).toEqual([0, "a"]);
    sendUntil(3_400);
    expect([ladder.moved, ladder.on]).toEqual([1, "b"]);
    expect(segments(received(reader))[1]?.[0]?.at).toBe(3_200);
  });

  it("is let go of by both when it leaves, before and after", () => {
    const { ladder, reader, sendUntil } = pair();
    ladder.move(reader, "b");
    expect(ladder.stage.hub.wants("live/b")).toBe(true);
    reader.subscriber.close("aborted");
    expect([ladder.stayed, ladder.stage.hub.wants("live/a"), ladder.stage.hub.wants("live/b")]).toEqual([
      1,
      false,
      false,
    ]);
    const other = ladder.stage.join({}, "live/a");
    ladder.move(other, "b");
    sendUntil(2_000);
    expect([ladder.moved, ladder.stream("a").readers, ladder.stream("b").readers]).toEqual([1, 0, 1]);
    other.subscriber.close("aborted");
    expect(ladder.stream("b").readers).toBe(0);
    expect(other.sink.ends).toEqual(["aborted"]);
  });

  it("goes over when what its transport held is out, and what it missed is told", () => {
    const { ladder, reader, sendUntil } = pair();
    sendUntil(1_100);
    reader.subscriber.observe(1e7, 1);
    sendUntil(12_000);
    reader.subscriber.observe(1e9, 2);
    ladder.move(reader, "b");
    sendUntil(14_000);
    reader.subscriber.observe(0, 1e9);
    sendUntil(16_000);
    const got = received(reader);
    expectSound(got, true);
    expect(ladder.moved).toBe(got.at(-1)?.from === "b" ? 1 : 0);
  });

  it("shares the timeline of what it was made from", () => {
    const { ladder, reader, sendUntil } = pair(700, {}, { madeFrom: "live/a" });
    expect(ladder.stream("a").shiftTo(ladder.stream("b"))).toBe(0);
    expect(ladder.stream("b").shiftTo(ladder.stream("a"))).toBe(0);
    ladder.move(reader, "b");
    sendUntil(4_000);
    expect(ladder.moved).toBe(1);
    ladder.move(reader, "a");
    sendUntil(6_000);
    expect([ladder.moved, ladder.on]).toEqual([2, "a"]);
    expectSound(received(reader), false);
  });
});

describe("a viewer is not moved", () => {
  function live(options: Partial<HubOptions> = {}) {
    const ladder = new Ladder(options);
    for (const name of ["a", "b"] as const) ladder.publish(name);
    const whole = { firstGroup: 0, videoDelay: 0, audioDelay: 0 };
    const items = [
      ...programme("a", whole, { groups: 2, frames: 20 }),
      ...programme("b", whole, { groups: 2, frames: 20 }),
    ];
    for (const item of items.sort((x, y) => x.arrival - y.arrival)) ladder.send(item);
    return ladder;
  }

  it.each([
    [
      "in a format that cannot change its configuration",
      { format: toyFormat({ key: "strict", canChange: false }) },
    ],
    ["without a picture", { selection: { video: false, audio: true } }],
    ["who reads packets", { format: undefined }],
    ["who passes the stream on", { onePublication: true }],
  ])("%s", (_, request) => {
    const ladder = live();
    const reader = ladder.stage.join(request, "live/a");
    expect(ladder.move(reader, "b")).toBe("format");
    expect(ladder.stage.hub.wants("live/b")).toBe(false);
  });

  it("to other tracks, to what is not live, to what comes at another time, to itself, or where the option is off", () => {
    const ladder = live();
    const reader = ladder.stage.join({}, "live/a");
    const other = ladder.stage.hub.publish("live/c");
    ladder.publishers.set("c", other);
    other.describe({}, { video: true, audio: false });
    other.track(videoTrack(2));
    expect(ladder.move(reader, "c")).toBe("clock");
    other.write(packet(videoTrack(2), 1_600, { key: true }));
    expect(ladder.stream("a").shiftTo(ladder.stream("c"))).toBeDefined();
    expect(ladder.move(reader, "c")).toBe("format");
    expect(ladder.stream("a").shiftTo(ladder.stream("a"))).toBeUndefined();
    const late = packet(videoTrack(2), 100, { key: true });
    ladder.publishers.get("c")?.write(late);
    ladder.until(4_000);
    ladder.publishers.get("c")?.write({ ...late, dts: 200_000, pts: 200_000 });
    expect(ladder.stream("a").shiftTo(ladder.stream("c"))).toBeUndefined();
    const b = ladder.stream("b");
    ladder.publishers.get("b")?.end("unpublished");
    const listener = { moved() {}, stayed() {} };
    expect(ladder.stream("a").move(reader.subscriber, b, listener)).toBe("clock");

    const off = live({ moves: false });
    off.move(off.stage.join({}, "live/a"), "b");
    for (const item of programme(
      "a",
      { firstGroup: 3, videoDelay: 0, audioDelay: 0 },
      { groups: 6, frames: 20 },
    ))
      off.send(item);
    expect(off.moved).toBe(0);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../test/support/fake-scheduler.js";
import {
  audioTrack,
  dataTrack,
  name,
  packet,
  readToy,
  text,
  toyFormat,
  videoTrack,
} from "../../test/support/toy-format.js";
import type { AudioTrack, VideoTrack } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import { Hub } from "./hub.js";
import type { HubOptions } from "./options.js";
import type { Publisher } from "./publisher.js";
import type { HubReason } from "./reason.js";
import { Refused } from "./refused.js";
import type { Drop, Sink } from "./sink.js";
import type { Subscriber } from "./subscriber.js";

const NAME = "live/any";
const FORMATS = [
  undefined,
  toyFormat({ key: "closed" }),
  toyFormat({ key: "open", lateTracks: true }),
  toyFormat({ key: "strict", canChange: false }),
  toyFormat({ key: "buffered", buffered: true, lateTracks: true }),
] as const;
const SELECTIONS = [
  { video: true, audio: true },
  { video: true, audio: false },
  { video: false, audio: true },
] as const;

type Poke =
  | "close itself"
  | "close another"
  | "join"
  | "end publisher"
  | "write"
  | "resume another"
  | "throw";

type Step =
  | { readonly do: "key" | "frame" | "sound" | "data" | "turn" | "new video" | "new audio" }
  | { readonly do: "jump"; readonly ms: number }
  | { readonly do: "publish"; readonly video: boolean; readonly audio: boolean; readonly clock: number }
  | { readonly do: "end"; readonly reason: string }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "join"; readonly format: number; readonly selection: number }
  | { readonly do: "leave" | "busy" | "free" | "resume"; readonly reader: number }
  | { readonly do: "observe"; readonly reader: number; readonly queued: number; readonly arrived: number }
  | { readonly do: "poke"; readonly reader: number; readonly poke: Poke };

const INTENDED = new Error("thrown by a sink on purpose");

/** What one reader was given, checked as it comes in, with a decoder that knows what it can decode. */
class Viewer implements Sink {
  subscriber: Subscriber | undefined;
  busy = false;
  poke: (() => void) | undefined;
  readonly ends: HubReason[] = [];
  /** Data of all packets, with what was reported as dropped between them. */
  readonly got: (string | Drop)[] = [];
  /** Tracks it was told of by id, with their configurations. */
  readonly told = new Map<number, string>();
  readonly #ofPackets: boolean;
  #last: Batch | undefined;
  #started = false;
  #dropped = 0;
  #picture: number | undefined;
  readonly #dts = new Map<number, number>();

  constructor(ofPackets: boolean) {
    this.#ofPackets = ofPackets;
  }

  accept(batch: Batch): "ok" | "busy" {
    expect(this.ends).toEqual([]);
    if (this.busy) return "busy";
    if (batch.seq === -1) expect(batch.frames).toBe(0);
    else this.#follow(batch);
    for (const { track, dts, key, data } of batch.packets) {
      if (track.kind !== "data") this.told.set(track.id, name(track));
      this.#packet(name(track), dts, key, text(data));
    }
    for (const record of readToy(batch.bytes)) {
      if (record.t === "start") {
        expect(this.#started).toBe(false);
        this.#started = true;
        for (const track of record.tracks) this.told.set(Number.parseInt(track, 10), track);
      } else if (record.t === "config") {
        this.told.set(Number.parseInt(record.track, 10), record.track);
      } else if (record.t === "packet") {
        expect(this.#started).toBe(true);
        this.#packet(record.track, record.dts, record.key, record.data);
      }
    }
    const { poke } = this;
    this.poke = undefined;
    poke?.();
    return "ok";
  }

  dropped(drop: Drop): void {
    expect(this.ends).toEqual([]);
    expect(drop.frames).toBeGreaterThan(0);
    expect(drop.ms).toBeGreaterThanOrEqual(0);
    this.#dropped += drop.frames;
    this.got.push(drop);
  }

  end(reason: HubReason): void {
    this.ends.push(reason);
  }

  /** Contiguous, or a gap that ends at a random access point and was reported to the frame. */
  #follow(batch: Batch): void {
    const last = this.#last;
    this.#last = batch;
    const missed = this.#dropped;
    this.#dropped = 0;
    if (last !== undefined && batch.seq === last.seq + 1) {
      expect(missed).toBe(0);
      return;
    }
    expect(batch.key).toBe(true);
    this.#picture = undefined;
    if (last === undefined) return;
    expect(batch.seq).toBeGreaterThan(last.seq);
    expect(missed).toBe(batch.totalFrames - batch.frames - last.totalFrames);
  }

  #packet(track: string, dts: number, key: boolean, data: string): void {
    const id = Number.parseInt(track, 10);
    this.got.push(data);
    expect(dts).toBeGreaterThanOrEqual(this.#dts.get(id) ?? 0);
    this.#dts.set(id, dts);
    if (id === dataTrack.id) return;
    expect(this.told.get(id)).toBe(track);
    if (id !== 1) return;
    // A frame can be decoded after the one that came before it at the source, or if it is a key frame.
    const number = Number(data.slice(1));
    if (!key) expect(this.#picture).toBe(number - 1);
    this.#picture = number;
  }

  get ofPackets(): boolean {
    return this.#ofPackets;
  }
}

class World {
  readonly scheduler = createFakeScheduler();
  readonly errors: unknown[] = [];
  readonly hub: Hub;
  readonly viewers: Viewer[] = [];
  #publisher: Publisher | undefined;
  #video: VideoTrack = videoTrack();
  #audio: AudioTrack = audioTrack();
  #version = 0;
  #clock = 0;
  #videos = 0;
  #sounds = 0;
  #cues = 0;

  constructor(options: Partial<HubOptions>) {
    this.hub = new Hub(options, this.scheduler, (error) => this.errors.push(error));
  }

  get publisher(): Publisher | undefined {
    return this.#publisher?.ended === false ? this.#publisher : undefined;
  }

  step(step: Step): void {
    switch (step.do) {
      case "key":
      case "frame":
        this.picture(step.do === "key");
        break;
      case "sound":
        this.sound();
        break;
      case "data":
        this.publisher?.write(packet(dataTrack, this.#clock, { data: `d${this.#cues++}` }));
        break;
      case "turn":
        this.scheduler.turn();
        break;
      case "new video":
        this.#version += 1;
        this.#video = videoTrack(this.#version);
        break;
      case "new audio":
        this.#version += 1;
        this.#audio = audioTrack(this.#version);
        break;
      case "jump":
        this.#clock += step.ms;
        break;
      case "publish":
        this.publish(step.video, step.audio, step.clock);
        break;
      case "end":
        this.publisher?.end(step.reason);
        break;
      case "wait":
        this.scheduler.advance(step.ms);
        break;
      case "join":
        this.join(step.format, step.selection);
        break;
      case "poke":
        this.poke(step.reader, step.poke);
        break;
      case "observe":
        this.#viewer(step.reader)?.subscriber?.observe(step.queued, step.arrived);
        break;
      default: {
        const viewer = this.#viewer(step.reader);
        if (viewer === undefined) break;
        if (step.do === "busy") viewer.busy = true;
        if (step.do === "free") viewer.busy = false;
        if (step.do === "free" || step.do === "resume") viewer.subscriber?.resume();
        if (step.do === "leave") viewer.subscriber?.close("aborted");
      }
    }
  }

  picture(key: boolean): string {
    const data = `${key ? "V" : "v"}${this.#videos++}`;
    this.#clock += 20;
    this.publisher?.write(packet(this.#video, this.#clock, { key, data }));
    return data;
  }

  sound(): string {
    const data = `a${this.#sounds++}`;
    this.publisher?.write(packet(this.#audio, this.#clock, { data }));
    return data;
  }

  publish(video: boolean, audio: boolean, clock: number): void {
    const publisher = this.#orRefused(() => this.hub.publish(NAME));
    if (publisher === undefined) return;
    this.#publisher = publisher;
    this.#clock = clock;
    publisher.describe({}, { video, audio });
    if (video) publisher.track(this.#video);
    if (audio) publisher.track(this.#audio);
  }

  join(format: number, selection: number): Viewer | undefined {
    const stream = this.hub.stream(NAME);
    if (stream === undefined) return undefined;
    const viewer = new Viewer(FORMATS[format] === undefined && selection === 0);
    const request = {
      format: FORMATS[format],
      selection: SELECTIONS[selection] ?? SELECTIONS[0],
      sink: viewer,
    };
    viewer.subscriber = this.#orRefused(() => stream.subscribe(request));
    if (viewer.subscriber === undefined) return undefined;
    this.viewers.push(viewer);
    return viewer;
  }

  poke(reader: number, poke: Poke): void {
    const viewer = this.#viewer(reader);
    if (viewer === undefined) return;
    viewer.poke = () => {
      const other = this.#viewer(reader + 1);
      if (poke === "close itself") viewer.subscriber?.close("aborted");
      else if (poke === "close another") other?.subscriber?.close("kicked");
      else if (poke === "join") this.join(reader % FORMATS.length, 0);
      else if (poke === "end publisher") this.publisher?.end("client-closed");
      else if (poke === "resume another") other?.subscriber?.resume();
      else if (poke === "throw") throw INTENDED;
      else this.picture(true);
    };
  }

  #viewer(index: number): Viewer | undefined {
    return this.viewers[index % Math.max(1, this.viewers.length)];
  }

  #orRefused<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (error instanceof Refused) return undefined;
      throw error;
    }
  }
}

const nat = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const of = <T extends string>(...names: T[]): fc.Arbitrary<{ do: T }> =>
  fc.constantFrom(...names).map((each) => ({ do: each }));
const media: fc.Arbitrary<Step> = of(
  "key",
  "frame",
  "frame",
  "frame",
  "sound",
  "sound",
  "sound",
  "data",
  "turn",
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: media },
  { weight: 2, arbitrary: of("new video", "new audio") },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("jump" as const),
      ms: fc.oneof(fc.integer({ min: -900, max: 900 }), fc.integer({ min: -1e7, max: 1e7 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      video: fc.boolean(),
      audio: fc.boolean(),
      clock: fc.integer({ min: -1e6, max: 1e9 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      reason: fc.constantFrom("client-closed", "client-reset", "kicked"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.oneof(nat(100), nat(3_000), nat(20_000)),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      format: nat(FORMATS.length - 1),
      selection: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 15,
    arbitrary: fc.record({
      do: fc.constantFrom("leave", "busy", "busy", "busy", "free", "free", "free", "resume"),
      reader: nat(9),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("observe" as const),
      reader: nat(9),
      queued: fc.oneof(fc.constant(0), nat(300), nat(1e6)),
      arrived: nat(1e6),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("poke" as const),
      reader: nat(9),
      poke: fc.constantFrom<Poke>(
        "close itself",
        "close another",
        "join",
        "end publisher",
        "write",
        "resume another",
        "throw",
      ),
    }),
  },
);

const options: fc.Arbitrary<Partial<HubOptions>> = fc.record({
  duplicate: fc.constantFrom("reject", "takeover"),
  keepViewersMs: fc.constantFrom(0, 500, 10_000),
  gopCacheMs: fc.constantFrom(0, 100, 5_000),
  gopCacheBytes: fc.constantFrom(3_000, 1e6),
  maxLagMs: fc.constantFrom(60, 300, 3_000),
  maxLagBytes: fc.constantFrom(500, 5_000, 1e6),
  mergeMs: fc.constantFrom(0, 0, 20),
  stallTimeoutMs: fc.constantFrom(2_000, 10_000),
});

/** Runs the steps; with a witness who reads all packets and is never slow. */
function run(options: Partial<HubOptions>, steps: readonly Step[]): World {
  const world = new World(options);
  world.publish(true, true, 0);
  world.picture(true);
  world.join(0, 0);
  for (const each of steps) world.step(each);
  return world;
}

/** Nothing went wrong but what was meant to. */
function expectNoFault(world: World): void {
  for (const error of world.errors) if (error !== INTENDED) throw error;
}

const RUNS = { seed: 7, numRuns: 120 };
const steps = fc.array(step, { minLength: 20, maxLength: 250, size: "max" });

describe("the hub, whatever happens", () => {
  it("gives every reader a start and what follows it, with gaps only up to a random access point", () => {
    fc.assert(
      fc.property(options, steps, (chosen, steps) => {
        const world = run(chosen, steps);
        world.scheduler.advance(50);
        expectNoFault(world);
      }),
      RUNS,
    );
  });

  it("leaves no reader behind that can take and has something to take", () => {
    fc.assert(
      fc.property(options, steps, (chosen, steps) => {
        const world = run(chosen, steps);
        for (const viewer of world.viewers) {
          viewer.poke = undefined;
          viewer.busy = false;
          viewer.subscriber?.observe(0, 1e6);
          viewer.subscriber?.resume();
        }
        if (world.publisher === undefined) world.publish(true, true, 0);
        world.scheduler.advance(1_100);
        // A source that stepped back by less than what counts as a jump catches up first.
        for (let i = 0; i < 55; i++) {
          world.picture(i % 10 === 0);
          world.sound();
          world.scheduler.turn();
        }
        const last = new Map([
          [1, world.picture(true)],
          [2, world.sound()],
        ]);
        world.scheduler.advance(50);
        expectNoFault(world);
        for (const viewer of world.viewers) {
          if (viewer.ends.length > 0) continue;
          expect(viewer.told.size).toBeGreaterThan(0);
          for (const id of viewer.told.keys()) expect(viewer.got).toContain(last.get(id));
        }
      }),
      { ...RUNS, seed: 8 },
    );
  });

  it("reports exactly what a reader did not get", () => {
    fc.assert(
      fc.property(options, steps, (chosen, steps) => {
        const world = run(
          chosen,
          steps.filter((each) => each.do !== "poke"),
        );
        world.scheduler.advance(50);
        expectNoFault(world);
        // What all readers of packets together got, in order: the truth, as far as anyone can have seen it.
        const order = new Map<string, number>();
        const [witness, ...others] = world.viewers.filter(({ ofPackets }) => ofPackets);
        for (const data of witness?.got ?? []) if (typeof data === "string") order.set(data, order.size);
        for (const viewer of others) {
          let at: number | undefined;
          let missed = 0;
          for (const each of viewer.got) {
            if (typeof each !== "string") {
              missed += each.frames;
              continue;
            }
            const position = order.get(each);
            // The witness too may have been slow, or gone: then there is nothing to compare.
            if (position === undefined || witness?.got.some((got) => typeof got !== "string")) break;
            if (at !== undefined) expect(position - at - 1).toBe(missed);
            at = position;
            missed = 0;
          }
        }
      }),
      { ...RUNS, seed: 9 },
    );
  });

  it("ends every sink once and lets go of everything", () => {
    fc.assert(
      fc.property(options, steps, fc.boolean(), (chosen, steps, byHub) => {
        const world = run(chosen, steps);
        if (byHub) {
          world.hub.close();
        } else {
          world.publisher?.end("client-closed");
          for (const viewer of world.viewers) {
            viewer.poke = undefined;
            viewer.subscriber?.close("aborted");
          }
        }
        expect(world.hub.streams).toEqual([]);
        for (const viewer of world.viewers) expect(viewer.ends).toHaveLength(1);
        world.scheduler.turn();
        world.scheduler.turn();
        if (!byHub) world.hub.close();
        world.scheduler.turn();
        expect(world.scheduler.pending).toBe(0);
        expectNoFault(world);
      }),
      { ...RUNS, seed: 10 },
    );
  });
});

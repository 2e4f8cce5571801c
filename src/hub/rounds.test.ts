import { describe, expect, it } from "vitest";
import { type HubStage, hubStage } from "../../test/support/hub-stage.js";
import { recordingSink } from "../../test/support/recording-sink.js";
import type { Batch } from "./batch.js";

/** Readers whose every write takes so long, microseconds, after the group that they joined with. */
function crowd(stage: HubStage, size: number, micros: number) {
  const readers = Array.from({ length: size }, () => stage.join());
  const seen: Batch[] = [];
  for (const { sink } of readers) {
    sink.onAccept = (batch) => {
      seen.push(batch);
      stage.scheduler.spend(micros);
    };
  }
  return { readers, seen };
}

/** Rounds until what they cost is known. */
function run(stage: HubStage, source: ReturnType<HubStage["publish"]>): void {
  for (let i = 0; i < 50; i++) {
    source.frame();
    source.clock += 40;
    stage.scheduler.advance(40);
  }
}

describe("sound that belongs to a picture", () => {
  it("leaves at the end of the turn while handing out costs nothing", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers } = crowd(stage, 3, 0);
    source.sound();
    stage.scheduler.turn();
    expect(readers[0]?.sink.log.at(-1)).toBe("a1");
  });

  it("goes with the next picture where handing out takes time, and holds that up by nothing", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers, seen } = crowd(stage, 30, 100);
    run(stage, source);
    const before = seen.length;
    source.sound();
    stage.scheduler.advance(20);
    expect(seen).toHaveLength(before);
    source.clock += 20;
    source.frame();
    while (seen.length < before + 30) stage.scheduler.turn();
    for (const { sink } of readers) expect(sink.log.slice(-2)).toEqual(["a1", "v51"]);
    expect(new Set(seen.slice(before)).size).toBe(1);
  });

  it("goes with the next picture when it comes while one is handed out, too", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers, seen } = crowd(stage, 60, 300);
    run(stage, source);
    const before = seen.length;
    source.frame();
    stage.scheduler.turn();
    expect(seen.length - before).toBeLessThan(60);
    source.sound();
    stage.scheduler.advance(20);
    expect(seen).toHaveLength(before + 60);
    source.clock += 40;
    source.frame();
    while (seen.length < before + 120) stage.scheduler.turn();
    for (const { sink } of readers) expect(sink.log.slice(-3)).toEqual(["v51", "a1", "v52"]);
  });

  it("waits no longer than 40 ms for one", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers } = crowd(stage, 30, 100);
    run(stage, source);
    source.sound();
    stage.scheduler.advance(40);
    for (let i = 0; i < 10; i++) stage.scheduler.turn();
    for (const { sink } of readers) expect(sink.log.at(-1)).toBe("a1");
  });

  it("is back at the end of the turn when the crowd has gone", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers } = crowd(stage, 30, 100);
    run(stage, source);
    for (const { subscriber } of readers.slice(1)) subscriber.close("aborted");
    const [last] = readers;
    if (last !== undefined) last.sink.onAccept = undefined;
    run(stage, source);
    source.sound();
    stage.scheduler.turn();
    expect(last?.sink.log.at(-1)).toBe("a1");
  });
});

describe("sound for whoever passes the stream on", () => {
  it("leaves at the end of the turn while handing out costs nothing", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    crowd(stage, 3, 0);
    const relay = stage.join({ onePublication: true });
    source.sound();
    stage.scheduler.turn();
    expect(relay.sink.log.at(-1)).toBe("a1");
  });

  it("goes with the next picture, which does not rest, where viewers' sound does", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { seen } = crowd(stage, 50, 200);
    const relay = stage.join({ onePublication: true });
    run(stage, source);
    const before = seen.length;
    const had = relay.sink.log.length;
    source.sound();
    stage.scheduler.advance(20);
    expect(relay.sink.log).toHaveLength(had);
    source.frame();
    stage.scheduler.turn();
    expect(relay.sink.log.slice(had)).toEqual(["a1", "v51"]);
    source.frame();
    stage.scheduler.turn();
    expect(relay.sink.log.slice(had)).toEqual(["a1", "v51", "v52"]);
    // Viewers have had the first of the two, and rest.
    expect(seen.length).toBe(before + 50);
  });

  it("waits no longer than 40 ms for one, and not at all when the hub closes", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    crowd(stage, 30, 100);
    const relay = stage.join({ onePublication: true });
    run(stage, source);
    source.sound();
    stage.scheduler.advance(40);
    expect(relay.sink.log.at(-1)).toBe("a1");
    source.sound();
    stage.hub.close();
    for (let i = 0; i < 10; i++) stage.scheduler.turn();
    expect(relay.sink.log.at(-1)).toBe("a2");
    expect(stage.scheduler.pending).toBe(0);
  });
});

describe("a round that takes long", () => {
  it("is done in slices: who comes meanwhile is let in, what comes meanwhile is the next round's", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers, seen } = crowd(stage, 100, 300);
    source.frame();
    stage.scheduler.turn();
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(50);
    const { sink } = stage.join();
    expect(sink.log.slice(1)).toEqual(["V0", "a0", "v1"]);
    // A packet in every slice: a round that took them in would never end, and nobody would rest.
    let slices = 0;
    while (seen.length < 100) {
      source.clock += 1;
      source.frame();
      stage.scheduler.turn();
      slices += 1;
    }
    expect(slices).toBeGreaterThan(1);
    expect(new Set(seen).size).toBe(1);
    stage.scheduler.advance(1_000);
    for (let i = 0; i < 100; i++) stage.scheduler.turn();
    const frames = ["V0", "a0", ...Array.from({ length: slices + 1 }, (_, i) => `v${i + 1}`)];
    for (const reader of [...readers.map((one) => one.sink), sink])
      expect(reader.log.slice(1)).toEqual(frames);
    // All those packets in one batch, but for who came between.
    expect(new Set(seen).size).toBe(2);
  });

  it("gives everyone all there is when the stream ends in the middle of it", () => {
    const stage = hubStage({ keepViewersMs: 0 });
    const source = stage.publish();
    source.group(1);
    const { readers } = crowd(stage, 100, 300);
    source.frame();
    stage.scheduler.turn();
    source.frame();
    source.publisher.end("unpublished");
    for (let i = 0; i < 100; i++) stage.scheduler.turn();
    for (const { sink } of readers) {
      expect(sink.log.slice(1)).toEqual(["V0", "a0", "v1", "v2"]);
      expect(sink.ends).toEqual(["unpublished"]);
    }
  });

  it("ends with the hub", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    const { readers } = crowd(stage, 100, 300);
    source.frame();
    stage.scheduler.turn();
    stage.hub.close();
    for (let i = 0; i < 100; i++) stage.scheduler.turn();
    for (const { sink } of readers) expect(sink.ends).toEqual(["shutdown"]);
    expect(stage.scheduler.pending).toBe(0);
  });
});

describe("several crowds in one round", () => {
  it("are each served, whoever the slice ends with", () => {
    const stage = hubStage();
    const sources = ["live/a", "live/b", "live/c"].map((name) => stage.publish(undefined, name));
    for (const source of sources) source.group(1);
    const sinks = sources.flatMap((_, i) =>
      Array.from({ length: 40 }, () => {
        const sink = recordingSink();
        stage.join({ sink }, `live/${"abc"[i]}`);
        sink.onAccept = () => stage.scheduler.spend(100);
        return sink;
      }),
    );
    for (const source of sources) source.frame();
    for (let i = 0; i < 40; i++) stage.scheduler.turn();
    for (const sink of sinks) expect(sink.log.at(-1)).toBe("v1");
  });
});

import { describe, expect, it } from "vitest";
import { hubStage } from "../../test/support/hub-stage.js";
import { recordingSink } from "../../test/support/recording-sink.js";
import {
  audioTrack,
  dataTrack,
  packet,
  readToy,
  toyFormat,
  videoTrack,
} from "../../test/support/toy-format.js";
import type { Refused } from "./refused.js";
import { TIMELINE_RENEW_MICROS } from "./variant.js";

const video = videoTrack();
const audio = audioTrack();

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Refused).code;
  }
  return "none";
}

describe("joining", () => {
  it("begins with the header and the cached group, then goes on live, the same for the first and the last", () => {
    const { publish, join } = hubStage();
    const source = publish();
    source.frame();
    source.group(3);
    const first = join();
    source.group(2);
    source.group(2);
    const last = join();
    source.frame();
    source.group(1);
    expect(first.sink.log.slice(0, 4)).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V1", "a0", "v2"]);
    expect(last.sink.log.slice(0, 4)).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V6", "a5", "v7"]);
    expect(first.sink.log.slice(-7)).toEqual(last.sink.log.slice(1));
  });

  it("waits for the next key frame where the group has outgrown the cache, for the first reader and for later ones", () => {
    const { publish, join } = hubStage({ gopCacheMs: 200 });
    const source = publish();
    source.group(10);
    const first = join();
    source.group(1);
    expect(first.sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V10", "a10"]);
    source.group(10);
    const second = join();
    expect(second.sink.log).toEqual([]);
    source.group(1);
    expect(second.sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V21", "a21"]);
  });

  it("begins with the next key frame where the cache is off", () => {
    const { publish, join } = hubStage({ gopCacheMs: 0 });
    const source = publish();
    source.group(2);
    const readers = [join(), join()];
    source.group(2);
    for (const { sink } of readers) expect(sink.log[1]).toBe("V2");
    const late = join();
    source.group(1);
    expect(late.sink.log[1]).toBe("V4");
  });

  it("is fed the cached group in pieces", () => {
    const { publish, join, hub } = hubStage();
    const { publisher } = publish();
    for (let i = 0; i < 10; i++)
      publisher.write(packet(video, i * 40, { key: i === 0, data: "x".repeat(40_000) }));
    const bytes = join();
    const packets = join({ format: undefined });
    const held = join({ format: toyFormat({ key: "buffered", buffered: true }) });
    expect(bytes.sink.batches.map(({ frames }) => frames)).toEqual([0, 2, 2, 2, 2, 2]);
    expect(held.sink.batches.map(({ frames }) => frames)).toEqual([0, 2, 2, 2, 2, 2]);
    expect(packets.sink.batches.map(({ frames }) => frames)).toEqual([2, 2, 2, 2, 2]);
    hub.close();
  });

  it("shares one packager among readers of the same format and selection, and frees it with the last", () => {
    let muxers = 0;
    const toy = toyFormat();
    const createMuxer: typeof toy.createMuxer = (init) => {
      muxers += 1;
      return toy.createMuxer(init);
    };
    const format = { ...toy, createMuxer };
    const { publish, join } = hubStage();
    const source = publish();
    source.group(2);
    const first = join({ format });
    const second = join({ format });
    const silent = join({ format, selection: { video: true, audio: false } });
    expect(muxers).toBe(2);
    for (const { subscriber } of [first, second, silent]) subscriber.close("aborted");
    join({ format });
    expect(muxers).toBe(3);
  });

  it("refuses what it cannot give, and changes nothing", () => {
    const { publish, join, hub } = hubStage({ maxVariants: 2 });
    const source = publish([video]);
    source.group(1);
    expect(refusal(() => join({ selection: { video: false, audio: true } }))).toBe("no-tracks");
    expect(refusal(() => join({ format: toyFormat({ key: "none", carries: () => false }) }))).toBe(
      "no-tracks",
    );
    join();
    join({ format: undefined });
    expect(refusal(() => join({ format: toyFormat({ key: "third" }) }))).toBe("variants");
    expect(hub.stream("live/a")?.readers).toBe(2);
    source.publisher.end("client-closed");
    expect(refusal(() => join())).toBe("not-live");
  });

  it("leaves nothing behind when a muxer cannot be made", () => {
    const { publish, join, hub } = hubStage();
    const source = publish();
    source.group(1);
    const format = {
      ...toyFormat(),
      createMuxer() {
        throw new Error("muxer");
      },
    };
    expect(() => join({ format })).toThrow("muxer");
    source.publisher.end("client-closed");
    expect(hub.streams).toEqual([]);
  });
});

describe("tracks", () => {
  it("tells a changed configuration in its place, and the one in force to who joins before and after", () => {
    const { publish, join } = hubStage();
    const source = publish();
    source.group(2);
    source.audio = audioTrack(1);
    source.frame();
    source.sound();
    const during = join();
    source.video = videoTrack(1);
    source.group(1);
    const after = join();
    expect(during.sink.log).toEqual([
      "[start 1:avc1.0 2:mp4a.0]",
      "V0",
      "a0",
      "v1",
      "a1",
      "v2",
      "[config 2:mp4a.1]",
      "a2",
      "[config 1:avc1.1]",
      "V3",
      "a3",
    ]);
    expect(after.sink.log).toEqual(["[start 1:avc1.1 2:mp4a.1]", "V3", "a3"]);
  });

  it("says nothing of a configuration that only came again", () => {
    const { publish, join, events } = hubStage();
    const source = publish();
    source.group(1);
    const { sink } = join();
    source.video = { ...source.video };
    source.group(1);
    expect(sink.log.slice(-2)).toEqual(["V1", "a1"]);
    expect(events).toEqual(["publish live/a", "tracks live/a avc1.0+mp4a.0"]);
  });

  it("ends readers whose format cannot say the change; they rejoin with all there is", () => {
    const { publish, join } = hubStage();
    const format = toyFormat({ canChange: false });
    const source = publish();
    source.group(2);
    const { sink } = join({ format });
    const again = recordingSink();
    sink.onEnd = () => {
      join({ format, sink: again });
    };
    source.video = videoTrack(1);
    source.group(2);
    expect(sink.log.slice(-2)).toEqual(["v1", "a1"]);
    expect(sink.ends).toEqual(["config-changed"]);
    expect(again.log).toEqual(["[start 1:avc1.1 2:mp4a.0]", "V2", "a2", "v3", "a3"]);
  });

  it("begins after a change within the cached group that the format cannot say", () => {
    const { publish, join, scheduler } = hubStage();
    const source = publish();
    source.group(2);
    source.audio = audioTrack(1);
    source.sound();
    const { sink } = join({ format: toyFormat({ canChange: false }) });
    source.frame();
    scheduler.turn();
    expect(sink.log).toEqual([]);
    expect(sink.ends).toEqual([]);
    source.group(1);
    expect(sink.log).toEqual(["[start 1:avc1.0 2:mp4a.1]", "V3", "a3"]);
  });

  it("gives a late track in-band to a format that takes it, a word to others, and all of it to who joins then", () => {
    const { publish, join } = hubStage();
    const open = toyFormat({ key: "open", lateTracks: true });
    const source = publish([video]);
    source.key();
    const closed = join();
    const taking = join({ format: open });
    const packets = join({ format: undefined });
    source.clock += 40;
    source.frame();
    source.sound();
    source.group(1);
    const joined = [join(), join({ format: open }), join({ format: undefined })];
    source.group(1);
    expect(closed.sink.log).toEqual(["[start 1:avc1.0]", "V0", "v1", "[late 2]", "V2", "V3"]);
    expect(taking.sink.log).toEqual([
      "[start 1:avc1.0]",
      "V0",
      "v1",
      "[config 2:mp4a.0]",
      "a0",
      "V2",
      "a1",
      "V3",
      "a2",
    ]);
    expect(packets.sink.log).toEqual(["V0", "v1", "a0", "V2", "a1", "V3", "a2"]);
    for (const { sink } of joined.slice(0, 2))
      expect(sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V2", "a1", "V3", "a2"]);
    expect(joined[2]?.sink.log).toEqual(["V2", "a1", "V3", "a2"]);
  });

  it("says no word of a late track to a format that could not carry it anyway", () => {
    const { publish, join } = hubStage();
    const source = publish([video]);
    source.key();
    const format = toyFormat({ carries: ({ kind }) => kind === "video" });
    const { sink } = join({ format });
    source.sound();
    source.group(1);
    const second = join({ format });
    expect(sink.log).toEqual(["[start 1:avc1.0]", "V0", "V1"]);
    expect(second.sink.log).toEqual(["[start 1:avc1.0]", "V1"]);
  });

  it("begins a late picture with its own key frame, and makes that the place to join", () => {
    const { publish, join } = hubStage();
    const source = publish([audio]);
    source.sound();
    const taking = join({ format: toyFormat({ key: "open", lateTracks: true }) });
    source.frame();
    source.sound();
    source.frame();
    source.clock += 20;
    source.group(2);
    source.sound();
    const late = join();
    const later = join({ format: toyFormat({ key: "open", lateTracks: true }) });
    expect(taking.sink.log).toEqual(["[start 2:mp4a.0]", "a1", "[config 1:avc1.0]", "V2", "a2", "v3", "a3"]);
    for (const { sink } of [late, later])
      expect(sink.log.slice(0, 5)).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V2", "a2", "v3", "a3"]);
  });

  it("starts sound alone with the newest packet, not a group's length behind", () => {
    const { publish, join } = hubStage();
    const source = publish();
    source.group(50);
    const { sink } = join({ selection: { video: false, audio: true } });
    source.group(1);
    expect(sink.log).toEqual(["[start 2:mp4a.0]", "a50"]);
    const second = join({ selection: { video: false, audio: true } });
    expect(second.sink.log).toEqual(["[start 2:mp4a.0]", "a50"]);
  });

  it("serves a stream of sound only", () => {
    const { publish, join, scheduler } = hubStage();
    const source = publish([audio]);
    for (let i = 0; i < 3; i++) {
      source.sound();
      source.clock += 20;
      scheduler.turn();
    }
    const { sink } = join();
    source.sound();
    scheduler.turn();
    expect(sink.log).toEqual(["[start 2:mp4a.0]", "a3"]);
  });

  it("lets sound go on while the picture pauses, and who comes then waits for the picture", () => {
    const { publish, join, scheduler } = hubStage({ gopCacheMs: 1_000 });
    const source = publish();
    source.group(1);
    const { sink } = join();
    for (let i = 0; i < 100; i++) {
      source.sound();
      source.clock += 20;
      scheduler.turn();
    }
    const joined = join();
    expect(sink.log.at(-1)).toBe("a100");
    expect(joined.sink.log).toEqual([]);
    source.group(1);
    expect(joined.sink.log.slice(1)).toEqual(["V1", "a101"]);
  });

  it("carries data beside the tracks, and hands out nothing where the format has no place for it", () => {
    const { publish, join, scheduler } = hubStage();
    const source = publish();
    source.group(1);
    const packets = join({ format: undefined });
    const toy = join();
    const without = join({ format: toyFormat({ key: "av", carries: ({ kind }) => kind !== "data" }) });
    for (const { sink } of [packets, toy, without]) sink.batches.length = 0;
    source.publisher.write(packet(dataTrack, 5, { data: "cue" }));
    scheduler.turn();
    expect(packets.sink.log).toEqual(["cue"]);
    expect(toy.sink.log).toEqual(["cue"]);
    expect(without.sink.batches).toEqual([]);
  });
});

describe("a publisher's end", () => {
  it("keeps viewers for the next, who goes on one frame later with a key frame", () => {
    const { publish, join, scheduler, hub, events } = hubStage();
    const first = publish();
    first.clock = 5_000;
    first.group(2);
    const { sink } = join();
    first.publisher.end("client-reset");
    scheduler.advance(9_000);
    const second = publish();
    second.clock = 77;
    second.frame();
    second.group(2);
    scheduler.advance(60_000);
    expect(sink.log.slice(1)).toEqual(["V0", "a0", "v1", "a1", "V1", "a0", "v2", "a1"]);
    const dts = sink.batches
      .flatMap(({ bytes }) => readToy(bytes))
      .filter((record) => record.t === "packet")
      .map((record) => record.dts / 1000);
    expect(dts).toEqual([0, 0, 40, 40, 80, 80, 120, 120]);
    expect(hub.stream("live/a")?.anchors).toHaveLength(2);
    expect(events).toEqual([
      "publish live/a",
      "tracks live/a avc1.0+mp4a.0",
      "unpublish live/a client-reset",
      "publish live/a",
      "tracks live/a avc1.0+mp4a.0",
    ]);
    expect(sink.ends).toEqual([]);
  });

  it("ends them when none has come in time", () => {
    const { publish, join, scheduler, hub } = hubStage();
    const source = publish();
    source.group(1);
    const { sink } = join();
    source.publisher.end("client-closed");
    scheduler.advance(9_999);
    expect(sink.ends).toEqual([]);
    scheduler.advance(1);
    expect(sink.ends).toEqual(["unpublished"]);
    expect(hub.streams).toEqual([]);
  });

  it("gives a reader that is behind what is kept for it, then the end; or the end when it takes nothing", () => {
    const { publish, join, hub, scheduler } = hubStage({ keepViewersMs: 0 });
    const source = publish();
    source.group(1);
    const slow = join();
    const dead = join();
    for (const { sink } of [slow, dead]) sink.busy = true;
    source.group(2);
    source.publisher.end("client-closed");
    slow.sink.busy = false;
    slow.subscriber.resume();
    expect(slow.sink.log.slice(-4)).toEqual(["V1", "a1", "v2", "a2"]);
    expect(slow.sink.ends).toEqual(["unpublished"]);
    expect(hub.streams).toHaveLength(1);
    scheduler.advance(12_000);
    expect(dead.sink.ends).toEqual(["too-slow"]);
    expect(hub.streams).toEqual([]);
  });

  it("ends them at once with the reason when it was kicked", () => {
    const { publish, join, hub } = hubStage();
    const source = publish();
    source.group(1);
    const { sink } = join();
    const slow = join();
    slow.sink.busy = true;
    source.group(1);
    source.publisher.end("kicked");
    expect([sink.ends, slow.sink.ends, hub.streams]).toEqual([["kicked"], ["kicked"], []]);
  });

  it("is not mixed up with the next: nobody begins with what the first had sent", () => {
    const { publish, join } = hubStage();
    const first = publish();
    first.group(3);
    join();
    first.publisher.end("client-reset");
    const second = publish();
    const { sink } = join();
    second.group(1);
    expect(sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V0", "a0"]);
  });

  it("lets the next have more tracks, or fewer: kept viewers hear of it, new ones get the truth", () => {
    const { publish, join } = hubStage();
    const open = toyFormat({ key: "open", lateTracks: true });
    const first = publish([video]);
    first.group(1);
    const closed = join();
    const taking = join({ format: open });
    first.publisher.end("client-reset");
    const second = publish([video, audio]);
    second.group(1);
    expect(closed.sink.log.slice(-2)).toEqual(["[late 2]", "V0"]);
    expect(taking.sink.log.slice(-3)).toEqual(["[config 2:mp4a.0]", "V0", "a0"]);
    for (const format of [open, undefined, toyFormat()]) {
      const { sink, subscriber } = join({ format });
      expect(sink.log.slice(-2)).toEqual(["V0", "a0"]);
      subscriber.close("aborted");
    }
    second.publisher.end("client-reset");
    const third = publish([video]);
    third.group(1);
    for (const format of [open, toyFormat()])
      expect(join({ format }).sink.log).toEqual(["[start 1:avc1.0]", "V0"]);
  });

  it("lets a kept viewer that fell behind go on with sound where the next has no picture", () => {
    const { publish, join } = hubStage({ maxLagMs: 100 });
    const first = publish();
    first.group(1);
    const { sink, subscriber } = join();
    sink.busy = true;
    first.group(10);
    subscriber.resume();
    first.publisher.end("client-reset");
    const second = publish([audio]);
    sink.busy = false;
    second.sound();
    second.clock += 20;
    second.sound();
    second.publisher.end("kicked");
    expect(sink.log.slice(-2)).toEqual(["a0", "a1"]);
  });

  it("in the middle of a packet, by who hears of its tracks, leaves nothing of it", () => {
    const { publish, join, hub } = hubStage({ keepViewersMs: 0 });
    const source = publish();
    source.group(1);
    const { sink } = join();
    hub.on("tracks", () => source.publisher.end("kicked"));
    source.video = videoTrack(1);
    source.key();
    expect(sink.ends).toEqual(["kicked"]);
    expect(hub.streams).toEqual([]);
  });
});

describe("the timeline's end", () => {
  it("gives new readers a new zero, and ends the old ones before their timestamps run out", () => {
    const { publish, join, scheduler } = hubStage();
    const source = publish();
    source.group(1);
    const old = join();
    // A slide show of a minute a picture would take long: let sound and picture step by what counts as no jump.
    const skip = (micros: number): void => {
      const { publisher } = source;
      const until = source.clock + micros / 1000;
      while (source.clock < until) {
        source.clock += 50_000;
        publisher.write(packet(source.video, source.clock, { key: true, data: "V" }));
      }
      scheduler.turn();
    };
    source.clock += 20_000;
    skip(TIMELINE_RENEW_MICROS + 100_000_000);
    old.sink.batches.length = 0;
    const fresh = join();
    source.publisher.write(packet(audio, source.clock - 10, { data: "older than the new zero" }));
    source.group(1);
    const times = (batches: typeof fresh.sink.batches): number[] =>
      batches
        .flatMap(({ bytes }) => readToy(bytes))
        .flatMap((record) => (record.t === "packet" ? [record.dts] : []));
    expect(times(fresh.sink.batches)[0]).toBe(0);
    for (const dts of times(fresh.sink.batches)) expect(dts).toBeGreaterThanOrEqual(0);
    expect(fresh.sink.log.slice(-2)).toEqual(["V1", "a1"]);
    expect(old.sink.ends).toEqual([]);
    skip(TIMELINE_RENEW_MICROS - 3_500_000_000);
    expect(old.sink.ends).toEqual(["timeline-end"]);
    for (const dts of times(old.sink.batches)) expect(dts / 1000).toBeLessThanOrEqual(2 ** 31 - 3_600_000);
    expect(fresh.sink.ends).toEqual([]);
  });
});

describe("a fault of a muxer", () => {
  it("ends the readers of that format and nobody else", () => {
    const { publish, join, errors } = hubStage();
    const source = publish();
    source.group(1);
    const fault = new Error("muxer");
    const toy = toyFormat({ key: "broken" });
    for (const method of ["write", "flush"] as const) {
      const format = {
        ...toy,
        createMuxer(init: Parameters<typeof toy.createMuxer>[0]) {
          const muxer = toy.createMuxer(init);
          let calls = 0;
          const counted = (...args: never[]): void => {
            calls += 1;
            if (calls > 3) throw fault;
            (muxer[method] as (...all: never[]) => void)(...args);
          };
          return { ...muxer, [method]: counted };
        },
      };
      const { sink } = join({ format });
      const other = join();
      source.group(4);
      expect(sink.ends).toEqual(["internal"]);
      expect(errors.at(-1)).toBe(fault);
      expect(other.sink.ends).toEqual([]);
      expect(source.publisher.ended).toBe(false);
      other.subscriber.close("aborted");
    }
  });

  it("hands out nothing more of it, and gives who rejoins a new one", () => {
    const { publish, join, scheduler } = hubStage();
    const source = publish();
    source.group(1);
    const toy = toyFormat({ key: "broken" });
    let broken = false;
    const createMuxer: typeof toy.createMuxer = (init) => ({
      ...toy.createMuxer(init),
      flush() {
        if (broken) throw new Error("muxer");
      },
    });
    const format = { ...toy, createMuxer };
    const first = join({ format });
    const again = recordingSink();
    first.sink.onEnd = () => {
      broken = false;
      join({ format, sink: again });
    };
    broken = true;
    source.frame();
    source.video = videoTrack(1);
    source.key();
    scheduler.turn();
    source.frame();
    scheduler.turn();
    expect(first.sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V0", "a0"]);
    expect(first.sink.ends).toEqual(["internal"]);
    expect(again.log).toEqual(["[start 1:avc1.1 2:mp4a.0]", "V2", "v3"]);
    join({ format });
    const third = recordingSink();
    again.onEnd = () => {
      broken = false;
      join({ format, sink: third });
    };
    broken = true;
    source.frame();
    scheduler.turn();
    source.frame();
    scheduler.turn();
    expect(again.ends).toEqual(["internal"]);
    expect(third.log.slice(-2)).toEqual(["v4", "v5"]);
  });
});

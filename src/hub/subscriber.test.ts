import { describe, expect, it } from "vitest";
import { hubStage, type Reader, watched } from "../../test/support/hub-stage.js";
import { recordingSink } from "../../test/support/recording-sink.js";
import { toyFormat, videoTrack } from "../../test/support/toy-format.js";

describe("Subscriber", () => {
  it("gets one batch a turn", () => {
    const { source, reader, scheduler } = watched();
    source.frame();
    source.sound();
    source.frame();
    expect(reader.sink.batches).toEqual([]);
    scheduler.turn();
    expect(reader.sink.batches).toHaveLength(1);
    expect(reader.sink.log).toEqual(["v2", "a2", "v3"]);
  });

  it("shares the bytes with every other reader", () => {
    const { source, reader, join } = watched();
    const other = join();
    source.group(1);
    expect(other.sink.batches.at(-1)?.bytes).toBe(reader.sink.batches.at(-1)?.bytes);
  });

  it("takes what it missed once its sink can, in order and without a drop while it is within the bounds", () => {
    const { source, reader } = watched();
    reader.sink.busy = true;
    source.group(3);
    expect(reader.subscriber.lagMs).toBe(80);
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual([]);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["V2", "a2", "v3", "a3", "v4", "a4"]);
    expect(reader.sink.drops).toEqual([]);
    expect(reader.subscriber.lagMs).toBe(0);
    source.group(1);
    expect(reader.sink.log.slice(-2)).toEqual(["V5", "a5"]);
  });

  it("skips to the newest key frame ahead when it is too far behind, and says what it missed", () => {
    const { source, reader } = watched({ maxLagMs: 200 });
    source.frame();
    reader.sink.busy = true;
    source.clock += 40;
    source.group(5);
    source.group(3);
    reader.sink.busy = false;
    reader.subscriber.resume();
    // Eleven packets: v2 and the group of five with sound.
    expect(reader.sink.log).toEqual(["V8", "a7", "v9", "a8", "v10", "a9"]);
    expect(reader.sink.drops).toMatchObject([{ frames: 11, ms: 240 }]);
    const all = reader.sink.drops[0]?.bytes ?? 0;
    expect(all).toBeGreaterThan(0);
  });

  it("waits for the next key frame where none within the bound is ahead", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    reader.sink.busy = true;
    source.group(10);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual([]);
    expect(reader.subscriber.lagMs).toBeGreaterThan(100);
    source.frame();
    source.clock += 40;
    source.group(2);
    expect(reader.sink.log).toEqual(["V13", "a12", "v14", "a13"]);
    expect(reader.sink.drops).toMatchObject([{ frames: 21 }]);
  });

  it("does not pass over to a key frame that is out of reach itself", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    reader.sink.busy = true;
    source.frame();
    source.clock += 40;
    source.group(10);
    reader.subscriber.resume();
    reader.sink.busy = false;
    source.group(1);
    expect(reader.sink.log).toEqual(["V13", "a12"]);
    expect(reader.sink.drops).toMatchObject([{ frames: 21 }]);
  });

  it("counts each missed frame once when it is overtaken again before it could go on", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    reader.sink.busy = true;
    source.group(2);
    source.group(2);
    source.group(2);
    // Passes over to the third group, and is still busy when that too is out of reach.
    reader.subscriber.resume();
    source.group(2);
    source.group(2);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["V10", "a10", "v11", "a11"]);
    const missed = reader.sink.drops.reduce((sum, { frames }) => sum + frames, 0);
    expect(missed).toBe(16);
  });

  it("is bounded in bytes as in time", () => {
    const { source, reader } = watched({ maxLagBytes: 300 });
    reader.sink.busy = true;
    source.group(4);
    source.group(1);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["V6", "a6"]);
    expect(reader.sink.drops).toMatchObject([{ frames: 8 }]);
  });

  it("is told the configuration that changed while it was not looking", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    reader.sink.busy = true;
    source.group(5);
    source.video = videoTrack(1);
    source.group(5);
    source.group(1);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["[config 1:avc1.1]", "V12", "a12"]);
  });

  it("is told nothing where the configuration changed and changed back", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    const { video } = source;
    reader.sink.busy = true;
    source.video = videoTrack(1);
    source.group(5);
    source.video = video;
    source.group(5);
    source.group(1);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["V12", "a12"]);
  });

  it("knows the configuration it took late", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    source.video = videoTrack(1);
    reader.sink.busy = true;
    source.group(1);
    reader.sink.busy = false;
    reader.subscriber.resume();
    reader.sink.batches.length = 0;
    reader.sink.busy = true;
    source.group(5);
    source.group(1);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["V8", "a8"]);
  });

  it("knows the configuration it heard last, whether it was behind or not", () => {
    const { source, reader } = watched({ maxLagMs: 100 });
    const { video } = source;
    source.video = videoTrack(1);
    source.group(1);
    reader.sink.batches.length = 0;
    reader.sink.busy = true;
    source.video = video;
    source.group(5);
    source.group(1);
    reader.sink.busy = false;
    reader.subscriber.resume();
    expect(reader.sink.log).toEqual(["[config 1:avc1.0]", "V8", "a8"]);
  });

  it("may take its time with the burst it joins with, longer than the lag bound", () => {
    const stage = hubStage({ maxLagMs: 100, gopCacheMs: 10_000 });
    const source = stage.publish();
    source.group(20);
    const first = stage.join();
    const sink = recordingSink();
    sink.onAccept = () => {
      sink.busy = true;
    };
    const { subscriber } = stage.join({ sink });
    while (!sink.log.includes("v19")) {
      sink.busy = false;
      subscriber.resume();
    }
    expect(sink.log).toEqual(first.sink.log);
    expect(sink.drops).toEqual([]);
  });

  it("has used up that time once it was overtaken", () => {
    const stage = hubStage({ maxLagMs: 100, gopCacheMs: 1_000 });
    const source = stage.publish();
    source.group(5);
    const sink = recordingSink();
    sink.busy = true;
    const { subscriber } = stage.join({ sink });
    // The group it was to begin with is forgotten.
    source.group(10);
    sink.busy = false;
    subscriber.resume();
    expect(sink.log).toEqual([]);
    source.group(1);
    expect(sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V15", "a15"]);
    expect(sink.drops).toMatchObject([{ frames: 30 }]);
  });

  it("is closed when its sink takes nothing for too long", () => {
    const { source, reader, scheduler, hub } = watched({ stallTimeoutMs: 5_000 });
    reader.sink.busy = true;
    source.group(1);
    scheduler.advance(5_000);
    expect(reader.sink.ends).toEqual([]);
    scheduler.advance(1_000);
    expect(reader.sink.ends).toEqual(["too-slow"]);
    expect(reader.subscriber.ended).toBe(true);
    expect(hub.stream("live/a")?.readers).toBe(0);
  });

  it("is not closed for a pause of the publisher", () => {
    const { reader, scheduler } = watched({ stallTimeoutMs: 5_000 });
    scheduler.advance(60_000);
    expect(reader.sink.ends).toEqual([]);
  });

  it("ends once, whoever ends it and how often", () => {
    const { reader, source } = watched();
    reader.subscriber.close("aborted");
    reader.subscriber.close("kicked");
    reader.subscriber.finish("unpublished");
    reader.subscriber.resume();
    source.group(1);
    expect(reader.sink.ends).toEqual(["aborted"]);
    expect(reader.sink.batches).toEqual([]);
  });

  it("reports at its end what it had already passed over", () => {
    const { reader, source } = watched({ maxLagMs: 100 });
    reader.sink.busy = true;
    source.group(5);
    reader.subscriber.resume();
    source.group(0);
    source.frame();
    source.publisher.end("kicked");
    expect(reader.sink.drops).toMatchObject([{ frames: 11 }]);
    expect(reader.sink.ends).toEqual(["kicked"]);
  });

  describe("from within a sink", () => {
    it("may be closed while it takes a batch, live or not, and comes to life no more", () => {
      for (const answer of ["ok", "busy"] as const) {
        for (const live of [true, false]) {
          const { source, reader, hub, join } = watched();
          const { sink } = reader;
          if (!live) {
            sink.busy = true;
            source.group(1);
            sink.busy = false;
          }
          const other = join();
          sink.accept = () => {
            reader.subscriber.close("aborted");
            return answer;
          };
          source.group(1);
          reader.subscriber.resume();
          expect(sink.ends).toEqual(["aborted"]);
          expect(hub.stream("live/a")?.readers).toBe(1);
          source.group(1);
          expect(sink.ends).toEqual(["aborted"]);
          expect(other.sink.log.slice(-2)).toEqual(
            ["V4", "a4"].map((name) => (live ? name.replace("4", "3") : name)),
          );
        }
      }
    });

    it("may end the stream while it takes its preamble: it is ended once it is out of accept", () => {
      const { hub, join, source } = watched();
      const sink = recordingSink();
      const stream = hub.stream("live/a");
      sink.onAccept = () => {
        stream?.close("kicked");
        expect(sink.ends).toEqual([]);
      };
      expect(join({ sink }).subscriber.ended).toBe(true);
      expect(sink.ends).toEqual(["kicked"]);
      const taken = sink.batches.length;
      source.group(1);
      expect(sink.batches).toHaveLength(taken);
      expect(hub.streams).toEqual([]);
    });

    it("may resume itself", () => {
      const { source, reader } = watched();
      reader.sink.onAccept = () => reader.subscriber.resume();
      source.group(2);
      reader.sink.busy = true;
      source.group(2);
      reader.sink.busy = false;
      reader.subscriber.resume();
      expect(reader.sink.log).toEqual(["V2", "a2", "v3", "a3", "V4", "a4", "v5", "a5"]);
    });

    it("may resume another that is behind: nothing twice, nothing out of order", () => {
      const { source, reader, join } = watched();
      const other = join();
      const before = other.sink.log.length;
      other.sink.busy = true;
      source.group(1);
      other.sink.busy = false;
      reader.sink.onAccept = () => other.subscriber.resume();
      source.group(2);
      expect(other.sink.log.slice(before)).toEqual(["V2", "a2", "V3", "a3", "v4", "a4"]);
    });

    it("may let another join: it gets the batch once", () => {
      const { source, reader, join } = watched();
      let joined: Reader | undefined;
      reader.sink.onAccept = () => {
        joined ??= join();
      };
      source.group(2);
      expect(joined?.sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V2", "a2", "v3", "a3"]);
    });

    it("may write to the stream it reads: that is of the next turn", () => {
      const { source, reader, join, scheduler } = watched();
      const other = join();
      const before = other.sink.log.length;
      reader.sink.onAccept = () => {
        reader.sink.onAccept = undefined;
        source.key();
        source.frame();
      };
      source.frame();
      scheduler.turn();
      scheduler.turn();
      expect(reader.sink.log).toEqual(["v2", "V3", "v4"]);
      expect(other.sink.log.slice(before)).toEqual(["v2", "V3", "v4"]);
    });

    it("may end the publisher: all get the batch first, and are ended out of accept", () => {
      const { source, reader, join, hub } = watched({ keepViewersMs: 0 });
      const other = join();
      let inside = false;
      reader.sink.onAccept = () => {
        inside = true;
        source.publisher.end("client-closed");
        expect(reader.sink.ends).toEqual([]);
        inside = false;
      };
      reader.sink.onEnd = () => expect(inside).toBe(false);
      source.group(1);
      for (const { sink } of [reader, other]) {
        expect(sink.log.slice(-2)).toEqual(["V2", "a2"].slice(0, sink.log.length));
        expect(sink.ends).toEqual(["unpublished"]);
      }
      expect(hub.streams).toEqual([]);
    });

    it("may throw: it alone is ended, and the fault is told", () => {
      const { source, reader, join, errors } = watched();
      const other = join();
      const fault = new Error("sink");
      reader.sink.onAccept = () => {
        throw fault;
      };
      source.group(1);
      expect(errors).toEqual([fault]);
      expect(reader.sink.ends).toEqual(["internal"]);
      expect(other.sink.log.slice(-2)).toEqual(["V2", "a2"]);
      const third = recordingSink();
      third.onAccept = reader.sink.onAccept;
      third.onEnd = () => {
        throw fault;
      };
      join({ sink: third });
      expect(errors).toEqual([fault, fault, fault]);
      expect(third.ends).toEqual(["internal"]);
    });
  });

  it("counts drops for readers of packets too", () => {
    const stage = hubStage({ maxLagMs: 100 });
    const source = stage.publish();
    source.group(1);
    const { sink, subscriber } = stage.join({ format: undefined });
    expect(sink.log).toEqual(["V0", "a0"]);
    sink.busy = true;
    source.group(5);
    source.group(1);
    sink.busy = false;
    subscriber.resume();
    expect(sink.log.slice(2)).toEqual(["V6", "a6"]);
    expect(sink.drops).toEqual([{ cause: "sink", frames: 10, bytes: 20, ms: 200 }]);
  });

  it("is told again of a late track whose word it passed over", () => {
    const stage = hubStage({ maxLagMs: 100 });
    const source = stage.publish([videoTrack()]);
    source.key();
    stage.scheduler.turn();
    const { sink, subscriber } = stage.join({ format: toyFormat({ lateTracks: false }) });
    sink.busy = true;
    source.clock += 40;
    source.sound();
    source.group(5);
    source.group(1);
    sink.busy = false;
    subscriber.resume();
    expect(sink.log.slice(2)).toEqual(["[late 2]", "V6"]);
  });
});

import { describe, expect, it } from "vitest";
import { hubStage } from "../../test/support/hub-stage.js";
import { audioTrack, packet, videoTrack } from "../../test/support/toy-format.js";
import type { Refused } from "./refused.js";

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Refused).code;
  }
  return "none";
}

describe("publishing a name in use", () => {
  it("is refused while the present publisher sends, and takes over once it does not", () => {
    const { publish, scheduler, join, events } = hubStage();
    const first = publish();
    first.group(1);
    scheduler.advance(2_999);
    expect(refusal(() => publish())).toBe("busy");
    expect(first.publisher.ended).toBe(false);
    const { sink } = join();
    scheduler.advance(1);
    const second = publish();
    expect(first.publisher.ended).toBe(true);
    first.key();
    second.group(1);
    expect(sink.log.slice(1)).toEqual(["V0", "a0", "V0", "a0"]);
    expect(sink.ends).toEqual([]);
    expect(events.slice(2)).toEqual([
      "unpublish live/a taken-over",
      "publish live/a",
      "tracks live/a avc1.0+mp4a.0",
    ]);
  });

  it("takes over at once where the operator chose so, with the viewers, whatever keepViewersMs", () => {
    for (const keepViewersMs of [0, 10_000]) {
      const { publish, join, scheduler } = hubStage({ duplicate: "takeover", keepViewersMs });
      const first = publish();
      first.group(1);
      const { sink } = join();
      const second = publish();
      second.group(1);
      scheduler.advance(60_000);
      expect(sink.log.slice(-2)).toEqual(["V0", "a0"]);
      expect(sink.ends).toEqual([]);
    }
  });

  it("starts anew where nobody watched", () => {
    const { publish, join, hub } = hubStage({ duplicate: "takeover" });
    const first = publish();
    first.group(1);
    publish().group(1);
    expect(hub.streams).toHaveLength(1);
    expect(hub.stream("live/a")?.publisher).not.toBe(first.publisher);
    expect(join().sink.log).toHaveLength(3);
  });

  it("leaves exactly one publisher when who hears of the takeover publishes too", () => {
    const { publish, hub, join, scheduler } = hubStage({ duplicate: "takeover" });
    for (const watchedBy of [0, 1]) {
      const first = publish();
      first.group(1);
      const reader = watchedBy > 0 ? join() : undefined;
      let nested: ReturnType<typeof publish> | undefined;
      const remove = hub.on("unpublish", () => {
        remove();
        nested = publish();
      });
      expect(refusal(() => publish())).toBe("busy");
      expect(hub.streams).toHaveLength(1);
      expect(hub.stream("live/a")?.publisher).toBe(nested?.publisher);
      nested?.group(1);
      scheduler.advance(60_000);
      expect(reader?.sink.ends ?? []).toEqual([]);
      reader?.subscriber.close("aborted");
      nested?.publisher.end("client-closed");
      expect(hub.streams).toEqual([]);
    }
  });
});

describe("a stream's life", () => {
  it("is as long as it has a publisher or readers", () => {
    const { publish, join, hub, scheduler } = hubStage();
    const source = publish();
    source.group(1);
    const { subscriber } = join();
    source.publisher.end("client-closed");
    expect(hub.streams).toHaveLength(1);
    subscriber.close("aborted");
    expect(hub.streams).toEqual([]);
    scheduler.turn();
    // What is left is the hub's own sweep.
    expect(scheduler.pending).toBe(1);
  });

  it("leaves nothing behind, though ten thousand names come and go", () => {
    const { hub, scheduler } = hubStage();
    for (let i = 0; i < 10_000; i++) {
      const publisher = hub.publish(`live/${i}`);
      publisher.write(packet(videoTrack(), 0, { key: true }));
      publisher.end("client-closed");
    }
    scheduler.turn();
    expect(hub.streams).toEqual([]);
    expect(scheduler.pending).toBe(1);
  });

  it("is told in events, each listener for itself", () => {
    const { hub, publish, errors, events } = hubStage();
    const fault = new Error("listener");
    hub.on("publish", () => {
      throw fault;
    });
    publish().publisher.end("client-closed");
    expect(errors).toEqual([fault]);
    expect(events).toEqual([
      "publish live/a",
      "tracks live/a avc1.0+mp4a.0",
      "unpublish live/a client-closed",
    ]);
  });
});

describe("whenLive", () => {
  it("gives a live stream at once", async () => {
    const { publish, hub, scheduler } = hubStage();
    publish();
    expect(await hub.whenLive("live/a", 0)).toBe(hub.stream("live/a"));
    expect(scheduler.pending).toBe(1);
  });

  it("waits for the tracks, not only for the publisher, and lets all who wait go", async () => {
    const { hub, scheduler } = hubStage();
    const waiting = [hub.whenLive("live/a", 5_000), hub.whenLive("live/a", 5_000)];
    const publisher = hub.publish("live/a");
    waiting.push(hub.whenLive("live/a", 5_000));
    publisher.track(videoTrack());
    publisher.track(audioTrack());
    const stream = hub.stream("live/a");
    expect(await Promise.all(waiting)).toEqual([stream, stream, stream]);
    expect(scheduler.pending).toBe(1);
  });

  it("waits through an outage for the next publisher", async () => {
    const { hub, publish, join } = hubStage();
    const first = publish();
    first.group(1);
    join();
    first.publisher.end("client-reset");
    const waiting = hub.whenLive("live/a", 5_000);
    publish();
    expect(await waiting).toBe(hub.stream("live/a"));
  });

  it("gives up in time, by its signal, and with the hub, and keeps nothing", async () => {
    const { hub, scheduler } = hubStage();
    const timed = hub.whenLive("live/a", 5_000);
    const controller = new AbortController();
    const aborted = hub.whenLive("live/a", 60_000, controller.signal);
    const closed = hub.whenLive("live/b", 60_000);
    scheduler.advance(5_000);
    expect(await timed).toBeUndefined();
    controller.abort();
    expect(await aborted).toBeUndefined();
    hub.close();
    expect(await closed).toBeUndefined();
    expect(scheduler.pending).toBe(0);
    expect(await hub.whenLive("live/a", 5_000)).toBeUndefined();
    expect(await hub.whenLive("live/a", 5_000, AbortSignal.abort())).toBeUndefined();
    expect(scheduler.pending).toBe(0);
  });

  it("lets go of the signal, however it ends", async () => {
    const { hub, scheduler, publish } = hubStage();
    let listeners = 0;
    const signal: AbortSignal = Object.create(new AbortController().signal, {
      aborted: { value: false },
      addEventListener: { value: () => (listeners += 1) },
      removeEventListener: { value: () => (listeners -= 1) },
    });
    const waiting = [hub.whenLive("live/a", 10, signal), hub.whenLive("live/b", 10, signal)];
    expect(listeners).toBe(2);
    publish();
    scheduler.advance(10);
    expect((await Promise.all(waiting)).map((stream) => stream?.name)).toEqual(["live/a", undefined]);
    expect(listeners).toBe(0);
  });
});

describe("merging", () => {
  it("cuts one batch in the time the operator chose, and always before a key frame", () => {
    const { publish, join, scheduler } = hubStage({ mergeMs: 20 });
    const source = publish();
    source.group(1);
    scheduler.advance(20);
    const { sink } = join();
    sink.batches.length = 0;
    source.frame();
    scheduler.turn();
    source.frame();
    scheduler.advance(19);
    expect(sink.batches).toEqual([]);
    source.key();
    scheduler.advance(1);
    expect(sink.batches.map(({ key, frames }) => [key, frames])).toEqual([
      [false, 2],
      [true, 1],
    ]);
  });

  it("leaves no timer behind when the hub closes in between", () => {
    const { publish, join, scheduler, hub } = hubStage({ mergeMs: 20 });
    const source = publish();
    source.group(1);
    const { sink } = join();
    source.frame();
    hub.close();
    expect(sink.log.at(-1)).toBe("v1");
    expect(sink.ends).toEqual(["shutdown"]);
    expect(scheduler.pending).toBe(0);
  });
});

describe("close", () => {
  it("ends everyone at once, those too who still drain, and refuses who comes after", () => {
    const { publish, join, hub, scheduler } = hubStage({ keepViewersMs: 0 });
    const drained = publish(undefined, "live/b");
    drained.group(1);
    const draining = join({}, "live/b");
    draining.sink.busy = true;
    drained.group(1);
    drained.publisher.end("client-closed");
    const source = publish();
    source.group(1);
    const ready = join();
    const behind = join();
    behind.sink.busy = true;
    source.group(1);
    const held = hub.publish("live/c");
    held.write(packet(videoTrack(), 0, { key: true }));
    hub.close();
    hub.close();
    for (const { sink } of [draining, ready, behind]) expect(sink.ends).toEqual(["shutdown"]);
    expect(held.ended).toBe(true);
    expect(hub.streams).toEqual([]);
    scheduler.turn();
    expect(scheduler.pending).toBe(0);
    expect(refusal(() => publish())).toBe("closed");
  });

  it("may come from within a sink", () => {
    const { publish, join, hub, scheduler } = hubStage();
    const source = publish();
    source.group(1);
    const reader = join();
    const other = join({ format: undefined });
    reader.sink.onAccept = () => hub.close();
    source.group(2);
    for (const { sink } of [reader, other]) expect(sink.ends).toEqual(["shutdown"]);
    expect(hub.streams).toEqual([]);
    expect(scheduler.pending).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../test/support/fake-scheduler.js";
import { hubStage } from "../../test/support/hub-stage.js";
import type { recordingSink } from "../../test/support/recording-sink.js";
import { audioTrack, packet, videoTrack } from "../../test/support/toy-format.js";
import { Hub } from "./hub.js";

const video = videoTrack();
const audio = audioTrack();

/** A reader's packets as `data@milliseconds`. */
function placed(sink: ReturnType<typeof recordingSink>): readonly string[] {
  return sink.batches.flatMap((batch) =>
    batch.packets.map(({ data, dts }) => `${new TextDecoder().decode(data)}@${dts / 1000}`),
  );
}

/** A publication that another process has placed: `V`, `v` and `a` at these milliseconds. */
function relay(stage: ReturnType<typeof hubStage>, packets: readonly (readonly [string, number])[]) {
  const publisher = stage.hub.publish("live/a", { relayed: true });
  publisher.describe({}, { video: true, audio: true });
  publisher.track(video);
  publisher.track(audio);
  const write = (sent: readonly (readonly [string, number])[]): void => {
    for (const [data, at] of sent) {
      publisher.write(packet(data.startsWith("a") ? audio : video, at, { key: data.startsWith("V"), data }));
    }
    stage.scheduler.turn();
  };
  write(packets);
  return { publisher, write };
}

const PACKETS = { format: undefined } as const;

describe("a publication that another process has placed", () => {
  it("keeps its times, whatever they begin with", () => {
    const stage = hubStage();
    relay(stage, [
      ["V0", 70_000],
      ["a0", 70_010],
      ["v1", 70_040],
    ]);
    const { sink } = stage.join(PACKETS);
    expect(placed(sink)).toEqual(["V0@70000", "a0@70010", "v1@70040"]);
    expect(stage.hub.stream("live/a")?.position).toBe(70_040_000);
  });

  it("is not heard twice when it is dialled anew: it goes on at the first key frame after what was sent", () => {
    const stage = hubStage();
    const first = relay(stage, [
      ["V0", 1_000],
      ["v1", 1_040],
      ["a1", 1_060],
    ]);
    const { sink } = stage.join(PACKETS);
    first.publisher.end("taken-over");
    const again = relay(stage, [
      ["V0", 1_000],
      ["v1", 1_040],
      ["a1", 1_060],
      ["v2", 1_080],
    ]);
    again.write([
      ["V3", 1_120],
      ["a2", 1_100],
      ["a3", 1_130],
    ]);
    expect(placed(sink)).toEqual(["V0@1000", "v1@1040", "a1@1060", "V3@1120", "a3@1130"]);
    expect(sink.ends).toEqual([]);
  });

  it("drops what steps back within a track, and leaves the rest alone", () => {
    const stage = hubStage();
    const { write } = relay(stage, [
      ["V0", 1_000],
      ["v1", 1_080],
    ]);
    const { sink } = stage.join(PACKETS);
    write([
      ["v2", 1_040],
      ["a0", 1_020],
      ["v3", 1_120],
    ]);
    expect(placed(sink)).toEqual(["V0@1000", "v1@1080", "a0@1020", "v3@1120"]);
  });

  it("always makes way for a publisher here, which goes on after it", () => {
    const stage = hubStage({ duplicate: "reject" });
    relay(stage, [
      ["V0", 5_000],
      ["v1", 5_040],
    ]);
    const { sink } = stage.join(PACKETS);
    stage.publish().group(1);
    const [, , third] = placed(sink);
    expect(third).toMatch(/^V0@50[5-9]\d/);
    expect(sink.ends).toEqual([]);
  });
});

describe("a publisher that is told of a position", () => {
  it("goes on after it, and begins at 0 without one", () => {
    const at = (position: number | undefined): number | undefined => {
      const stage = hubStage();
      const publisher = stage.hub.publish("live/a", position === undefined ? {} : { position });
      publisher.describe({}, { video: true, audio: false });
      publisher.track(video);
      publisher.write(packet(video, 123, { key: true }));
      return stage.hub.stream("live/a")?.position;
    };
    expect(at(undefined)).toBe(0);
    expect(at(0)).toBe(0);
    expect(at(9_000_000)).toBeGreaterThan(9_000_000);
  });
});

describe("a reader of one publication", () => {
  it("gets all of it and its end, while viewers are kept for the next", () => {
    const stage = hubStage({ keepViewersMs: 1_000 });
    const source = stage.publish();
    source.group(2);
    const relayed = stage.join({ ...PACKETS, onePublication: true });
    const viewer = stage.join(PACKETS);
    expect(stage.hub.stream("live/a")?.viewers).toBe(1);
    source.frame();
    source.publisher.end("client-closed");
    expect(relayed.sink.log).toEqual(["V0", "a0", "v1", "a1", "v2"]);
    expect(relayed.sink.ends).toEqual(["unpublished"]);
    expect(viewer.sink.ends).toEqual([]);
    stage.publish().group(1);
    expect(viewer.sink.log.at(-2)).toBe("V0");
    expect(relayed.sink.log.at(-1)).toBe("v2");
  });

  it("hears why, where viewers are to hear it too", () => {
    for (const reason of ["taken-over", "kicked", "shutdown"] as const) {
      const stage = hubStage();
      const source = stage.publish();
      source.group(1);
      const { sink } = stage.join({ ...PACKETS, onePublication: true });
      source.publisher.end(reason);
      expect(sink.ends).toEqual([reason]);
    }
  });

  it("does not hold a stream whose publisher has gone", () => {
    const stage = hubStage();
    const source = stage.publish();
    source.group(1);
    stage.join({ ...PACKETS, onePublication: true });
    source.publisher.end("client-closed");
    expect(stage.hub.streams).toEqual([]);
  });
});

describe("taking over", () => {
  it("keeps viewers for a second though none are kept otherwise: the next may be in another process", () => {
    const stage = hubStage({ keepViewersMs: 0 });
    const source = stage.publish();
    source.group(1);
    const { sink } = stage.join();
    source.publisher.end("taken-over");
    stage.scheduler.advance(900);
    expect(sink.ends).toEqual([]);
    stage.scheduler.advance(200);
    expect(sink.ends).toEqual(["unpublished"]);
  });
});

describe("what other processes have", () => {
  function hubWith(names: readonly string[]) {
    const scheduler = createFakeScheduler();
    const wanted: string[] = [];
    const hub = new Hub({}, scheduler, () => {}, {
      has: (name) => names.includes(name),
      want: (name) => void wanted.push(name),
    });
    return { hub, scheduler, wanted };
  }

  it("is asked for by who waits, and worth a second to who does not want to wait", async () => {
    const { hub, scheduler, wanted } = hubWith(["live/a"]);
    const found = hub.whenLive("live/a", 0);
    expect(wanted).toEqual(["live/a"]);
    expect(hub.wants("live/a")).toBe(true);
    const publisher = hub.publish("live/a", { relayed: true });
    publisher.describe({}, { video: true, audio: false });
    publisher.track(video);
    expect((await found)?.name).toBe("live/a");
    expect(hub.wants("live/a")).toBe(false);
    const never = hub.whenLive("live/b", 0);
    expect(await never).toBeUndefined();
    publisher.end("unpublished");
    const late = hub.whenLive("live/a", 0);
    scheduler.advance(1_000);
    expect(await late).toBeUndefined();
    hub.close();
  });

  it("is asked for within a second by who waits since before it came to be", async () => {
    const names: string[] = [];
    const { hub, scheduler, wanted } = hubWith(names);
    const found = hub.whenLive("live/a", 5_000);
    scheduler.advance(1_000);
    // Whoever was asked could not, and may have forgotten.
    expect(wanted).toEqual(["live/a"]);
    names.push("live/a");
    scheduler.advance(1_000);
    expect(wanted).toEqual(["live/a", "live/a"]);
    const publisher = hub.publish("live/a", { relayed: true });
    publisher.describe({}, { video: true, audio: false });
    publisher.track(video);
    expect((await found)?.name).toBe("live/a");
    scheduler.advance(5_000);
    expect(wanted).toHaveLength(2);
    hub.close();
  });

  it("is wanted while somebody here reads it", () => {
    const stage = hubStage();
    const { publisher } = relay(stage, [["V0", 0]]);
    expect(stage.hub.wants("live/a")).toBe(false);
    const { subscriber } = stage.join();
    publisher.end("unpublished");
    expect(stage.hub.wants("live/a")).toBe(true);
    subscriber.close("aborted");
    expect(stage.hub.wants("live/a")).toBe(false);
  });
});

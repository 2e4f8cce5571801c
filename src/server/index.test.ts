import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { bytesOf, CONFIGS, FRAMES, flvOf, type TestTag } from "../../fuzz/support/flv.js";
import { AUDIO, startSource, VIDEO } from "../../test/support/synthetic-live.js";
import { until } from "../../test/support/until.js";
import { createServer, type LiveServer, type Packet, Refused, type ServerOptions } from "./index.js";

const running: LiveServer[] = [];
afterEach(async () => {
  for (const live of running.splice(0)) await live.close();
});

/** Five pictures and five sounds, 20 ms each. */
function clip(): TestTag[] {
  const tags: TestTag[] = [
    { type: 9, body: bytesOf("17 00 000000", CONFIGS.avc) },
    { type: 8, body: bytesOf("af 00", CONFIGS.aac) },
  ];
  for (let i = 0; i < 5; i++) {
    const frame =
      i === 0 ? bytesOf("17 01 000000", FRAMES.avcKey()) : bytesOf("27 01 000000", FRAMES.avcInter(i));
    tags.push({ type: 9, timestamp: 20 * i, body: frame });
    tags.push({ type: 8, timestamp: 20 * i, body: bytesOf("af 01", FRAMES.aac(i)) });
  }
  return tags;
}

function start(options: ServerOptions = {}): LiveServer {
  const live = createServer({
    http: false,
    rtmp: false,
    ops: false,
    logger: false,
    waitForPublisherMs: 0,
    ...options,
  });
  running.push(live);
  return live;
}

describe("createServer", () => {
  it("names every wrong option, its value and what is allowed", () => {
    const make = (options: unknown) => () => createServer(options as ServerOptions);
    expect(make(null)).toThrow(new TypeError("options: must be an object"));
    expect(make({ http: { port: 70_000 } })).toThrow(
      /options\.http\.port = 70000: must be a whole number from 0 to 65535/,
    );
    expect(make({ publish: "maybe" })).toThrow(/options\.publish = "maybe": must be one of reject, takeover/);
    expect(make({ prot: 1 })).toThrow(/options\.prot = 1: no such key/);
    expect(make({ authorize: "yes" })).toThrow(new TypeError("options.authorize: must be a function"));
    expect(make({ logger: {} })).toThrow(new TypeError("options.logger: must have debug()"));
    expect(make({ publish: "maybe" })).toThrow(TypeError);
  });

  it("listens on free ports, and cannot after it was closed", async () => {
    const own = { host: "127.0.0.1", port: 0 };
    const live = start({ http: own, rtmp: own, ops: own });
    const { http, rtmp, ops } = await live.listen();
    expect([http?.protocol, rtmp?.protocol, ops?.protocol]).toEqual(["http", "rtmp", "ops"]);
    expect(http?.port).toBeGreaterThan(0);
    expect(await live.listen()).toEqual({ http, rtmp, ops });
    await live.close();
    await live.close();
    await expect(live.listen())
      .resolves.toEqual({ http, rtmp, ops })
      .catch(() => {});
    const late = start();
    await late.close();
    await expect(late.listen()).rejects.toThrow("the server has been closed");
  });

  it("is closed when a port is in use", async () => {
    const first = start({ http: { host: "127.0.0.1", port: 0 } });
    const { http } = await first.listen();
    const second = start({
      http: { host: "127.0.0.1", port: http?.port ?? 0 },
      rtmp: { host: "127.0.0.1", port: 0 },
    });
    await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(() => second.publish("live/a", [VIDEO])).toThrow(Refused);
  });
});

describe("streams from code", () => {
  it("are published, told of, read and ended", async () => {
    const live = start();
    const told: string[] = [];
    for (const event of ["publish", "tracks", "unpublish"] as const) {
      live.on(event, ({ key, codecs }) => told.push(`${event} ${key} ${codecs.join()}`));
    }
    const off = live.on("tracks", () => told.push("never"));
    off();
    const source = startSource(live, "live/a");
    expect(live.streams()).toMatchObject([
      { key: "live/a", app: "live", name: "a", live: true, codecs: ["avc1.64000a", "mp4a.40.2"], viewers: 0 },
    ]);
    source.frames(3);
    const read = (async () => {
      const packets: Packet[] = [];
      for await (const packet of live.subscribe("live/a")) packets.push(packet);
      return packets;
    })();
    await until(() => live.streams()[0]?.viewers === 1);
    source.frames(2);
    await until(() => live.streams()[0]?.packets === 10);
    await new Promise((resolve) => setImmediate(resolve));
    await live.close();
    const packets = await read;
    expect(packets[0]).toMatchObject({ key: true, dts: 0, pts: 0 });
    expect(packets.filter(({ track }) => track.kind === "video")).toHaveLength(5);
    expect(source.writer.signal.reason).toBe("shutdown");
    expect(told).toEqual([
      "publish live/a ",
      "tracks live/a avc1.64000a,mp4a.40.2",
      "unpublish live/a avc1.64000a,mp4a.40.2",
    ]);
  });

  it("are not changed by who wrote them", async () => {
    const live = start();
    const writer = live.publish("live/a", [VIDEO]);
    const data = Buffer.from(FRAMES.avcKey(1));
    const reading = live.subscribe("live/a");
    writer.write({ track: 1, dts: 0, key: true, data });
    data.fill(0);
    const { value } = await reading.next();
    expect(value?.data).toEqual(FRAMES.avcKey(1));
    await reading.return();
    await until(() => live.streams()[0]?.viewers === 0);
  });

  it("belong to one publisher", async () => {
    const live = start();
    const first = live.publish("live/a", [VIDEO]);
    expect(() => live.publish("live/a", [VIDEO])).toThrow(Refused);
    first.end();
    expect(first.signal.reason).toBe("unpublished");
    const second = live.publish("live/a", [VIDEO]);
    first.write({ track: 1, dts: 0, data: FRAMES.avcKey() });
    expect(live.streams()[0]?.packets).toBe(0);
    second.end();
    expect(live.streams()).toEqual([]);
    const taking = start({ publish: "takeover" });
    const old = taking.publish("live/a", [VIDEO]);
    taking.publish("live/a", [VIDEO]);
    expect(old.signal.reason).toBe("taken-over");
  });

  it("need arguments that make sense", () => {
    const live = start();
    for (const name of ["a", "", "live/", 7 as never, "api/x", "live/a\n"]) {
      expect(() => live.publish(name, [VIDEO])).toThrow(/^name: must be an app and a stream name/);
      expect(() => live.subscribe(name)).toThrow(TypeError);
    }
    expect(() => live.publish("live/a", [])).toThrow(/^tracks: /);
    expect(() => live.publish("live/a", [VIDEO, { ...AUDIO, id: 1 }])).toThrow(
      "tracks: two tracks have the id 1",
    );
    expect(() => live.publish("live/a", [{ id: 1, kind: "video" } as never])).toThrow(
      /needs codec and config/,
    );
    expect(() => live.on("nothing" as never, () => {})).toThrow(/^event: must be one of publish, /);
    const writer = live.publish("live/a", [VIDEO]);
    const good = { track: 1, dts: 0, data: FRAMES.avcKey() };
    expect(() => writer.write({ ...good, track: 9 })).toThrow("packet.track: there is no track 9");
    expect(() => writer.write({ ...good, dts: 0.5 })).toThrow(
      "packet.dts: must be a whole number of microseconds, not 0.5",
    );
    expect(() => writer.write({ ...good, pts: Number.NaN })).toThrow(/^packet\.pts: /);
    expect(() => writer.write({ ...good, data: [1] as never })).toThrow("packet.data: must be a Uint8Array");
    expect(() => writer.track({} as never)).toThrow(/^track: /);
  });

  it("go on when a listener throws", () => {
    const live = start();
    const told: string[] = [];
    live.on("publish", () => {
      throw new Error("not mine");
    });
    live.on("publish", ({ key }) => told.push(key));
    live.publish("live/a", [VIDEO]);
    expect(told).toEqual(["live/a"]);
  });
});

describe("subscribe", () => {
  it("waits for the publisher, or says that none came", async () => {
    const live = start();
    await expect(live.subscribe("live/a").next()).rejects.toMatchObject({
      name: "Refused",
      code: "not-live",
    });
    const waiting = live.subscribe("live/a", { waitMs: 60_000 }).next();
    const source = startSource(live, "live/a");
    source.frames(1);
    expect((await waiting).value).toMatchObject({ dts: 0 });
    const gone = new AbortController();
    const never = live.subscribe("live/b", { waitMs: 60_000, signal: gone.signal }).next();
    gone.abort();
    expect(await never).toEqual({ done: true, value: undefined });
  });

  it("reads what it is asked to, until its signal fires", async () => {
    const live = start();
    const source = startSource(live, "live/a");
    source.run();
    const stop = new AbortController();
    const kinds = new Set<string>();
    let n = 0;
    for await (const { track } of live.subscribe("live/a", { video: false, signal: stop.signal })) {
      kinds.add(track.kind);
      if (++n === 5) stop.abort();
    }
    expect(kinds).toEqual(new Set(["audio"]));
    source.stop();
    expect(live.streams()).toEqual([]);
  });
});

describe("playFile", () => {
  it("plays a file in real time, and on and on when asked to", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sluice-file-"));
    try {
      const file = join(directory, "a.flv");
      writeFileSync(file, flvOf(clip()));
      const live = start({ keepViewersMs: 0 });
      const once = live.playFile(file, "live/once");
      const stop = new AbortController();
      const looped = live.playFile(file, "live/looped", { loop: true, signal: stop.signal });
      const times: number[] = [];
      for await (const { track, dts } of live.subscribe("live/looped", { waitMs: 10_000, audio: false })) {
        if (track.kind === "video") times.push(dts);
        if (times.length === 12) stop.abort();
      }
      expect(times.length).toBeGreaterThanOrEqual(12);
      expect(times).toEqual(times.map((_, i) => i * 20_000));
      await Promise.all([once, looped]);
      expect(live.streams()).toEqual([]);
      await expect(live.playFile(join(directory, "none.flv"), "live/a")).rejects.toMatchObject({
        code: "ENOENT",
      });
      writeFileSync(file, "this is no FLV file");
      await expect(live.playFile(file, "live/a")).rejects.toMatchObject({ name: "MediaError" });
      expect(live.streams()).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

import { describe, expect, it } from "vitest";
import { type HubStage, hubStage, type Source } from "../../test/support/hub-stage.js";
import { text } from "../../test/support/toy-format.js";
import type { Packet } from "../media/model/packet.js";
import type { HubOptions } from "./options.js";
import { type PacketReader, readPackets } from "./packet-reader.js";

interface Reading extends HubStage {
  readonly source: Source;
  read(signal?: AbortSignal): PacketReader;
}

function reading(options: Partial<HubOptions> = {}): Reading {
  const stage = hubStage(options);
  const source = stage.publish();
  source.group(2);
  return {
    ...stage,
    source,
    read(signal) {
      const stream = stage.hub.stream("live/a");
      if (stream === undefined) throw new Error("no stream");
      const selection = { video: true, audio: true };
      return readPackets((sink) => stream.subscribe({ format: undefined, selection, sink }), signal);
    },
  };
}

const names = (packets: readonly Packet[] | undefined): string[] | undefined =>
  packets?.map(({ data }) => text(data));

async function next(reader: PacketReader): Promise<string | undefined> {
  const { value, done } = await reader.next();
  return done === true ? undefined : text((value as Packet).data);
}

describe("readPackets", () => {
  it("iterates from the cached group on to the stream's end, and says why it ended", async () => {
    const { source, read } = reading({ keepViewersMs: 0 });
    const reader = read();
    const got: string[] = [];
    const done = (async () => {
      for await (const { data } of reader) got.push(text(data));
    })();
    await Promise.resolve();
    source.group(1);
    source.publisher.end("client-closed");
    await done;
    expect(got).toEqual(["V0", "a0", "v1", "a1", "V2", "a2"]);
    expect(reader.reason).toBe("unpublished");
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it("waits for what is to come", async () => {
    const { source, read, scheduler } = reading();
    const reader = read();
    for (let i = 0; i < 4; i++) await reader.next();
    const pending = next(reader);
    source.frame();
    scheduler.turn();
    expect(await pending).toBe("v2");
  });

  it("serves calls in the order they came in", async () => {
    const { source, read, scheduler } = reading();
    const reader = read();
    await reader.nextBatch();
    const calls = [
      next(reader),
      next(reader),
      reader.nextBatch().then((batch) => names(batch)?.join()),
      next(reader),
    ];
    source.frame();
    scheduler.turn();
    source.frame();
    scheduler.turn();
    source.frame();
    source.sound();
    scheduler.turn();
    source.key();
    scheduler.turn();
    expect(await Promise.all(calls)).toEqual(["v2", "v3", "v4,a2", "V5"]);
  });

  it("gives batches, and what an iteration has left of one", async () => {
    const { source, read } = reading();
    const reader = read();
    expect(await next(reader)).toBe("V0");
    expect(names(await reader.nextBatch())).toEqual(["a0", "v1", "a1"]);
    source.group(1);
    expect(names(await reader.nextBatch())).toEqual(["V2", "a2"]);
    source.publisher.end("kicked");
    expect(await reader.nextBatch()).toBeUndefined();
  });

  it("holds one batch: the hub keeps the rest within its bounds, and drops are counted", async () => {
    const { source, read } = reading({ maxLagMs: 100 });
    const reader = read();
    source.group(5);
    source.group(1);
    const got: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) got.push(await next(reader));
    expect(got).toEqual(["V0", "a0", "v1", "a1", "V7", "a7"]);
    expect(reader.dropped).toEqual({ cause: "sink", frames: 10, bytes: 20, ms: 200 });
  });

  it("is ended when nobody reads", async () => {
    const { source, read, scheduler } = reading();
    const reader = read();
    source.group(1);
    scheduler.advance(11_000);
    expect(reader.reason).toBe("too-slow");
    expect([await next(reader), await next(reader)]).toEqual(["V0", "a0"]);
  });

  it("gives what it holds after an end that was not its own", async () => {
    const { source, read } = reading();
    const reader = read();
    source.publisher.end("kicked");
    expect([await next(reader), await next(reader), await next(reader), await next(reader)]).toEqual([
      "V0",
      "a0",
      "v1",
      "a1",
    ]);
    expect(await next(reader)).toBeUndefined();
    expect(reader.reason).toBe("kicked");
  });

  it("leaves the stream on break, and on an error in the loop", async () => {
    const { hub, read } = reading();
    const broken = read();
    for await (const _ of broken) break;
    expect(broken.reason).toBe("aborted");
    const failed = read();
    const fault = new Error("in the loop");
    await expect(
      (async () => {
        for await (const _ of failed) throw fault;
      })(),
    ).rejects.toBe(fault);
    expect(failed.reason).toBe("aborted");
    expect(hub.stream("live/a")?.readers).toBe(0);
    expect(await broken.next()).toEqual({ done: true, value: undefined });
  });

  it("ends by its signal, at once and for all who wait", async () => {
    const { hub, read } = reading();
    const controller = new AbortController();
    const reader = read(controller.signal);
    const another = read(controller.signal);
    await reader.nextBatch();
    const waiting = [next(reader), next(reader)];
    controller.abort();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(await next(another)).toBeUndefined();
    expect([reader.reason, another.reason]).toEqual(["aborted", "aborted"]);
    expect(hub.stream("live/a")?.readers).toBe(0);
  });

  it("does not begin where its signal has fired already", async () => {
    const { hub, read } = reading();
    const reader = read(AbortSignal.abort());
    expect(await next(reader)).toBeUndefined();
    expect(reader.reason).toBe("aborted");
    expect(hub.stream("live/a")?.readers).toBe(0);
  });

  it("throws what the subscription throws, and lets go of the signal", () => {
    const { source, hub } = reading();
    const stream = hub.stream("live/a");
    source.publisher.end("kicked");
    const controller = new AbortController();
    let listeners = 0;
    const signal = controller.signal;
    const counted = Object.assign(Object.create(signal) as AbortSignal, {
      addEventListener: () => {
        listeners += 1;
      },
      removeEventListener: () => {
        listeners -= 1;
      },
    });
    Object.defineProperty(counted, "aborted", { value: false });
    const selection = { video: true, audio: true };
    expect(() =>
      readPackets((sink) => {
        if (stream === undefined) throw new Error("no stream");
        return stream.subscribe({ format: undefined, selection, sink });
      }, counted),
    ).toThrow("not being published");
    expect(listeners).toBe(0);
  });
});

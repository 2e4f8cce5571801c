import { describe, expect, it } from "vitest";
import type { Publisher } from "../../hub/publisher.js";
import { Refused } from "../../hub/refused.js";
import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack } from "../../media/model/track.js";
import { deferPublisher } from "./deferred-publisher.js";

const track: AudioTrack = {
  id: 2,
  kind: "audio",
  codec: "mp3",
  config: { codec: "mp3", sampleRate: 48_000, numberOfChannels: 2 },
};

function packet(bytes: number): Packet {
  return { track, dts: 0, pts: 0, key: true, data: new Uint8Array(bytes), receivedAt: 0 };
}

function recorder(): { readonly publisher: Publisher; readonly calls: string[] } {
  const calls: string[] = [];
  const publisher = {
    describe: () => calls.push("describe"),
    track: () => calls.push("track"),
    write: ({ data }: Packet) => calls.push(`write ${data.length}`),
    end: (reason: string) => calls.push(`end ${reason}`),
  };
  return { publisher: publisher as unknown as Publisher, calls };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a publisher that waits for its right", () => {
  it("does later what it was told, in order", async () => {
    const { publisher, calls } = recorder();
    const deferred = deferPublisher(Promise.resolve(publisher), () => expect.unreachable());
    deferred.describe({});
    deferred.track(track);
    deferred.write(packet(1));
    expect(calls).toEqual([]);
    await settled();
    deferred.write(packet(2));
    deferred.end("unpublished");
    expect(calls).toEqual(["describe", "track", "write 1", "write 2", "end unpublished"]);
  });

  it.each([
    [new Refused("busy", "no"), "busy"],
    [new Refused("closed", "no"), "shutdown"],
    [new Error("no"), "internal"],
  ])("says why there is none: %s", async (error, reason) => {
    const reasons: string[] = [];
    const deferred = deferPublisher(Promise.reject(error), (why) => reasons.push(why));
    await settled();
    deferred.write(packet(1));
    deferred.end("unpublished");
    expect(reasons).toEqual([reason]);
  });

  it("keeps no more than a bound, and gives the right back that comes too late", async () => {
    const { publisher, calls } = recorder();
    let grant = (_publisher: Publisher): void => {};
    const reasons: string[] = [];
    const granted = new Promise<Publisher>((resolve) => {
      grant = resolve;
    });
    const deferred = deferPublisher(granted, (why) => reasons.push(why));
    for (let i = 0; i < 20; i++) deferred.write(packet(1024 * 1024));
    expect(reasons).toEqual(["busy"]);
    grant(publisher);
    await settled();
    expect(calls).toEqual(["end unpublished"]);
  });
});

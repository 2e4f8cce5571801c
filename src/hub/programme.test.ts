import { describe, expect, it } from "vitest";
import { hubStage } from "../../test/support/hub-stage.js";
import { audioTrack, packet, videoTrack } from "../../test/support/toy-format.js";
import type { HubOptions } from "./options.js";
import type { PublisherInit } from "./publisher.js";

const TRACKS = [videoTrack(), audioTrack()];

/** Streams of a second of sound each, which their publishers send at once. */
function stage(options: Partial<HubOptions> = {}) {
  const made = hubStage({ moves: true, ...options });
  function send(
    name: string,
    { firstMs = 0, song = "song", init = {} as PublisherInit, frames = 50, lateMs = 0 } = {},
  ) {
    const publisher = made.hub.publish(name, init);
    publisher.describe({}, { video: true, audio: true });
    for (const track of TRACKS) publisher.track(track);
    made.scheduler.advance(lateMs);
    for (let i = 0; i < frames; i++) {
      if (i % 25 === 0) publisher.write(packet(videoTrack(), firstMs + i * 20, { key: true }));
      publisher.write(packet(audioTrack(), firstMs + i * 20, { data: `${song} ${firstMs + i * 20}` }));
    }
    return publisher;
  }
  const shift = (from: string, to: string): number | undefined => {
    const [here, there] = [from, to].map((name) => made.hub.stream(name));
    return here === undefined || there === undefined ? undefined : here.shiftTo(there);
  };
  return { ...made, send, shift };
}

describe("how far two streams are apart", () => {
  it("is what was added to the times of one clock, where their sound is the same", () => {
    const { send, shift } = stage();
    send("live/a", { firstMs: 7_000 });
    send("live/b", { firstMs: 7_400 });
    // What was at 7,400 ms on the encoder's clock is at 0 there.
    expect([shift("live/a", "live/b"), shift("live/b", "live/a")]).toEqual([-400_000, 400_000]);
  });

  it("is not known where only the times agree, unless the operator has said so", () => {
    for (const sameClock of [false, true]) {
      const { send, shift } = stage({ sameClock });
      send("live/a");
      send("live/b", { song: "other song" });
      expect(shift("live/a", "live/b")).toBe(sameClock ? 0 : undefined);
    }
  });

  it("is not known where the same times come at other moments, whatever anybody says", () => {
    const { send, shift } = stage({ sameClock: true });
    send("live/a");
    send("live/b", { lateMs: 3_500 });
    expect(shift("live/a", "live/b")).toBeUndefined();
  });

  it("is not known of what is not live", () => {
    const { send, shift } = stage();
    send("live/a");
    send("live/b").end("unpublished");
    expect(shift("live/a", "live/b")).toBeUndefined();
  });

  it("is nothing between a stream and what is made from it, and not known between that and others", () => {
    const { send, shift } = stage();
    send("live/a", { firstMs: 7_000 });
    send("live/made", { init: { madeFrom: "live/a" }, song: "in other words" });
    send("live/b", { firstMs: 7_000 });
    expect(shift("live/a", "live/made")).toBe(0);
    expect(shift("live/b", "live/made")).toBeUndefined();
  });

  it("is known of what other processes have placed, once they have said how", () => {
    const { send, shift } = stage();
    send("live/a", { firstMs: 7_000 });
    // There it began 400 ms later, so 7,400 ms became 0, and 7,600 ms was the first to be passed on.
    const relayed = send("live/b", { firstMs: 200, init: { relayed: true }, frames: 0 });
    for (let at = 200; at < 600; at += 20) {
      if (at === 200) relayed.write(packet(videoTrack(), at, { key: true }));
      relayed.write(packet(audioTrack(), at, { data: `song ${at + 7_400}` }));
    }
    expect(shift("live/a", "live/b")).toBeUndefined();
    relayed.tellClock({ from: 0, offset: -7_400_000 });
    expect([shift("live/a", "live/b"), shift("live/b", "live/a")]).toEqual([-400_000, 400_000]);
    // From another moment on it counts from elsewhere: what was heard before says nothing of that.
    relayed.tellClock({ from: 600_000, offset: -7_000_000 });
    expect(shift("live/a", "live/b")).toBeUndefined();
  });
});

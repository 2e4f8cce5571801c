import { describe, expect, it } from "vitest";
import { audioTrack, packet, videoTrack } from "../../test/support/toy-format.js";
import { GopCache } from "./gop-cache.js";
import { OBJECT_BYTES } from "./options.js";

const video = videoTrack();
const audio = audioTrack();
const key = (ms: number) => packet(video, ms, { key: true });

describe("GopCache", () => {
  it("holds what came since the last random access point", () => {
    const cache = new GopCache(1000, 1e6);
    cache.add(packet(video, 0), false);
    expect(cache.packets).toEqual([]);
    const group = [key(40), packet(audio, 41), packet(video, 80)];
    group.forEach((each, i) => {
      cache.add(each, i === 0);
    });
    expect(cache.packets).toEqual(group);
    const next = key(120);
    cache.add(next, true);
    expect(cache.packets).toEqual([next]);
  });

  it("drops a group that outgrows a bound whole, and begins again with the next", () => {
    const cache = new GopCache(1000, 1e6);
    cache.add(key(0), true);
    cache.add(packet(video, 1000), false);
    expect(cache.packets).toHaveLength(2);
    cache.add(packet(video, 1001), false);
    cache.add(packet(video, 1002), false);
    expect(cache.packets).toEqual([]);
    expect(cache.bytes).toBe(0);
    cache.add(key(1100), true);
    expect(cache.packets).toHaveLength(1);
  });

  it("counts what packets take beside their payload: tiny ones are bounded too", () => {
    const cache = new GopCache(1000, 100 * OBJECT_BYTES);
    cache.add(packet(video, 0, { key: true, data: "" }), true);
    for (let i = 0; i < 99; i++) cache.add(packet(video, 0, { data: "" }), false);
    expect(cache.packets).toHaveLength(100);
    cache.add(packet(video, 0, { data: "" }), false);
    expect(cache.packets).toEqual([]);
  });

  it("does not keep a single packet that is over the bound", () => {
    const cache = new GopCache(1000, 1000);
    cache.add(packet(video, 0, { key: true, data: "x".repeat(1001) }), true);
    expect(cache.packets).toEqual([]);
  });

  it("does not grow with sound alone", () => {
    const cache = new GopCache(1000, 1e6);
    for (let ms = 0; ms < 500; ms += 20) cache.add(packet(audio, ms), true);
    expect(cache.packets).toHaveLength(1);
  });

  it("holds nothing when it is off", () => {
    const cache = new GopCache(0, 1e6);
    cache.add(key(0), true);
    expect(cache.packets).toEqual([]);
  });
});

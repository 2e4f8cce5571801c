import { describe, expect, it } from "vitest";
import { hubStage, watched } from "../../test/support/hub-stage.js";
import type { HubOptions } from "./options.js";

describe("a subscriber whose transport hides how slow its peer is", () => {
  function hidden(options: Partial<HubOptions> = {}) {
    const stage = watched({ maxLagMs: 200, stallTimeoutMs: 2_000, ...options });
    stage.source.group(10);
    stage.reader.sink.batches.length = 0;
    const { subscriber } = stage.reader;
    subscriber.observe(0, 0);
    return { ...stage, subscriber };
  }

  it("gets nothing more over the bound, and goes on at a key frame once half of it is out", () => {
    const { source, reader, subscriber } = hidden();
    subscriber.observe(100_000, 10);
    expect(subscriber.lagMs).toBeGreaterThan(200);
    source.group(3);
    expect(reader.sink.log).toEqual([]);
    subscriber.resume();
    expect(reader.sink.log).toEqual([]);
    source.group(2);
    subscriber.observe(0, 20);
    const [first] = reader.sink.log;
    expect(first).toMatch(/^V/);
    expect(reader.sink.log).toHaveLength(4);
    expect(reader.sink.drops).toEqual([expect.objectContaining({ cause: "transport", frames: 6 })]);
    source.group(1);
    expect(reader.sink.log).toHaveLength(6);
    expect(reader.sink.ends).toEqual([]);
  });

  it("is left alone within the bound", () => {
    const { source, reader, subscriber } = hidden({ maxLagMs: 60_000 });
    subscriber.observe(300, 10);
    source.group(2);
    expect(reader.sink.log).toHaveLength(4);
    expect(reader.sink.drops).toEqual([]);
  });

  it("is closed when nothing arrives, though its sink takes everything", () => {
    const { source, reader, subscriber, scheduler } = hidden({ maxLagMs: 60_000, maxLagBytes: 1e9 });
    for (let second = 0; second <= 3; second++) {
      expect(reader.sink.ends).toEqual([]);
      source.group(2);
      subscriber.observe(50 + second, 10);
      scheduler.advance(1_000);
    }
    expect(reader.sink.ends).toEqual(["too-slow"]);
  });

  it("is not closed while bytes arrive, however slowly", () => {
    const { source, reader, subscriber, scheduler } = hidden();
    for (let second = 0; second <= 20; second++) {
      source.group(2);
      subscriber.observe(100_000, 10 + second);
      scheduler.advance(1_000);
    }
    expect(reader.sink.ends).toEqual([]);
  });

  it("may take its time over what it was given to begin with", () => {
    const stage = hubStage({ maxLagMs: 200, stallTimeoutMs: 2_000 });
    const source = stage.publish();
    source.group(20);
    const { sink, subscriber } = stage.join();
    source.group(2);
    sink.batches.length = 0;
    subscriber.observe(100_000, 10);
    source.group(1);
    expect(sink.log).toHaveLength(2);
    stage.scheduler.advance(1_000);
    subscriber.observe(90_000, 20);
    stage.scheduler.advance(1_500);
    subscriber.observe(80_000, 30);
    source.group(1);
    expect(sink.log).toHaveLength(2);
  });
});

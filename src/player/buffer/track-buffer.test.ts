import { describe, expect, it } from "vitest";
import { TrackBuffer } from "./track-buffer.js";

/** A SourceBuffer as far as a TrackBuffer uses it: one operation at a time, done when told. */
class FakeSourceBuffer extends EventTarget {
  mode = "";
  updating = false;
  /** Throws at the next append. */
  full = 0;
  ranges: { start: number; end: number }[] = [];
  readonly calls: string[] = [];

  get buffered(): TimeRanges {
    const { ranges } = this;
    return {
      length: ranges.length,
      start: (i) => ranges[i]?.start ?? Number.NaN,
      end: (i) => ranges[i]?.end ?? Number.NaN,
    };
  }

  appendBuffer(bytes: Uint8Array): void {
    this.#begin();
    if (this.full > 0) {
      this.full -= 1;
      this.updating = false;
      throw new DOMException("no room", "QuotaExceededError");
    }
    this.calls.push(`append ${bytes.length > 8 ? bytes.length : bytes.join("")}`);
  }

  changeType(mime: string): void {
    if (this.updating) throw new DOMException("busy", "InvalidStateError");
    this.calls.push(`type ${mime}`);
  }

  remove(start: number, end: number): void {
    this.#begin();
    this.calls.push(`remove ${start} ${end}`);
  }

  done(): void {
    this.updating = false;
    this.dispatchEvent(new Event("updateend"));
  }

  #begin(): void {
    if (this.updating) throw new DOMException("busy", "InvalidStateError");
    this.updating = true;
  }
}

function setUp(trimBefore = 0) {
  const told: string[] = [];
  const source = new FakeSourceBuffer();
  const buffer = new TrackBuffer("video/mp4", {
    appended: () => told.push("appended"),
    overflow: () => told.push("overflow"),
    failed: (message) => told.push(`failed: ${message}`),
    trimBefore: () => trimBefore,
  });
  const media = (...bytes: number[]) => buffer.append({ bytes: Uint8Array.from(bytes), init: false });
  const init = (...bytes: number[]) => buffer.append({ bytes: Uint8Array.from(bytes), init: true });
  const attach = () => buffer.attach(source as unknown as SourceBuffer);
  return { told, source, buffer, media, init, attach };
}

const MEGABYTE = 1024 * 1024;

describe("TrackBuffer", () => {
  it("keeps what comes before it is open, in order, and joins what waits", () => {
    const { source, init, media, attach, told } = setUp();
    init(1);
    media(2);
    media(3, 4);
    expect(source.calls).toEqual([]);
    attach();
    expect(source.mode).toBe("segments");
    source.done();
    media(5);
    media(6);
    source.done();
    source.done();
    expect(source.calls).toEqual(["append 1", "append 234", "append 56"]);
    expect(told).toEqual(["appended", "appended", "appended"]);
  });

  it("changes the type between what came before and after, and only where it differs", () => {
    const { source, buffer, init, media, attach } = setUp();
    attach();
    media(1);
    media(2);
    buffer.changeType("video/mp4");
    buffer.changeType("video/mp4; codecs=hvc1");
    init(3);
    source.done();
    source.done();
    expect(source.calls).toEqual(["append 1", "append 2", "type video/mp4; codecs=hvc1", "append 3"]);
  });

  it("frees what was played, once there is enough of it", () => {
    const { source, buffer, attach } = setUp();
    buffer.trim(5);
    attach();
    buffer.trim(5);
    source.ranges = [{ start: 4.5, end: 10 }];
    buffer.trim(5);
    expect(source.calls).toEqual([]);
    source.ranges = [{ start: 3, end: 10 }];
    buffer.trim(5);
    expect(source.calls).toEqual(["remove 0 5"]);
  });

  it("makes room when the browser has none, and tries again", () => {
    const { source, media, attach, told } = setUp(7);
    attach();
    source.ranges = [{ start: 0, end: 10 }];
    source.full = 1;
    media(1);
    expect(source.calls).toEqual(["remove 0 7"]);
    source.done();
    expect(source.calls).toEqual(["remove 0 7", "append 1"]);
    expect(told).not.toContain("overflow");
  });

  it("gives up media, never what makes it readable, when no room can be made", () => {
    const { source, init, media, attach, told } = setUp(7);
    attach();
    source.ranges = [{ start: 0, end: 10 }];
    source.full = 2;
    media(1);
    init(2);
    source.done();
    expect(told).toEqual(["overflow", "appended"]);
    expect(source.calls).toEqual(["remove 0 7", "append 2"]);
    source.done();
    media(3);
    expect(source.calls).toEqual(["remove 0 7", "append 2", "append 3"]);
  });

  it("says so when not even an initialization segment fits, instead of trying for ever", () => {
    const { source, init, attach, told } = setUp(0);
    attach();
    source.full = Number.POSITIVE_INFINITY;
    init(1);
    expect(told).toEqual(["overflow", "failed: the browser has no room for an initialization segment"]);
  });

  it("bounds what waits for a browser that takes nothing", () => {
    const { source, buffer, init, attach, told } = setUp();
    init(1);
    for (let i = 0; i < 32; i++) buffer.append({ bytes: new Uint8Array(MEGABYTE), init: false });
    expect(told).toEqual(["overflow"]);
    for (let i = 0; i < 31; i++) buffer.append({ bytes: new Uint8Array(MEGABYTE), init: false });
    expect(told).toEqual(["overflow"]);
    attach();
    source.done();
    expect(source.calls).toEqual(["append 1", `append ${31 * MEGABYTE}`]);
  });

  it("reports refusals, and does nothing once closed", () => {
    const { source, buffer, media, attach, told } = setUp();
    attach();
    source.dispatchEvent(new Event("error"));
    expect(told).toEqual(["failed: the browser could not read the media"]);
    buffer.close();
    source.dispatchEvent(new Event("error"));
    source.done();
    media(1);
    buffer.changeType("x");
    expect(told).toHaveLength(1);
    expect(source.calls).toEqual([]);
  });

  it("reports what it cannot even begin", () => {
    const { source, media, attach, told } = setUp();
    attach();
    source.appendBuffer = () => {
      throw new DOMException("removed", "InvalidStateError");
    };
    media(1);
    expect(told).toEqual(["failed: removed"]);
  });

  it("lets media wait while it is held, and frees what was played all the same", () => {
    const { source, buffer } = setUp();
    buffer.attach(source as unknown as SourceBuffer);
    buffer.hold(true);
    source.ranges = [{ start: 0, end: 9 }];
    buffer.trim(5);
    buffer.append({ bytes: new Uint8Array([1]), init: false });
    expect(source.calls).toEqual(["remove 0 5"]);
    source.done();
    expect(source.calls).toHaveLength(1);
    buffer.append({ bytes: new Uint8Array([2]), init: false });
    buffer.hold(false);
    expect(source.calls.at(-1)).toBe("append 12");
  });
});

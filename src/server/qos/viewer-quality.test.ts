import { describe, expect, it } from "vitest";
import { sessionQos, streamQos, type ViewerRow } from "./snapshot.js";
import { type PlayerView, type ViewerReading, ViewerWindow } from "./viewer-quality.js";

const WELL: ViewerReading = {
  lagMs: 20,
  heldMs: 0,
  offeredFrames: 0,
  droppedFrames: 0,
  droppedMs: 0,
  kernelRttMs: undefined,
  pingRttMs: undefined,
  player: undefined,
};
const PLAYER: PlayerView = {
  at: 0,
  rttMs: 40,
  bufferMs: 900,
  receivedFrames: 0,
  lateFrames: 0,
  decodeFailures: 0,
  stalledMs: 0,
};

/** A viewer of 25 frames a second, looked at for so long. */
function watch(looks: number, at: (look: number) => Partial<ViewerReading>): ViewerWindow {
  const window = new ViewerWindow();
  for (let look = 0; look < looks; look++) {
    window.push({ ...WELL, offeredFrames: Math.floor(look * 12.5), ...at(look) });
  }
  return window;
}

describe("ViewerWindow", () => {
  it("has what the server sees of who says nothing, and says so", () => {
    const { quality } = watch(21, () => ({ kernelRttMs: 12, pingRttMs: 30 }));
    expect(quality).toEqual({
      rttMs: { value: 12, source: "kernel" },
      bufferMs: { value: 20, source: "server" },
      dropRate: { value: 0, source: "server" },
      dropped: [],
      stalledMs: { value: 0, source: "server" },
      lagMs: { value: 20, source: "server" },
      cause: "none",
    });
    expect(watch(3, () => ({ pingRttMs: 30 })).quality.rttMs).toEqual({ value: 30, source: "websocket" });
  });

  it("believes the player where it speaks: failures and late frames over what it received, in ten seconds", () => {
    const { quality } = watch(43, (look) => ({
      kernelRttMs: 12,
      player: {
        ...PLAYER,
        receivedFrames: look * 10,
        // Before the window it was worse.
        lateFrames: look < 20 ? look * 5 : 100 + (look - 20),
        // A report every four looks, the last of them with two failures.
        at: Math.floor(look / 4),
        decodeFailures: look < 40 ? 0 : 2,
      },
    }));
    expect(quality.rttMs).toEqual({ value: 40, source: "player" });
    expect(quality.bufferMs).toEqual({ value: 900, source: "player" });
    expect(quality.dropRate).toEqual({ value: (20 + 2) / 200, source: "player" });
    expect(quality.dropped).toEqual([{ value: 22, source: "player" }]);
    expect(quality.cause).toBe("decode");
  });

  it.each<[string, (look: number) => Partial<ViewerReading>]>([
    ["publisher", () => ({ offeredFrames: 100 })],
    ["network", (look) => ({ droppedFrames: look })],
    ["network", () => ({ lagMs: 2_500, heldMs: 2_000 })],
    ["player", (look) => ({ player: { ...PLAYER, stalledMs: look * 10 } })],
    ["player", (look) => ({ player: { ...PLAYER, lateFrames: look } })],
    ["none", () => ({ player: PLAYER })],
  ])("finds the cause: %s", (cause, at) => {
    expect(watch(21, at).quality.cause).toBe(cause);
  });

  it("says that the kernel has it where it lies there", () => {
    expect(watch(5, () => ({ lagMs: 100, heldMs: 90 })).quality.lagMs).toEqual({
      value: 100,
      source: "kernel",
    });
  });
});

describe("streamQos", () => {
  const row = (session: string, stream: string, rtt: number | undefined): ViewerRow => ({
    session,
    protocol: "http-flv",
    app: "live",
    stream,
    quality: watch(21, (look) => ({ kernelRttMs: rtt, droppedFrames: session === "bad" ? look : 0 })).quality,
  });

  it("has means and sums of its viewers, with who says so", () => {
    const rows = [row("a", "one", 10), row("bad", "one", 30), row("c", "two", undefined)].map(sessionQos);
    const [one, two] = streamQos(rows);
    expect(one).toMatchObject({
      app: "live",
      stream: "one",
      viewers: 2,
      rtt_ms: 20,
      buffer_ms: 20,
      drop_rate: 0.04,
      dropped_frames: 20,
      causes: { none: 1, network: 1 },
    });
    expect(one?.sources.rtt_ms).toEqual({ kernel: 2 });
    expect(two).toMatchObject({ stream: "two", rtt_ms: null, drop_rate: 0 });
  });
});

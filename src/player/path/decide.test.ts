import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { choosePath } from "./choose.js";
import { decidePath } from "./decide.js";
import { firstChoice } from "./first.js";

const { signal } = new AbortController();
const URL = "http://host/live/mine.flv?key=1";

/** A browser that has this, and a server that answers so to HEAD. */
function browserWith(
  has: Record<string, unknown>,
  statuses: Readonly<Record<string, number>> = {},
): string[] {
  const asked: string[] = [];
  vi.stubGlobal("document", {
    createElement: () => ({ canPlayType: () => (has.hls === true ? "maybe" : "") }),
  });
  vi.stubGlobal("navigator", { plugins: { namedItem: () => (has.flash === true ? {} : null) } });
  vi.stubGlobal("fetch", (url: string, { method }: RequestInit) => {
    asked.push(`${method} ${url}`);
    const status = statuses[url];
    return status === undefined ? Promise.reject(new TypeError("unreachable")) : Promise.resolve({ status });
  });
  vi.stubGlobal("isSecureContext", true);
  for (const name of ["MediaSource", "Worker"]) if (name in has) vi.stubGlobal(name, has[name]);
  return asked;
}

beforeEach(() => vi.unstubAllGlobals());
afterEach(() => vi.unstubAllGlobals());

describe("the decision where the first path is not taken", () => {
  it("asks the server only where HLS is what is left, beside the stream and with its query", async () => {
    const asked = browserWith({ hls: true }, { "http://host/live/mine.m3u8?key=1": 200 });
    expect((await decidePath(URL, undefined, {}, undefined, signal)).choice?.path).toBe("hls");
    expect(asked).toEqual(["HEAD http://host/live/mine.m3u8?key=1"]);

    const other = browserWith({ hls: true, MediaSource: {} });
    expect((await decidePath(URL, undefined, {}, undefined, signal)).choice?.path).toBe("mse");
    expect(other).toEqual([]);
  });

  it("passes HLS over while the server answers 404, and takes Flash or names every step", async () => {
    const statuses = { "http://host/live/mine.m3u8?key=1": 404, [URL]: 200 };
    browserWith({ hls: true, flash: true }, statuses);
    expect((await decidePath(URL, undefined, {}, undefined, signal)).choice?.path).toBe("flash");
    browserWith({ hls: true }, statuses);
    const { choice, problem } = await decidePath(URL, undefined, {}, undefined, signal);
    expect(choice?.path).toBeUndefined();
    expect(problem).toMatchObject({ code: "browser-unsupported", fatal: true });
    expect(problem?.message).toContain("hls: the server has no HLS of it; flash: no Flash");
  });

  it("waits for a publisher where the server has neither", async () => {
    browserWith({ hls: true }, { "http://host/live/mine.m3u8?key=1": 404, [URL]: 404 });
    expect(await decidePath(URL, undefined, {}, undefined, signal)).toMatchObject({
      problem: { code: "not-found", fatal: false },
    });
  });

  it("names the codec, what to do, and every step where one is not played", async () => {
    browserWith({ MediaSource: {} });
    const refused = { mse: "does not play hvc1.1.6.L93.90" };
    const { problem } = await decidePath(URL, undefined, refused, "hvc1.1.6.L93.90", signal);
    expect(problem).toMatchObject({ code: "codec-unsupported", fatal: true });
    expect(problem?.message).toMatch(
      /^this browser does not play HEVC video \(hvc1\.1\.6\.L93\.90\): publish H\.264/,
    );
    expect(problem?.message).toContain("mse: does not play hvc1.1.6.L93.90");
  });

  it("is what the first choice says where there is one", () => {
    browserWith({ MediaSource: { canConstructInDedicatedWorker: true }, Worker: class {} });
    const first = firstChoice(undefined, {});
    expect(first).toEqual(
      choosePath({
        isSecureContext: true,
        mediaSource: true,
        mediaSourceInWorker: true,
        managedMediaSource: false,
        videoDecoder: true,
        audioDecoder: true,
        decodeAudioData: true,
        audioWorklet: true,
        nativeHls: false,
        serverHls: false,
        flash: false,
      }),
    );
    expect(firstChoice(["webcodecs", "mse-worker"], {})).toBeUndefined();
    expect(firstChoice(undefined, { "mse-worker": "could not be started" })).toBeUndefined();
    browserWith({ MediaSource: {} });
    expect(firstChoice(undefined, {})).toBeUndefined();
  });
});

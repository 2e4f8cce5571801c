import { afterEach, describe, expect, it, vi } from "vitest";
import { fetch as edge } from "./index.js";
import { readSettings } from "./settings.js";

const RENDITIONS = [{ name: "480p", bitrate: "1.2M" }];
const ORIGIN = "https://origin.example";

describe("the worker's variables", () => {
  it("are text, or what a JSON binding makes of it", () => {
    const { origin, renditions } = readSettings({ ORIGIN, RENDITIONS });
    expect([origin.href, renditions]).toEqual([
      "https://origin.example/",
      [{ name: "480p", bitrate: 1_200_000 }],
    ]);
    expect(readSettings({ ORIGIN, RENDITIONS: JSON.stringify(RENDITIONS) }).renditions).toEqual(renditions);
  });

  it.each([
    [{}, "ORIGIN: must be an http or https address"],
    [{ ORIGIN: "origin.example", RENDITIONS }, "ORIGIN: must be an http or https address"],
    [{ ORIGIN: "javascript:alert(1)", RENDITIONS }, "ORIGIN: must be an http or https address"],
    [{ ORIGIN: "https://a:b@origin.example", RENDITIONS }, "ORIGIN: must have no user, query or fragment"],
    [{ ORIGIN }, "RENDITIONS: must be a list of 1 to 16 renditions, or its JSON"],
    [{ ORIGIN, RENDITIONS: "[" }, "RENDITIONS: must be a list of 1 to 16 renditions, or its JSON"],
    [{ ORIGIN, RENDITIONS: [] }, "RENDITIONS: must be a list of 1 to 16 renditions, or its JSON"],
    [{ ORIGIN, RENDITIONS: [null] }, "RENDITIONS[0]: must be an object"],
    [{ ORIGIN, RENDITIONS: [{ ...RENDITIONS[0], fps: 1 }] }, "RENDITIONS[0]: has an unknown key"],
    [
      { ORIGIN, RENDITIONS: [{ name: "../a", bitrate: 1000 }] },
      "RENDITIONS[0].name: must be 1 to 32 letters, digits, dots, - and _",
    ],
    [
      { ORIGIN, RENDITIONS: [{ name: "a", bitrate: "fast" }] },
      "RENDITIONS[0].bitrate: must be bits per second, or such as 800k and 1.2M",
    ],
    [
      { ORIGIN, RENDITIONS: [{ name: "a", bitrate: 1, codec: "vp8" }] },
      "RENDITIONS[0].codec: must be one of h264, hevc, vp9, av1",
    ],
    [
      { ORIGIN, RENDITIONS: [{ name: "a", bitrate: 1, width: 0 }] },
      "RENDITIONS[0].width: must be a number of pixels",
    ],
    [
      { ORIGIN, RENDITIONS: [{ name: "a", bitrate: 1, source: 1 }] },
      "RENDITIONS[0].source: must be true or false",
    ],
    [{ ORIGIN, RENDITIONS: [...RENDITIONS, ...RENDITIONS] }, "RENDITIONS: must not have a name twice"],
  ])("%j: %s", (env, message) => expect(() => readSettings(env)).toThrow(new TypeError(message)));
});

describe("what the origin is asked", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  const env = { ORIGIN: `${ORIGIN}/media/`, RENDITIONS };

  async function askedFor(url: string, init?: RequestInit): Promise<readonly string[]> {
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (address: URL, given: RequestInit) => {
      asked.push(`${given.method} ${address.href}`);
      expect(new Headers(given.headers).has("keep-alive")).toBe(false);
      return new Response(null, { status: 404 });
    });
    await edge(new Request(url, { headers: { "keep-alive": "5" }, ...init }), env);
    return asked;
  }

  it("stays below the origin's address, whatever the path", async () => {
    expect(await askedFor("https://edge.example/live/room.flv?token=a")).toEqual([
      "GET https://origin.example/media/live/room_480p.flv?token=a",
      "GET https://origin.example/media/live/room.flv?token=a",
    ]);
    expect(await askedFor("https://edge.example//evil.example/live/room.flv")).toEqual([
      "GET https://origin.example/media//evil.example/live/room_480p.flv",
      "GET https://origin.example/media//evil.example/live/room.flv",
    ]);
    expect(await askedFor("https://edge.example/live/%2e%2e%2froom.mp4")).toHaveLength(2);
  });

  it("is the very thing where there is nothing to choose", async () => {
    const once = ["/live/room_480p.flv", "/room.flv", "/watch/live/room", "/live/room.m3u8"];
    for (const path of once) expect(await askedFor(`https://edge.example${path}`)).toHaveLength(1);
    expect(await askedFor("https://edge.example/live/room.flv", { method: "POST", body: "a" })).toEqual([
      "POST https://origin.example/media/live/room.flv",
    ]);
  });

  it("is given up after a while", async () => {
    vi.useFakeTimers();
    vi.stubGlobal(
      "fetch",
      (_: URL, { signal }: { readonly signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    );
    const answer = edge(new Request("https://edge.example/live/room.flv"), env);
    await vi.runAllTimersAsync();
    expect((await answer).status).toBe(504);
  });
});

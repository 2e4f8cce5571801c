import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Capabilities, choosePath, explainChoice } from "./choose.js";

const NOTHING: Capabilities = {
  isSecureContext: true,
  mediaSource: false,
  mediaSourceInWorker: false,
  managedMediaSource: false,
  videoDecoder: false,
  audioDecoder: false,
  decodeAudioData: false,
  audioWorklet: false,
  nativeHls: false,
  serverHls: false,
  flash: false,
};
const MODERN: Capabilities = {
  ...NOTHING,
  mediaSource: true,
  mediaSourceInWorker: true,
  videoDecoder: true,
  audioDecoder: true,
  decodeAudioData: true,
  audioWorklet: true,
};
const ON_HTTP = { isSecureContext: false, videoDecoder: false, audioDecoder: false, audioWorklet: false };
const OLD_IPHONE: Capabilities = {
  ...NOTHING,
  videoDecoder: true,
  decodeAudioData: true,
  audioWorklet: true,
  nativeHls: true,
};

/** What each browser has, and what it gets: the table in docs/player.md. */
const BROWSERS: readonly (readonly [string, Capabilities])[] = [
  ["Chrome, Edge 108 and later", MODERN],
  ["the same over plain http", { ...MODERN, ...ON_HTTP }],
  ["Chrome before 108", { ...MODERN, mediaSourceInWorker: false }],
  ["Firefox", { ...MODERN, mediaSourceInWorker: false }],
  ["Safari on macOS", { ...MODERN, mediaSourceInWorker: false, managedMediaSource: true, nativeHls: true }],
  ["iPhone, iOS 17.1 and later", { ...OLD_IPHONE, managedMediaSource: true }],
  ["iPhone, iOS 16.4 to 17.0", OLD_IPHONE],
  ["the same over plain http, with HLS on the server", { ...OLD_IPHONE, ...ON_HTTP, serverHls: true }],
  ["iPhone before iOS 16.4", { ...OLD_IPHONE, videoDecoder: false, serverHls: true }],
  ["the same, without HLS on the server", { ...OLD_IPHONE, videoDecoder: false }],
  ["Android WebView", { ...MODERN, mediaSourceInWorker: false }],
  ["IE 11 with Flash", { ...NOTHING, isSecureContext: false, flash: true }],
  ["IE 11 without Flash", { ...NOTHING, isSecureContext: false }],
];

const DOCS = "docs/player.md";
const START = "<!-- paths: checked by src/player/path/choose.test.ts -->\n";

describe("the path to the screen", () => {
  it("is what the table in the docs says", () => {
    const rows = BROWSERS.map(([name, can]) => {
      const choice = choosePath(can);
      return `| ${name} | ${choice.path === undefined ? "none" : `\`${choice.path}\``} | ${explainChoice(choice)} |`;
    });
    const table = ["| browser | path | why |", "|---|---|---|", ...rows].join("\n");
    expect(readFileSync(DOCS, "utf8")).toContain(`${START}${table}\n`);
  });

  it.each([
    ["Chrome, Edge 108 and later", "mse-worker"],
    ["Firefox", "mse"],
    ["Safari on macOS", "mse"],
    ["iPhone, iOS 17.1 and later", "managed-mse"],
    ["iPhone, iOS 16.4 to 17.0", "webcodecs"],
    ["the same over plain http, with HLS on the server", "hls"],
    ["iPhone before iOS 16.4", "hls"],
    ["the same, without HLS on the server", undefined],
    ["IE 11 with Flash", "flash"],
    ["IE 11 without Flash", undefined],
  ])("of %s is %s", (name, path) => {
    const can = BROWSERS.find(([browser]) => browser === name)?.[1] as Capabilities;
    expect(choosePath(can).path).toBe(path);
  });

  it("goes on where a codec is not played, and says which", () => {
    const hevc = "does not play hvc1.1.6.L93.90";
    const choice = choosePath({ ...MODERN, refused: { "mse-worker": hevc, mse: hevc } });
    expect(choice.path).toBe("webcodecs");
    expect(explainChoice(choice)).toContain("mse: does not play hvc1.1.6.L93.90");
  });

  it("takes the page's preference, and nothing that the page does not want", () => {
    expect(choosePath(MODERN, ["webcodecs", "mse"]).path).toBe("webcodecs");
    expect(choosePath({ ...MODERN, ...ON_HTTP }, ["webcodecs", "mse"]).path).toBe("mse");
    expect(choosePath(MODERN, ["managed-mse"]).path).toBeUndefined();
  });

  it("tells a path that is there but does not play the stream from one that is not there", () => {
    const refused = {
      "mse-worker": "does not play opus",
      mse: "does not play opus",
      "managed-mse": "does not play opus",
    };
    expect(explainChoice(choosePath({ ...MODERN, videoDecoder: false, refused }))).toBe(
      "mse-worker: does not play opus; mse: does not play opus; managed-mse: no ManagedMediaSource; " +
        "webcodecs: no VideoDecoder; hls: the browser plays no HLS; flash: no Flash",
    );
  });

  it("explains every step it took", () => {
    const { steps } = choosePath(OLD_IPHONE);
    expect(steps.map(({ path, taken }) => [path, taken])).toEqual([
      ["mse-worker", false],
      ["mse", false],
      ["managed-mse", false],
      ["webcodecs", true],
    ]);
    for (const { reason } of steps) expect(reason).not.toBe("");
  });
});

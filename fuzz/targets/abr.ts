import { negotiate } from "../../src/abr/negotiate.js";
import type { Rendition } from "../../src/abr/types.js";
import type { FuzzTarget, Random } from "../target.js";

const LADDER: readonly Rendition[] = [
  { name: "1080p", bitrate: 4_000_000, width: 1920 },
  { name: "480p", bitrate: 1_200_000, width: 854 },
  { name: "480p-av1", bitrate: 800_000, codec: "av1" },
  { name: "720p-vp9", bitrate: 2_500_000, codec: "vp9" },
];
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  accept: ['video/mp4;codecs="av01.0.05M.08, opus";q=0.5, */*', "video/webm;codecs=vp9,text/html;q=0.123"],
  "user-agent": [
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36",
  ],
  "save-data": ["on"],
  downlink: ["1.45"],
  rtt: ["350"],
  ect: ["3g"],
  dpr: ["2.625"],
  "viewport-width": ["412"],
  "sec-ch-ua": ['"Google Chrome";v="131", "Chromium";v="131"'],
  "sec-ch-ua-mobile": ["?1", "?0"],
  "sec-ch-ua-platform": ['"Android"', '"Chrome OS"'],
  "sec-ch-ua-form-factors": ['"Tablet", "XR"'],
};
const NAMES = Object.keys(HEADERS);

/** A line is a header's name and its value; the last one is the query. */
export const target: FuzzTarget = {
  name: "abr",
  cases(random) {
    if (random.chance(0.1)) return random.bytes(random.int(200));
    const lines = NAMES.filter(() => random.chance(0.6)).map(
      (name) => `${name}=${headerValue(name, random)}`,
    );
    lines.push(random.pick(["rendition=480p", "codecs=av01.0.05M.08,avc1.64001f", ""]));
    return random.mutate(Uint8Array.from(Buffer.from(lines.join("\n"), "latin1")));
  },
  run(bytes) {
    const lines = Buffer.from(bytes).toString("latin1").split("\n");
    const query = new URLSearchParams(lines.pop());
    const headers = Object.fromEntries(
      lines.map((line, i) => {
        const equals = line.indexOf("=");
        const name = line.slice(0, Math.max(equals, 0));
        return [
          Object.hasOwn(HEADERS, name) ? name : (NAMES[i % NAMES.length] ?? ""),
          line.slice(equals + 1),
        ];
      }),
    );
    const { rendition, reasons } = negotiate(headers, LADDER, { query });
    if (rendition === undefined || !LADDER.includes(rendition)) throw new Error("no rendition of the ladder");
    for (const reason of reasons) {
      if (!/^[\x20-\x7e]{1,80}$/.test(reason)) throw new Error(`a reason that is not ours: ${reason}`);
    }
  },
};

function headerValue(name: string, random: Random): string {
  const value = random.pick(HEADERS[name] ?? [""]);
  return random.chance(0.1) ? value.repeat(1 + random.int(100)) : value;
}

import { negotiate } from "../../src/abr/negotiate.js";
import type { Rendition } from "../../src/abr/types.js";
import type { MicroBench } from "./bench.js";

const LADDER: readonly Rendition[] = [
  { name: "1080p", bitrate: 4_000_000, width: 1920 },
  { name: "720p", bitrate: 2_500_000, width: 1280 },
  { name: "480p", bitrate: 1_200_000, width: 854 },
  { name: "240p", bitrate: 400_000, width: 426 },
  { name: "1080p-av1", bitrate: 4_000_000, codec: "av1" },
  { name: "480p-av1", bitrate: 800_000, codec: "av1" },
];

/** Everything that can be looked at is there to be looked at. */
const HINTED = {
  accept: 'video/mp4;codecs="avc1.640028", video/mp4;codecs="av01.0.08M.08";q=0.5, */*;q=0.1',
  "user-agent":
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "sec-ch-ua": '"Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"',
  "sec-ch-ua-mobile": "?0",
  "sec-ch-ua-platform": '"Windows"',
  "sec-ch-viewport-width": "1600",
  "sec-ch-dpr": "1.25",
  downlink: "10",
  rtt: "50",
  ect: "4g",
};
/** An in-app browser, as it comes without hints. */
const PLAIN = {
  accept: "*/*",
  "user-agent":
    "Mozilla/5.0 (Linux; Android 13; M2012K11AC Build/TKQ1.221114.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20231202 MicroMessenger/8.0.47.2560(0x28002F30) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64",
};

export const abrBenches = (): readonly MicroBench[] =>
  [
    ["all hints", HINTED],
    ["a user agent alone", PLAIN],
  ].map(([name, headers]) => ({
    name: `rendition from headers, ${name as string}`,
    count: 1,
    unit: "decision",
    run() {
      negotiate(headers as Readonly<Record<string, string>>, LADDER);
    },
  }));

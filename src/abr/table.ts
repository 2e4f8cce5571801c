import type { TableRow } from "./types.js";

/** What each class of devices gets unless the caller has a table of its own. */
export const DEFAULT_TABLE: readonly TableRow[] = [
  {
    device: "mobile",
    maxWidth: 768,
    choices: [
      { codec: "av1", bitrate: 800_000 },
      { codec: "h264", bitrate: 1_200_000 },
    ],
  },
  {
    device: "tablet",
    maxWidth: 1024,
    choices: [
      { codec: "vp9", bitrate: 2_500_000 },
      { codec: "h264", bitrate: 2_500_000 },
    ],
  },
  {
    device: "desktop",
    maxWidth: Number.POSITIVE_INFINITY,
    choices: [
      { codec: "av1", bitrate: 4_000_000 },
      { codec: "h264", bitrate: 4_000_000 },
    ],
  },
];

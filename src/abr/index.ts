export { parseBitrate } from "./bitrate.js";
export { ACCEPT_CH } from "./headers.js";
export { negotiate } from "./negotiate.js";
export { DEFAULT_TABLE } from "./table.js";
export type {
  Client,
  Codec,
  Decision,
  DeviceClass,
  NegotiateOptions,
  Rendition,
  RequestHeaders,
  TableRow,
} from "./types.js";

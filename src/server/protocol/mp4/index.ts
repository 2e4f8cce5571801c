import type { Protocol, ProtocolContext } from "../../contract/protocol.js";
import { createMp4Play } from "./play.js";

/** Fragmented MP4 over HTTP. The connections are the HTTP entry's and the viewers the hub's: nothing is kept here. */
export function createMp4Protocol(waitForPublisherMs: number, context: ProtocolContext): Protocol {
  return { name: "mp4", http: createMp4Play(waitForPublisherMs, context), close: async () => {} };
}

import type { Protocol, ProtocolContext } from "../../contract/protocol.js";
import type { FlvOptions } from "./options.js";
import { createFlvPlay } from "./play.js";

/** FLV over HTTP and WebSocket. The connections are the HTTP entry's and the viewers the hub's: nothing is kept here. */
export function createFlvProtocol(
  options: FlvOptions,
  waitForPublisherMs: number,
  context: ProtocolContext,
): Protocol {
  return {
    name: "flv",
    http: createFlvPlay(options, waitForPublisherMs, context),
    close: async () => {},
  };
}

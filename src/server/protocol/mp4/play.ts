import { fmp4Format } from "../../../media/format/mp4/muxer.js";
import type { Exchange } from "../../contract/exchange.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import { parseStreamPath } from "../../net/stream-name.js";
import { serveViewer } from "../../viewer.js";

/** `/APP/NAME.mp4`: one fragmented MP4 without an end. */
export function createMp4Play(
  waitForPublisherMs: number,
  context: ProtocolContext,
): (exchange: Exchange) => boolean {
  const format = fmp4Format();
  return (exchange) => {
    const stream = parseStreamPath(exchange.path, ".mp4");
    if (stream === undefined) return false;
    serveViewer(exchange, {
      context,
      protocol: exchange.websocket ? "ws-mp4" : "http-mp4",
      stream,
      format,
      contentType: "video/mp4",
      waitForPublisherMs,
    });
    return true;
  };
}

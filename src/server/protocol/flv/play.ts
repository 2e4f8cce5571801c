import { flvFormat } from "../../../media/format/flv/muxer.js";
import type { FlvDialect } from "../../../media/format/flv/tag-encoder.js";
import type { ContainerFormat } from "../../../media/model/container.js";
import type { Exchange } from "../../contract/exchange.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import { replyProblem } from "../../net/problem.js";
import { parseStreamPath } from "../../net/stream-name.js";
import { serveViewer } from "../../viewer.js";
import type { FlvOptions } from "./options.js";

/** `?dialect=`: how codecs are written that FLV 10.1 does not know; see FlvDialect. */
const DIALECTS: readonly FlvDialect[] = ["standard", "codecid12", "enhanced"];

/** `/APP/NAME.flv`: HTTP-FLV, and WebSocket-FLV on the same address. */
export function createFlvPlay(
  { metadataAtKey }: FlvOptions,
  waitForPublisherMs: number,
  context: ProtocolContext,
): (exchange: Exchange) => boolean {
  const formats = new Map<string, ContainerFormat>(
    DIALECTS.map((dialect) => [dialect, flvFormat({ dialect, metadataAtKey })]),
  );
  return (exchange) => {
    const stream = parseStreamPath(exchange.path, ".flv");
    if (stream === undefined) return false;
    const format = formats.get(exchange.query.get("dialect") ?? "standard");
    if (format === undefined) {
      replyProblem(exchange, 400, "query", `\`dialect\` must be one of ${DIALECTS.join(", ")}.`);
      return true;
    }
    serveViewer(exchange, {
      context,
      protocol: exchange.websocket ? "ws-flv" : "http-flv",
      stream,
      format,
      contentType: "video/x-flv",
      isMovable: true,
      waitForPublisherMs,
    });
    return true;
  };
}

import { MediaError } from "../../model/error.js";

/** How media is to come. */
export type RtspTransport =
  | { readonly protocol: "tcp" }
  /** @param rtpPort ours */
  | { readonly protocol: "udp"; readonly rtpPort: number; readonly rtcpPort: number };

/** How a server says that it will. */
export type RtspTransportReply =
  | { readonly protocol: "tcp"; readonly rtpChannel: number; readonly rtcpChannel: number }
  /** The server's own ports; undefined where it does not tell. */
  | { readonly protocol: "udp"; readonly rtpPort: number | undefined; readonly rtcpPort: number | undefined };

/** The `Transport` header of a SETUP (RFC 2326 section 12.39), for the track of this index. */
export function transportHeader(transport: RtspTransport, index: number): string {
  if (transport.protocol === "tcp") return `RTP/AVP/TCP;unicast;interleaved=${2 * index}-${2 * index + 1}`;
  return `RTP/AVP;unicast;client_port=${transport.rtpPort}-${transport.rtcpPort}`;
}

/**
 * What the answer says of it. A server that says nothing does as it was asked.
 *
 * @throws MediaError `unsupported` for another way than was asked for
 */
export function readTransport(
  header: string | undefined,
  asked: RtspTransport,
  index: number,
): RtspTransportReply {
  const [protocol = "", ...rest] = (header ?? "").split(",", 1)[0]?.split(";") ?? [];
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [name = "", value = ""] = part.split("=", 2);
    parameters.set(name.trim().toLowerCase(), value.trim());
  }
  const interleaved = parameters.has("interleaved") || /\/TCP$/i.test(protocol.trim());
  if (header !== undefined && interleaved !== (asked.protocol === "tcp")) {
    throw new MediaError("unsupported", `the server wants another transport: ${shown(header)}`);
  }
  if (asked.protocol === "tcp") {
    const [rtpChannel, rtcpChannel] = pair(parameters.get("interleaved"), 255);
    return {
      protocol: "tcp",
      rtpChannel: rtpChannel ?? 2 * index,
      rtcpChannel: rtcpChannel ?? (rtpChannel ?? 2 * index) + 1,
    };
  }
  if (parameters.has("multicast"))
    throw new MediaError("unsupported", "the server sends to a multicast group");
  const [rtpPort, rtcpPort] = pair(parameters.get("server_port"), 65_535);
  return {
    protocol: "udp",
    rtpPort,
    rtcpPort: rtcpPort ?? (rtpPort === undefined ? undefined : rtpPort + 1),
  };
}

/** `a-b`, or `a` alone. */
function pair(text: string | undefined, most: number): (number | undefined)[] {
  const [, first, second] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? "") ?? [];
  return [first, second].map((digits) => {
    const value = Number(digits);
    return digits !== undefined && value <= most ? value : undefined;
  });
}

function shown(header: string): string {
  return header.slice(0, 100);
}

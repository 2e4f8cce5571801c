import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

/** A key frame of a large picture comes in one burst. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;
const ATTEMPTS = 20;
/** An RTP packet without a payload: what opens the way through a NAT, and is nothing to a server. */
const EMPTY_RTP = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

export interface UdpHandler {
  /** The bytes are the caller's for the call. */
  rtp(data: Uint8Array): void;
  rtcp(data: Uint8Array): void;
}

/** Two ports that follow each other, for RTP and RTCP (RFC 3550 section 11). */
export interface UdpPair {
  readonly rtpPort: number;
  readonly rtcpPort: number;
  /** Where the server sends from: opens the way for it. */
  open(rtpPort: number, rtcpPort: number): void;
  sendRtcp(data: Uint8Array): void;
  /** Settles when both ports are free. Idempotent. */
  close(): Promise<void>;
}

/**
 * @param local our address on the way to the server
 * @param remote the server's: what comes from elsewhere is none of its
 * @throws Error when no pair of ports is to be had
 */
export async function openUdpPair(local: string, remote: string, handler: UdpHandler): Promise<UdpPair> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const first = await bind(local, 0);
    const port = first.address().port;
    // RTP's port is the even one.
    const second = await bind(local, port % 2 === 0 ? port + 1 : port - 1).catch(() => undefined);
    if (second !== undefined) {
      const [rtp, rtcp] = port % 2 === 0 ? [first, second] : [second, first];
      return createPair(rtp as Socket, rtcp as Socket, remote, handler);
    }
    await close(first);
  }
  throw new Error("no two UDP ports in a row are free");
}

function createPair(rtp: Socket, rtcp: Socket, remote: string, handler: UdpHandler): UdpPair {
  let closing: Promise<void> | undefined;
  let serverRtcp: number | undefined;
  const isServer = ({ address }: RemoteInfo): boolean => address === remote;
  rtp.on("message", (data, from) => {
    if (isServer(from)) handler.rtp(data);
  });
  rtcp.on("message", (data, from) => {
    if (isServer(from)) handler.rtcp(data);
  });
  // A port that nobody listens on is no failure of ours: that nothing comes is what ends it.
  rtp.on("error", () => {});
  rtcp.on("error", () => {});
  const send = (socket: Socket, data: Uint8Array, port: number | undefined): void => {
    if (closing === undefined && port !== undefined && port > 0) socket.send(data, port, remote, () => {});
  };
  return {
    rtpPort: rtp.address().port,
    rtcpPort: rtcp.address().port,
    open(rtpPort, rtcpPort) {
      serverRtcp = rtcpPort;
      send(rtp, EMPTY_RTP, rtpPort);
    },
    sendRtcp: (data) => send(rtcp, data, serverRtcp),
    close() {
      closing ??= Promise.all([close(rtp), close(rtcp)]).then(() => {});
      return closing;
    },
  };
}

function bind(address: string, port: number): Promise<Socket> {
  const type = isIPv6(address) ? "udp6" : "udp4";
  const socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER_BYTES });
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
  });
}

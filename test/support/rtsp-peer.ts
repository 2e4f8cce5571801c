import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { aacPayload, avcSlice, cameraSdp, rtpPacket, senderReport } from "../../fuzz/support/rtp.js";

export interface PeerRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface PeerAnswer {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** One connection to a source that does what it is told. */
export interface PeerConnection {
  readonly socket: Socket;
  /** What the client has sent over interleaved channels and to the UDP ports, by track. */
  readonly received: { readonly index: number; readonly data: Uint8Array }[];
  /** Sends RTP or RTCP of the track of this index, the way it was set up. */
  send(index: number, kind: "rtp" | "rtcp", data: Uint8Array): void;
}

export interface RtspPeerInit {
  /** `silence` answers nothing, undefined leaves it to the peer. */
  readonly answer?: (request: PeerRequest, connection: PeerConnection) => PeerAnswer | "silence" | undefined;
  /** Called once PLAY was answered. */
  readonly onPlay?: (connection: PeerConnection) => void;
  readonly sdp?: string;
  /** RTP-Info in PLAY's answer. */
  readonly rtpInfo?: string;
}

/** An RTSP server that does only what it is told: for what no real one does. */
export interface RtspPeer {
  readonly port: number;
  url(user?: string): string;
  readonly requests: PeerRequest[];
  /** Connections so far, closed ones included. */
  readonly connections: readonly PeerConnection[];
  close(): Promise<void>;
}

export async function startRtspPeer(init: RtspPeerInit = {}): Promise<RtspPeer> {
  const requests: PeerRequest[] = [];
  const connections: PeerConnection[] = [];
  const sockets = new Set<Socket>();
  const ports: DatagramSocket[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    serve(socket);
  });

  function serve(socket: Socket): void {
    const ways: ((kind: "rtp" | "rtcp", data: Uint8Array) => void)[] = [];
    const received: { index: number; data: Uint8Array }[] = [];
    const connection: PeerConnection = {
      socket,
      received,
      send: (index, kind, data) => ways[index]?.(kind, data),
    };
    connections.push(connection);
    let pending = Buffer.alloc(0);

    function reply(cseq: string, { status, headers = [], body = "" }: PeerAnswer): void {
      const lines = [`RTSP/1.0 ${status} Phrase`, `CSeq: ${cseq}`, "Session: 7;timeout=60", ...headers];
      if (body !== "") lines.push(`Content-Length: ${body.length}`);
      socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
    }

    async function usual({ method, headers }: PeerRequest): Promise<PeerAnswer> {
      switch (method) {
        case "OPTIONS":
          return { status: 200, headers: ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER"] };
        case "DESCRIBE":
          return { status: 200, headers: ["Content-Type: application/sdp"], body: init.sdp ?? cameraSdp() };
        case "SETUP":
          return { status: 200, headers: [`Transport: ${await setUp(headers.get("transport") ?? "")}`] };
        default:
          return { status: 200, headers: init.rtpInfo === undefined ? [] : [`RTP-Info: ${init.rtpInfo}`] };
      }
    }

    async function setUp(transport: string): Promise<string> {
      const index = ways.length;
      const [, client] = /client_port=(\d+)-/.exec(transport) ?? [];
      if (client === undefined) {
        const channel = 2 * index;
        ways.push((kind, data) => {
          const header = Buffer.of(
            0x24,
            channel + (kind === "rtp" ? 0 : 1),
            data.length >> 8,
            data.length & 0xff,
          );
          socket.write(Buffer.concat([header, data]));
        });
        return transport;
      }
      const [rtp, rtcp] = [createSocket("udp4"), createSocket("udp4")];
      ports.push(rtp, rtcp);
      for (const port of [rtp, rtcp]) await new Promise<void>((done) => port.bind(0, "127.0.0.1", done));
      rtcp.on("message", (data) => received.push({ index, data }));
      ways.push((kind, data) => {
        if (kind === "rtp") rtp.send(data, Number(client), "127.0.0.1");
        else rtcp.send(data, Number(client) + 1, "127.0.0.1");
      });
      return `${transport};server_port=${rtp.address().port}-${rtcp.address().port}`;
    }

    async function handle(request: PeerRequest): Promise<void> {
      requests.push(request);
      const told = init.answer?.(request, connection);
      if (told === "silence") return;
      const answer = told ?? (await usual(request));
      reply(request.headers.get("cseq") ?? "", answer);
      if (request.method === "PLAY" && answer.status === 200) init.onPlay?.(connection);
    }

    /** One after another: a set-up takes its time. */
    let turn = Promise.resolve();
    socket.on("data", (slice: Buffer) => {
      pending = Buffer.concat([pending, slice]);
      for (;;) {
        if (pending[0] === 0x24) {
          const length = pending.length < 4 ? Number.POSITIVE_INFINITY : 4 + pending.readUInt16BE(2);
          if (pending.length < length) return;
          received.push({
            index: (pending[1] as number) >> 1,
            data: Uint8Array.from(pending.subarray(4, length)),
          });
          pending = pending.subarray(length);
          continue;
        }
        const end = pending.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [line = "", ...fields] = pending.subarray(0, end).toString("latin1").split("\r\n");
        pending = pending.subarray(end + 4);
        const [method = "", url = ""] = line.split(" ");
        const headers = new Map(
          fields.map((field) => {
            const colon = field.indexOf(":");
            return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
          }),
        );
        turn = turn.then(() => handle({ method, url, headers }));
      }
    });
  }

  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    port,
    url: (user) => `rtsp://${user === undefined ? "" : `${user}@`}127.0.0.1:${port}/cam`,
    requests,
    connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const each of ports) each.close();
      await new Promise<void>((done) => void server.close(() => done()));
    },
  };
}

const PICTURE_MICROS = 40_000;
const SSRCS = [0x11111111, 0x22222222];

/** Sends pictures of 40 ms, the first one a key frame, with sound, and reports that say when they were captured. */
export function sendCamera(connection: PeerConnection, pictures: number, first = 0): void {
  const wall = 1_764_000_000_000_000;
  for (const index of [0, 1]) {
    const timestamp = index === 0 ? 90_000 : 48_000;
    connection.send(index, "rtcp", senderReport(SSRCS[index] as number, wall, timestamp));
  }
  for (let i = first; i < first + pictures; i++) {
    const micros = i * PICTURE_MICROS;
    const video = {
      sequence: i,
      timestamp: 90_000 + 0.09 * micros,
      payload: avcSlice(i % 25 === 0, i & 0xff),
      marker: true,
      ssrc: SSRCS[0] as number,
    };
    connection.send(0, "rtp", rtpPacket(video));
    const audio = {
      sequence: i,
      timestamp: 48_000 + 0.048 * micros,
      payload: aacPayload([new Uint8Array(20).fill(i & 0xff), new Uint8Array(20)]),
      marker: true,
      payloadType: 97,
      ssrc: SSRCS[1] as number,
    };
    connection.send(1, "rtp", rtpPacket(audio));
  }
}

import { type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { CONFIGS, FRAMES } from "../../fuzz/support/flv.js";
import { readAacConfig } from "../../src/media/codec/aac.js";
import { readAvcConfig } from "../../src/media/codec/avc.js";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { AudioTrack, Track, VideoTrack } from "../../src/media/model/track.js";
import {
  createServer,
  type LiveServer,
  type ServerOptions,
  type StreamWriter,
} from "../../src/server/index.js";
import { createLogRecorder, type LogLine } from "./rtmp-server.js";

export const VIDEO: VideoTrack = { id: 1, kind: "video", codec: "avc", config: readAvcConfig(CONFIGS.avc) };
export const AUDIO: AudioTrack = { id: 2, kind: "audio", codec: "aac", config: readAacConfig(CONFIGS.aac) };

/** A server without RTMP, on a port that the system picks on loopback, with its log. */
export interface TestLive {
  readonly live: LiveServer;
  readonly port: number;
  readonly lines: readonly LogLine[];
  url(path: string): string;
}

export async function startLive(options: ServerOptions = {}): Promise<TestLive> {
  const lines: LogLine[] = [];
  const live = createServer({
    rtmp: false,
    ops: false,
    waitForPublisherMs: 0,
    logger: createLogRecorder(lines),
    ...options,
    http: options.http === false ? false : { host: "127.0.0.1", port: 0, ...options.http },
  });
  const { http } = await live.listen();
  const port = http?.port ?? 0;
  return { live, port, lines, url: (path) => `http://127.0.0.1:${port}${path}` };
}

/** A picture of 25 frames a second with a key frame every `gop`, and a sound frame with each. */
export interface Source {
  readonly writer: StreamWriter;
  /** Writes this many frames at once. */
  frames(count: number): void;
  /** Goes on by itself, one frame every few milliseconds: ten times as fast as life. */
  run(): void;
  stop(): void;
}

export interface SourceOptions {
  readonly tracks?: readonly Track[];
  readonly gop?: number;
  /** Size of a video frame. */
  readonly bytes?: number;
}

const FRAME_MICROS = 40_000;
const PACE_MS = 4;

export function startSource(live: LiveServer, name: string, options: SourceOptions = {}): Source {
  const { tracks = [VIDEO, AUDIO], gop = 10, bytes = 0 } = options;
  const writer = live.publish(name, tracks);
  let n = 0;
  let timer: NodeJS.Timeout | undefined;
  const source: Source = {
    writer,
    frames(count) {
      for (let i = 0; i < count; i++) {
        const dts = n * FRAME_MICROS;
        const key = n % gop === 0;
        if (tracks.includes(VIDEO)) {
          const head = key ? FRAMES.avcKey(n) : FRAMES.avcInter(n);
          const data = bytes > head.length ? padded(head, bytes) : head;
          writer.write({ track: 1, dts, key, data });
        }
        if (tracks.includes(AUDIO)) writer.write({ track: 2, dts, data: FRAMES.aac(n) });
        n += 1;
      }
    },
    run() {
      timer ??= setInterval(() => source.frames(1), PACE_MS);
    },
    stop() {
      clearInterval(timer);
      writer.end();
    },
  };
  return source;
}

/** The same slice, with a filler NAL unit behind it. */
function padded(frame: Uint8Array, size: number): Uint8Array {
  const data = new Uint8Array(size);
  data.set(frame);
  const filler = size - frame.length - 4;
  new DataView(data.buffer).setUint32(frame.length, filler);
  data[frame.length + 4] = 12;
  return data;
}

/** The answer's head; its body is still to be read. */
export function open(
  url: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, method, agent: false }, resolve);
    sent.on("error", reject);
    sent.end();
  });
}

export async function readAll(answer: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The first packets of an FLV body; the viewer then leaves. */
export async function firstPackets(
  answer: AsyncIterable<Uint8Array>,
  count: number,
): Promise<readonly Packet[]> {
  const packets: Packet[] = [];
  const demuxer = createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) });
  for await (const chunk of answer) {
    demuxer.push(chunk, 0);
    if (packets.length >= count) break;
  }
  return packets.slice(0, count);
}

/** All packets of a whole FLV body. */
export function packetsOf(body: Uint8Array): readonly Packet[] {
  const packets: Packet[] = [];
  const demuxer = createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) });
  demuxer.push(body, 0);
  demuxer.end();
  return packets;
}

/** A connection of which every byte is seen. */
export interface RawConnection {
  readonly socket: Socket;
  /** What has come, one character a byte. */
  text(): string;
  readonly closed: Promise<void>;
}

export function openRaw(port: number, lines: readonly string[]): RawConnection {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (data) => chunks.push(data));
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  if (lines.length > 0) socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return { socket, text: () => Buffer.concat(chunks).toString("latin1"), closed };
}

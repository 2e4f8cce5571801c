import { connect, type Socket } from "node:net";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import type { AmfObject, AmfValue } from "../../src/media/format/amf/value.js";
import { ChunkReader } from "../../src/media/wire/rtmp/chunk-reader.js";
import { writeMessage } from "../../src/media/wire/rtmp/chunk-writer.js";
import { type Command, encodeCommand, readCommand, readStatus } from "../../src/media/wire/rtmp/command.js";
import {
  COMMAND_AMF0,
  COMMAND_AMF3,
  chunkStreamOf,
  USER_CONTROL,
} from "../../src/media/wire/rtmp/message.js";
import { until } from "./until.js";

const HANDSHAKE = 1536;
const CHUNK_SIZE = 128;

/** A message as it came. */
export interface PeerMessage {
  readonly type: number;
  readonly timestamp: number;
  readonly streamId: number;
  readonly body: Uint8Array;
}

/** An RTMP client that does only what it is told: for what no real client does. */
export interface RtmpPeer {
  readonly socket: Socket;
  readonly messages: readonly PeerMessage[];
  /** Codes of the statuses that came, in order. */
  readonly codes: readonly string[];
  readonly closed: boolean;
  send(type: number, streamId: number, body: Uint8Array, timestamp?: number): void;
  command(streamId: number, name: string, transaction: number, object: AmfValue, ...args: AmfValue[]): void;
  /** Sends connect and waits for its answer, which it returns. */
  connect(app: string, properties?: AmfObject): Promise<Command>;
  createStream(): Promise<number>;
  /** Publishes and waits for the status. @returns its code */
  publish(streamId: number, name: string): Promise<string>;
  play(streamId: number, name: string): Promise<string>;
  /** The next status from this call on that `wanted` says yes to. */
  status(wanted?: (code: string) => boolean): Promise<string>;
  end(): void;
  /** Settles once the connection is gone. */
  gone(): Promise<void>;
}

/** Connects and shakes hands. */
export async function openRtmpPeer(port: number): Promise<RtmpPeer> {
  const socket = connect(port, "127.0.0.1");
  const messages: PeerMessage[] = [];
  const codes: string[] = [];
  const commands: Command[] = [];
  let closed = false;
  let handshake = 1 + 2 * HANDSHAKE;
  const reader = new ChunkReader((type, timestamp, streamId, body) => {
    messages.push({ type, timestamp, streamId, body: new Uint8Array(body) });
    if (type !== COMMAND_AMF0 && type !== COMMAND_AMF3) return;
    const command = readCommand(type, body);
    commands.push(command);
    if (command.name === "onStatus") codes.push(readStatus(command.args).code);
  });
  socket.on("data", (slice: Buffer) => {
    const skip = Math.min(handshake, slice.length);
    handshake -= skip;
    // A Set Chunk Size is the reader's own business, but its sink gets it too.
    if (slice.length > skip) reader.push(slice.subarray(skip));
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    closed = true;
  });
  const hello = new Uint8Array(1 + HANDSHAKE);
  hello[0] = 3;
  socket.write(hello);
  await until(() => handshake === 0 || closed);
  socket.write(new Uint8Array(HANDSHAKE));

  const peer: RtmpPeer = {
    socket,
    messages,
    codes,
    get closed() {
      return closed;
    },
    send(type, streamId, body, timestamp = 0) {
      const out = new ByteWriter();
      writeMessage(out, chunkStreamOf(type), type, timestamp, streamId, body, CHUNK_SIZE);
      socket.write(out.finish());
    },
    command(streamId, name, transaction, object, ...args) {
      peer.send(COMMAND_AMF0, streamId, encodeCommand(name, transaction, object, ...args));
    },
    async connect(app, properties = {}) {
      peer.command(0, "connect", 1, {
        app,
        flashVer: "Test/1.0",
        tcUrl: `rtmp://127.0.0.1/${app}`,
        ...properties,
      });
      return answer(1);
    },
    async createStream() {
      const transaction = 100 + commands.length;
      peer.command(0, "createStream", transaction, null);
      return Number((await answer(transaction)).args[0]);
    },
    publish(streamId, name) {
      const next = peer.status();
      peer.command(streamId, "publish", 0, null, name, "live");
      return next;
    },
    play(streamId, name) {
      const next = peer.status((code) => code !== "NetStream.Play.Reset");
      peer.command(streamId, "play", 0, null, name);
      return next;
    },
    async status(wanted = () => true) {
      const from = codes.length;
      const found = (): string | undefined => codes.slice(from).find(wanted);
      await until(() => found() !== undefined || closed);
      return found() ?? "closed";
    },
    end: () => void socket.end(),
    gone: () => until(() => closed),
  };
  return peer;

  async function answer(transaction: number): Promise<Command> {
    const isAnswer = (command: Command): boolean =>
      command.transactionId === transaction && (command.name === "_result" || command.name === "_error");
    await until(() => commands.some(isAnswer) || closed);
    const found = commands.find(isAnswer);
    if (found === undefined) throw new Error("closed before the answer");
    return found;
  }
}

/** Whether a user control event of this kind has come for a stream. */
export function hasEvent(peer: RtmpPeer, event: number): boolean {
  return peer.messages.some(
    ({ type, body }) => type === USER_CONTROL && ((body[0]! << 8) | body[1]!) === event,
  );
}

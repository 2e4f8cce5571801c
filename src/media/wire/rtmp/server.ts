/** The server's end of a connection, as a machine without sockets: bytes in, bytes and requests out. */
import type { AmfObject, AmfValue } from "../../format/amf/value.js";
import { MediaError } from "../../model/error.js";
import { capabilityProperties, OUR_CAPABILITIES, readCapabilities } from "./capabilities.js";
import { DEFAULT_MAX_PARTIAL_BYTES } from "./chunk-reader.js";
import { PLAY_CHUNK_SIZE } from "./chunk-writer.js";
import type { Command } from "./command.js";
import { encodeCommand, readCommand, text } from "./command.js";
import { createServerHandshake } from "./handshake.js";
import { createLink, DEFAULT_WINDOW } from "./link.js";
import {
  AGGREGATE,
  AUDIO,
  COMMAND_AMF0,
  COMMAND_AMF3,
  DATA_AMF0,
  DATA_AMF3,
  EVENT_PING_REQUEST,
  EVENT_PING_RESPONSE,
  EVENT_SET_BUFFER_LENGTH,
  VIDEO,
} from "./message.js";
import type { StreamAddress } from "./name.js";
import { parseAddress } from "./name.js";
import { createServerStreams, statusOf } from "./server-streams.js";
import type {
  RtmpConnectInfo,
  RtmpServerConnection,
  RtmpServerHandler,
  RtmpServerOptions,
} from "./server-types.js";

const MAX_NAME_LENGTH = 2048;
/** Unfinished messages of a peer that has not asked to publish: room for its commands. */
const MAX_STRANGER_BYTES = 256 * 1024;
/** Those of one that has, and has not been let: room for a first key frame, not for a flood. */
const MAX_ASKING_BYTES = 4 * 1024 * 1024;

export function createRtmpServerConnection(
  options: RtmpServerOptions,
  handler: RtmpServerHandler,
): RtmpServerConnection {
  const capabilities = options.capabilities ?? OUR_CAPABILITIES;
  const handshake = createServerHandshake(options.crypto);
  const link = createLink(
    handshake,
    { send: (bytes) => handler.send(bytes), open: () => handler.handshaken?.(), message, event },
    options.limits,
  );
  const maxPartialBytes = options.limits?.maxPartialBytes ?? DEFAULT_MAX_PARTIAL_BYTES;
  let partialBytes = 0;
  allowPartial(MAX_STRANGER_BYTES);
  const streams = createServerStreams(link, handler, options, (step) =>
    allowPartial(step === "asked" ? MAX_ASKING_BYTES : maxPartialBytes),
  );

  let connected: RtmpConnectInfo | undefined;
  /** The name in the latest releaseStream or FCPublish, for clients whose `publish` has none. */
  let announcedName: string | undefined;
  let receivedAt = 0;
  let closed = false;

  /** Trust is not taken back: who was let publish once may ask again with its media under way. */
  function allowPartial(bytes: number): void {
    partialBytes = Math.min(Math.max(partialBytes, bytes), maxPartialBytes);
    link.limitPartial(partialBytes);
  }

  function message(type: number, timestamp: number, streamId: number, body: Uint8Array): void {
    if (closed) return; // By the handler, over an earlier message of the same slice
    switch (type) {
      case AUDIO:
      case VIDEO:
      case DATA_AMF0:
      case DATA_AMF3:
      case AGGREGATE:
        streams.media(type, timestamp, streamId, body, receivedAt);
        break;
      case COMMAND_AMF0:
      case COMMAND_AMF3:
        command(readCommand(type, body), streamId);
        break;
      default:
        handler.dropped?.(new MediaError("unsupported", `message type ${type}`));
    }
  }

  function event(type: number, value: number): void {
    if (type === EVENT_SET_BUFFER_LENGTH) handler.bufferLength?.(value);
    else if (type === EVENT_PING_RESPONSE) handler.pong?.(value);
  }

  function result(transactionId: number, object: AmfValue, ...args: AmfValue[]): void {
    if (transactionId !== 0)
      link.write(COMMAND_AMF0, 0, encodeCommand("_result", transactionId, object, ...args));
  }

  function refuse(transactionId: number, code: string, description: string): void {
    const info: AmfObject = { level: "error", code, description };
    link.write(COMMAND_AMF0, 0, encodeCommand("_error", transactionId, null, info));
  }

  function call(name: string, code: string, description: string): void {
    link.write(COMMAND_AMF0, 0, encodeCommand(name, 0, null, { ...statusOf(code, description) }));
  }

  function error(streamId: number, code: string, description: string): void {
    streams.status(streamId, { level: "error", code, description });
  }

  function command(received: Command, streamId: number): void {
    const { name, transactionId } = received;
    const known = commands.get(name);
    if (name === "connect") connect(received);
    else if (connected === undefined)
      refuse(transactionId, "NetConnection.Call.Failed", `${name} before connect.`);
    else if (known !== undefined) known(received, streamId);
    else if (transactionId !== 0) {
      refuse(transactionId, "NetConnection.Call.Failed", `Method not found (${name.slice(0, 64)}).`);
    }
  }

  function connect({ transactionId, object }: Command): void {
    if (connected !== undefined) {
      refuse(transactionId, "NetConnection.Connect.Rejected", "Connected already.");
      return;
    }
    const clientCapabilities = readCapabilities(object);
    connected = {
      app: text(object.app),
      tcUrl: text(object.tcUrl),
      flashVer: text(object.flashVer),
      pageUrl: text(object.pageUrl),
      swfUrl: text(object.swfUrl),
      objectEncoding: object.objectEncoding === 3 ? 3 : 0,
      ...(clientCapabilities === undefined ? {} : { capabilities: clientCapabilities }),
    };
    link.setWindow(DEFAULT_WINDOW);
    link.setPeerBandwidth(DEFAULT_WINDOW);
    link.setChunkSize(PLAY_CHUNK_SIZE);
    const properties: AmfObject = {
      // Clients look for Flash Media Server: from 3 on they use what we support.
      fmsVer: "FMS/3,0,1,123",
      capabilities: 31,
      mode: 1,
      ...(clientCapabilities === undefined ? {} : capabilityProperties(capabilities)),
    };
    const info: AmfObject = {
      ...statusOf("NetConnection.Connect.Success", "Connection succeeded."),
      objectEncoding: connected.objectEncoding,
    };
    link.write(COMMAND_AMF0, 0, encodeCommand("_result", transactionId, properties, info));
    handler.connected?.(connected);
  }

  /** What clients call once they are connected. Those with nothing to do are known, so that they get no error. */
  const commands = new Map<string, (command: Command, streamId: number) => void>([
    [
      "releaseStream",
      ({ transactionId, args }) => {
        announcedName = nameOf(args[0]) ?? announcedName;
        result(transactionId, null, undefined);
      },
    ],
    [
      "FCPublish",
      ({ transactionId, args }) => {
        announcedName = nameOf(args[0]) ?? announcedName;
        result(transactionId, null, undefined);
        call("onFCPublish", "NetStream.Publish.Start", text(args[0]));
      },
    ],
    [
      "FCUnpublish",
      ({ transactionId, args }) => {
        result(transactionId, null, undefined);
        call("onFCUnpublish", "NetStream.Unpublish.Success", text(args[0]));
        const streamId = streams.publishingOn(nameOf(args[0]));
        if (streamId !== undefined) leave(streamId);
      },
    ],
    ["FCSubscribe", ({ args }) => call("onFCSubscribe", "NetStream.Play.Start", text(args[0]))],
    [
      "createStream",
      ({ transactionId }) => {
        const id = streams.create();
        if (id === undefined) refuse(transactionId, "NetConnection.Call.Failed", "Too many streams.");
        else result(transactionId, null, id);
      },
    ],
    [
      "deleteStream",
      ({ args }) => {
        if (typeof args[0] === "number") streams.delete(args[0]);
      },
    ],
    ["closeStream", (_command, streamId) => leave(streamId)],
    ["publish", publish],
    ["play", play],
    ["pause", ({ args }, streamId) => pause(streamId, args[0] === true)],
    ["seek", (_command, streamId) => error(streamId, "NetStream.Seek.Failed", "The stream is live.")],
    ["getStreamLength", ({ transactionId }) => result(transactionId, null, 0)],
    ["_checkbw", ({ transactionId }) => result(transactionId, null, undefined)],
    ["receiveAudio", nothing],
    ["receiveVideo", nothing],
    ["_result", nothing],
    ["_error", nothing],
    ["onStatus", nothing],
  ]);

  function publish({ args }: Command, streamId: number): void {
    const rawName = nameOf(args[0]) ?? announcedName ?? "";
    const address = addressOf(rawName);
    const publishType = text(args[1]);
    if (address === undefined) error(streamId, "NetStream.Publish.BadName", "No usable stream name.");
    else streams.ask({ kind: "publish", streamId, address, publishType, start: -2, rawName, reset: false });
  }

  function play({ args }: Command, streamId: number): void {
    const rawName = nameOf(args[0]) ?? "";
    const address = addressOf(rawName);
    const start = typeof args[1] === "number" ? args[1] : -2;
    // The last argument says whether to empty the playlist; absent, as it mostly is, means yes.
    const reset = args[3] !== false;
    if (address === undefined) error(streamId, "NetStream.Play.StreamNotFound", "No usable stream name.");
    else streams.ask({ kind: "play", streamId, address, publishType: "", start, rawName, reset });
  }

  function addressOf(rawName: string): StreamAddress | undefined {
    if (
      connected === undefined ||
      rawName.length > MAX_NAME_LENGTH ||
      connected.app.length > MAX_NAME_LENGTH
    ) {
      return undefined;
    }
    const address = parseAddress(connected.tcUrl, connected.app, rawName);
    return address.name === "" ? undefined : address;
  }

  function leave(streamId: number): void {
    if (!streams.stop(streamId, "client")) return;
    streams.status(streamId, statusOf("NetStream.Unpublish.Success", "Stream closed."));
  }

  function pause(streamId: number, paused: boolean): void {
    const code = paused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify";
    streams.status(streamId, statusOf(code, paused ? "Paused." : "Unpaused."));
    handler.paused?.(streamId, paused);
  }

  return {
    push(slice, at) {
      if (closed) return;
      receivedAt = at;
      link.push(slice);
    },
    status(streamId, info) {
      if (closed) return;
      streams.status(streamId, info);
      link.flush();
    },
    end(request, info) {
      if (!closed) streams.end(request, info);
    },
    ping(value) {
      if (closed || connected === undefined) return;
      link.writeEvent(EVENT_PING_REQUEST, value);
      link.flush();
    },
    close() {
      if (closed) return;
      closed = true;
      streams.close();
    },
    get bytesIn() {
      return link.bytesIn;
    },
    get acknowledged() {
      return link.acknowledged;
    },
  };
}

/** A stream name; some clients send numbers, and false or nothing where they have none. */
function nameOf(value: AmfValue): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function nothing(): void {}

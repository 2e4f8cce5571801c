/** The client's end of a connection, as a machine without sockets: bytes in, bytes and media out. */
import type { AmfObject, AmfValue } from "../../format/amf/value.js";
import { isAmfObject } from "../../format/amf/value.js";
import { readAggregate } from "./aggregate.js";
import { capabilityProperties } from "./capabilities.js";
import { PLAY_CHUNK_SIZE } from "./chunk-writer.js";
import type {
  RtmpClientConnection,
  RtmpClientHandler,
  RtmpClientOptions,
  RtmpFailure,
} from "./client-types.js";
import type { Command } from "./command.js";
import { encodeCommand, readCommand, readStatus, text } from "./command.js";
import { createClientHandshake } from "./handshake.js";
import { createLink, DEFAULT_WINDOW } from "./link.js";
import {
  AGGREGATE,
  AUDIO,
  COMMAND_AMF0,
  COMMAND_AMF3,
  DATA_AMF0,
  DATA_AMF3,
  EVENT_SET_BUFFER_LENGTH,
  VIDEO,
} from "./message.js";

/** Transaction ids: one for each command that has an answer. */
const CONNECT = 1;
const RELEASE_STREAM = 2;
const FC_PUBLISH = 3;
const CREATE_STREAM = 4;
const GO = 5;
const FC_UNPUBLISH = 6;

/** `play`: live if there is such a stream. In milliseconds, as it goes on the wire. */
const LIVE_OR_RECORDED = -2000;
/** What players say they buffer; servers that pace by it send at once. */
const BUFFER_LENGTH_MS = 1000;

const END_CODES: ReadonlySet<string> = new Set([
  "NetStream.Play.Complete",
  "NetStream.Play.Stop",
  "NetStream.Play.UnpublishNotify",
  "NetStream.Unpublish.Success",
  "NetConnection.Connect.Closed",
]);

export function createRtmpClientConnection(
  options: RtmpClientOptions,
  handler: RtmpClientHandler,
): RtmpClientConnection {
  const { crypto, mode, digest } = options;
  const handshake = createClientHandshake(digest === undefined ? { crypto } : { crypto, digest });
  const link = createLink(
    handshake,
    { send: (bytes) => handler.send(bytes), open: connect, message, event: () => {} },
    options.limits,
  );

  let phase: "connecting" | "creating" | "asking" | "ready" | "over" = "connecting";
  let stream = 0;
  let receivedAt = 0;

  function call(
    streamId: number,
    name: string,
    transactionId: number,
    object: AmfValue,
    ...args: AmfValue[]
  ): void {
    link.write(COMMAND_AMF0, streamId, encodeCommand(name, transactionId, object, ...args));
  }

  function connect(): void {
    const object: AmfObject = {
      app: options.app,
      type: "nonprivate",
      flashVer: options.flashVer ?? "FMLE/3.0 (compatible; Sluice)",
      tcUrl: options.tcUrl,
      fpad: false,
      capabilities: 239,
      audioCodecs: 0x0fff,
      videoCodecs: 0x00fc,
      videoFunction: 1,
      objectEncoding: 0,
      ...(options.capabilities === undefined ? {} : capabilityProperties(options.capabilities)),
    };
    call(0, "connect", CONNECT, object);
  }

  function message(type: number, timestamp: number, _streamId: number, body: Uint8Array): void {
    if (phase === "over") return;
    switch (type) {
      case COMMAND_AMF0:
      case COMMAND_AMF3:
        command(readCommand(type, body));
        break;
      case AUDIO:
      case VIDEO:
      case DATA_AMF0:
      case DATA_AMF3:
        media(type, timestamp, body);
        break;
      case AGGREGATE:
        readAggregate(body, timestamp, media);
        break;
      default:
    }
  }

  function media(type: number, timestamp: number, body: Uint8Array): void {
    if (mode !== "play") return;
    // Some servers send media without a word before.
    if (phase === "asking") becomeReady();
    if (phase === "ready") handler.media(type, timestamp, body, receivedAt);
  }

  function command(received: Command): void {
    const { name, transactionId, args } = received;
    if (name === "_result") answered(transactionId, args);
    else if (name === "_error") refused(transactionId, args);
    else if (name === "onStatus") status(args);
    else if (name === "close") fail("ended", args);
  }

  function answered(transactionId: number, args: readonly AmfValue[]): void {
    if (transactionId === CONNECT && phase === "connecting") {
      phase = "creating";
      link.setChunkSize(PLAY_CHUNK_SIZE);
      if (mode === "publish") {
        call(0, "releaseStream", RELEASE_STREAM, null, options.name);
        call(0, "FCPublish", FC_PUBLISH, null, options.name);
      } else {
        link.setWindow(DEFAULT_WINDOW);
      }
      call(0, "createStream", CREATE_STREAM, null);
    } else if (transactionId === CREATE_STREAM && phase === "creating") {
      const id = args[0];
      if (typeof id !== "number") {
        fail("stream-refused", args);
        return;
      }
      phase = "asking";
      stream = id >>> 0;
      if (mode === "publish") {
        call(stream, "publish", GO, null, options.name, "live");
      } else {
        call(stream, "play", GO, null, options.name, LIVE_OR_RECORDED);
        link.writeEvent(EVENT_SET_BUFFER_LENGTH, stream, BUFFER_LENGTH_MS);
      }
    }
  }

  /** releaseStream and FCPublish are errors to some servers, which is no matter. */
  function refused(transactionId: number, args: readonly AmfValue[]): void {
    if (transactionId === CONNECT && phase === "connecting") fail("connect-rejected", args);
    else if (transactionId === CREATE_STREAM && phase === "creating") fail("stream-refused", args);
    else if (transactionId === GO && phase === "asking") fail(rejection(), args);
  }

  function status(args: readonly AmfValue[]): void {
    const { level, code, description } = readStatus(args);
    handler.status?.({ level, code, description });
    if (phase === "asking") {
      if (level === "error") fail(rejection(), args);
      else if (code === (mode === "publish" ? "NetStream.Publish.Start" : "NetStream.Play.Start"))
        becomeReady();
    } else if (phase === "ready" && (level === "error" || END_CODES.has(code))) {
      fail("ended", args);
    } else if (level === "error" && phase !== "over") {
      fail(phase === "connecting" ? "connect-rejected" : "stream-refused", args);
    }
  }

  function rejection(): RtmpFailure["reason"] {
    return mode === "publish" ? "publish-rejected" : "play-rejected";
  }

  function becomeReady(): void {
    phase = "ready";
    handler.ready(stream);
  }

  function fail(reason: RtmpFailure["reason"], args: readonly AmfValue[]): void {
    if (phase === "over") return;
    phase = "over";
    const { level, code, description, info } = readStatus(args);
    // Flash Media Server's redirect, which Wowza and others took over.
    const redirect = isAmfObject(info.ex) ? text(info.ex.redirect) : "";
    handler.failed({ reason, level, code, description, ...(redirect === "" ? {} : { redirect }) });
  }

  return {
    start() {
      handler.send(handshake.start());
    },
    push(slice, at) {
      if (phase === "over") return;
      receivedAt = at;
      link.push(slice);
    },
    sendMedia(type, timestamp, body) {
      if (phase !== "ready" || mode !== "publish")
        throw new TypeError("sendMedia: there is no stream to publish on");
      link.write(type, stream, body, timestamp);
      link.flush();
    },
    close() {
      if (phase === "over") return;
      if (phase === "asking" || phase === "ready") {
        if (mode === "publish") call(0, "FCUnpublish", FC_UNPUBLISH, null, options.name);
        call(0, "deleteStream", 0, null, stream);
        link.flush();
      }
      phase = "over";
    },
    get isReady() {
      return phase === "ready";
    },
    get bytesIn() {
      return link.bytesIn;
    },
    get acknowledged() {
      return link.acknowledged;
    },
  };
}

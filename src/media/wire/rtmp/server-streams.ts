/** The message streams of a server connection: who publishes and plays on them, and where media goes. */
import { encodeAmf0 } from "../../format/amf/amf0.js";
import { MediaError } from "../../model/error.js";
import { readAggregate } from "./aggregate.js";
import type { StatusInfo } from "./command.js";
import { encodeCommand } from "./command.js";
import type { Link } from "./link.js";
import {
  AGGREGATE,
  COMMAND_AMF0,
  DATA_AMF0,
  DATA_AMF3,
  EVENT_STREAM_BEGIN,
  EVENT_STREAM_EOF,
} from "./message.js";
import type { HeldMessage, RtmpRequest, StopReason } from "./server-request.js";
import type { RtmpServerHandler, RtmpServerOptions } from "./server-types.js";

const DEFAULT_MAX_STREAMS = 8;
const DEFAULT_MAX_HELD_BYTES = 4 * 1024 * 1024;
/** What a held message takes besides its body, so that empty ones count too. */
const HELD_OVERHEAD = 64;

/** What `publish` or `play` asked for. */
export type Wish = Pick<RtmpRequest, "kind" | "streamId" | "address" | "publishType" | "start"> & {
  /** The stream name as it was sent, by which FCUnpublish means it. */
  readonly rawName: string;
  /** `play`: whether to tell the player to empty its buffer. */
  readonly reset: boolean;
};

/** A request and where it stands. */
interface Entry {
  readonly wish: Wish;
  readonly request: RtmpRequest;
  phase: "pending" | "accepted" | "over";
  held: HeldMessage[];
}

export interface ServerStreams {
  /** A new message stream's id; undefined when there are too many. The first one is 1. */
  create(): number | undefined;
  /** Forgets a message stream, ending what happens on it. */
  delete(streamId: number): void;
  /** Hands a wish to the handler; whatever happens on its stream ends first. */
  ask(wish: Wish): void;
  /** Ends what happens on a stream; false when nothing does. */
  stop(streamId: number, reason: StopReason): boolean;
  /** The stream on which this name is published, else the only one on which anything is. */
  publishingOn(rawName: string | undefined): number | undefined;
  media(type: number, timestamp: number, streamId: number, body: Uint8Array, receivedAt: number): void;
  end(request: RtmpRequest, info: StatusInfo | undefined): void;
  status(streamId: number, info: StatusInfo): void;
  close(): void;
}

/** @param onPublish called when a client asks to publish, before the handler is, and when it is let, before the answer */
export function createServerStreams(
  link: Link,
  handler: RtmpServerHandler,
  options: RtmpServerOptions,
  onPublish: (step: "asked" | "accepted") => void,
): ServerStreams {
  const maxStreams = options.maxStreams ?? DEFAULT_MAX_STREAMS;
  const maxHeldBytes = options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES;
  /** Every message stream that exists, with what happens on it. */
  const streams = new Map<number, Entry | undefined>();
  let heldBytes = 0;

  function status(streamId: number, info: StatusInfo): void {
    const { level, code, description } = info;
    link.write(COMMAND_AMF0, streamId, encodeCommand("onStatus", 0, null, { level, code, description }));
  }

  /** Takes an entry off its stream; true unless that had been done. */
  function finish(entry: Entry): boolean {
    if (entry.phase === "over") return false;
    entry.phase = "over";
    for (const message of entry.held) heldBytes -= heldSize(message.body);
    entry.held = [];
    if (streams.get(entry.wish.streamId) === entry) streams.set(entry.wish.streamId, undefined);
    return true;
  }

  function stop(streamId: number, reason: StopReason): boolean {
    const entry = streams.get(streamId);
    if (entry === undefined || !finish(entry)) return false;
    handler.stopped(entry.request, reason);
    return true;
  }

  function accept(entry: Entry): boolean {
    if (entry.phase !== "pending") return entry.phase === "accepted";
    entry.phase = "accepted";
    const { kind, streamId, address, reset } = entry.wish;
    link.writeEvent(EVENT_STREAM_BEGIN, streamId);
    if (kind === "publish") {
      onPublish("accepted");
      status(streamId, statusOf("NetStream.Publish.Start", `${address.name} is now published.`));
    } else {
      if (reset) status(streamId, statusOf("NetStream.Play.Reset", `Playing and resetting ${address.name}.`));
      status(streamId, statusOf("NetStream.Play.Start", `Started playing ${address.name}.`));
      link.write(DATA_AMF0, streamId, encodeAmf0(["|RtmpSampleAccess", true, true]));
    }
    link.flush();
    releaseHeld(entry);
    return true;
  }

  function releaseHeld(entry: Entry): void {
    const held = entry.held;
    entry.held = [];
    for (const message of held) heldBytes -= heldSize(message.body);
    for (const { type, timestamp, body, receivedAt } of held) {
      // The handler may have ended the request over an earlier one.
      if (entry.phase === "accepted") handler.media(type, timestamp, body, entry.wish.streamId, receivedAt);
    }
  }

  function deliver(entry: Entry, message: HeldMessage): void {
    const { type, timestamp, body, receivedAt } = message;
    if (entry.phase === "accepted") {
      handler.media(type, timestamp, body, entry.wish.streamId, receivedAt);
    } else if (entry.phase === "pending") {
      heldBytes += heldSize(body);
      if (heldBytes > maxHeldBytes) {
        throw new MediaError(
          "limit",
          `more than ${maxHeldBytes} bytes of media before the stream was accepted`,
        );
      }
      // Not slice: a Node Buffer's does not copy.
      entry.held.push({ type, timestamp, body: new Uint8Array(body), receivedAt });
    }
  }

  /** The entry that a message is for. Some encoders put media on another message stream than `publish`. */
  function publisherFor(streamId: number): Entry | undefined {
    const entry = streams.get(streamId);
    if (entry?.wish.kind === "publish") return entry;
    return onlyPublisher();
  }

  function publishers(): Entry[] {
    return [...streams.values()].filter((entry) => entry?.wish.kind === "publish") as Entry[];
  }

  function onlyPublisher(): Entry | undefined {
    const all = publishers();
    return all.length === 1 ? all[0] : undefined;
  }

  return {
    create() {
      if (streams.size >= maxStreams) return undefined;
      let id = 1;
      while (streams.has(id)) id += 1;
      streams.set(id, undefined);
      return id;
    },
    delete(streamId) {
      stop(streamId, "client");
      streams.delete(streamId);
    },
    ask(wish) {
      stop(wish.streamId, "replaced");
      // Some clients publish on a stream that they never created.
      if (!streams.has(wish.streamId) && streams.size >= maxStreams) {
        throw new MediaError("limit", `more than ${maxStreams} message streams`);
      }
      const { kind, streamId, address, publishType, start } = wish;
      const request: RtmpRequest = {
        kind,
        streamId,
        address,
        publishType,
        start,
        accept: () => accept(entry),
        reject(code, description) {
          if (entry.phase !== "pending" || !finish(entry)) return;
          status(streamId, { level: "error", code, description });
          link.flush();
        },
      };
      const entry: Entry = { wish, request, phase: "pending", held: [] };
      streams.set(streamId, entry);
      if (kind === "publish") {
        onPublish("asked");
        handler.publish(request);
      } else {
        handler.play(request);
      }
    },
    stop,
    publishingOn(rawName) {
      const named = publishers().find((entry) => entry.wish.rawName === rawName);
      return (named ?? onlyPublisher())?.wish.streamId;
    },
    media(type, timestamp, streamId, body, receivedAt) {
      const entry = publisherFor(streamId);
      if (entry === undefined) {
        handler.dropped?.(
          new MediaError("malformed", `message type ${type} on stream ${streamId}, which is not published`),
        );
        return;
      }
      if (type !== AGGREGATE) {
        deliver(entry, unwrapAmf3({ type, timestamp, body, receivedAt }));
        return;
      }
      try {
        readAggregate(body, timestamp, (partType, partTimestamp, part) =>
          deliver(entry, unwrapAmf3({ type: partType, timestamp: partTimestamp, body: part, receivedAt })),
        );
      } catch (error) {
        if (!(error instanceof MediaError) || error.code === "limit") throw error;
        handler.dropped?.(error);
      }
    },
    end(request, info) {
      const entry = streams.get(request.streamId);
      if (entry?.request !== request || !finish(entry)) return;
      const { kind, streamId, address } = entry.wish;
      if (kind === "play") {
        status(
          streamId,
          info ?? statusOf("NetStream.Play.UnpublishNotify", `${address.name} is no longer published.`),
        );
        status(streamId, statusOf("NetStream.Play.Stop", `Stopped playing ${address.name}.`));
        link.writeEvent(EVENT_STREAM_EOF, streamId);
      } else {
        status(
          streamId,
          info ?? statusOf("NetStream.Unpublish.Success", `${address.name} is now unpublished.`),
        );
      }
      link.flush();
      handler.stopped(request, "server");
    },
    status,
    close() {
      for (const streamId of [...streams.keys()]) stop(streamId, "disconnect");
    },
  };
}

/** A status of level `status`. */
export function statusOf(code: string, description: string): StatusInfo {
  return { level: "status", code, description };
}

/** What a message counts for while it is held. */
function heldSize(body: Uint8Array): number {
  return body.length + HELD_OVERHEAD;
}

/** AMF3 data is a zero byte and then AMF0, whose values may switch to AMF3: without the zero it is AMF0 data. */
function unwrapAmf3(message: HeldMessage): HeldMessage {
  const first = message.body[0];
  if (message.type !== DATA_AMF3 || first !== 0) return message;
  return { ...message, type: DATA_AMF0, body: message.body.subarray(1) };
}

import type { Batch } from "../../../hub/batch.js";
import { Refused } from "../../../hub/refused.js";
import type { Acceptor, Drop, Sink } from "../../../hub/sink.js";
import type { Stream } from "../../../hub/stream.js";
import type { Subscriber } from "../../../hub/subscriber.js";
import type { StatusInfo } from "../../../media/wire/rtmp/command.js";
import { PLAY_STREAM_ID, rtmpFormat } from "../../../media/wire/rtmp/muxer.js";
import { relabelMessages } from "../../../media/wire/rtmp/relabel.js";
import { REFUSAL_REASONS, type Session, type SessionReason } from "../../contract/session.js";
import { createDropCounter } from "../../drop-counter.js";
import { watchViewer } from "../../net/kernel-queues.js";
import type { SocketWriter } from "../../net/socket-writer.js";
import { type StreamName, streamKey } from "../../net/stream-name.js";
import { linkPublisher } from "../../observe/trace/link-publisher.js";
import { accessRequest, placeOf, type Role, type RoleInit } from "./role.js";

/** A play role: the connection tells it of pauses. */
export interface PlayRole extends Role {
  pause(paused: boolean): void;
}

const FORMAT = rtmpFormat();
const NOT_FOUND = "NetStream.Play.StreamNotFound";
const FAILED = "NetStream.Play.Failed";

/** Runs a play command: asks whether it may, waits for the stream, and writes its batches until one side ends it. */
export function startPlay(init: RoleInit): PlayRole {
  const { context, machine, request, session } = init;
  const { hub, log } = context;
  const gone = new AbortController();
  let subscriber: Subscriber | undefined;
  let unwatch = (): void => {};
  let over = false;
  const writer = init.openWriter();
  const sink = new PlaySink(
    writer,
    session,
    request.streamId,
    createDropCounter(session, context),
    (reason) => {
      unwatch();
      if (!over) role.end(reason);
    },
  );
  writer.onDrain(() => subscriber?.resume());
  session.measure(writer);

  const role: PlayRole = {
    kind: "play",
    session,
    pause(now) {
      sink.pause(now);
      if (now) subscriber?.detour();
    },
    stop(reason, detail) {
      if (over) return;
      over = true;
      gone.abort(reason);
      subscriber?.close("aborted");
      session.end(reason, detail);
      writer.release();
    },
    end(reason) {
      const info = statusFor(reason);
      request.reject(info?.code ?? FAILED, info?.description ?? "The stream was ended by the server.");
      role.stop(reason);
      machine.end(request, info);
      init.onOver(reason);
    },
  };

  function refuse(code: string, description: string, reason: SessionReason, detail = description): void {
    request.reject(code, description);
    role.stop(reason, detail);
    init.onOver(reason, detail);
  }

  function begin(stream: Stream, place: StreamName): void {
    linkPublisher(session.trace, stream);
    const { audio, video } = request.address.query;
    try {
      const selection = { video: video !== "0", audio: audio !== "0" };
      subscriber = stream.subscribe({ format: FORMAT, selection, sink });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(
        error.code === "not-live" ? NOT_FOUND : FAILED,
        `${error.message}.`,
        REFUSAL_REASONS[error.code],
      );
      return;
    }
    session.begin("play", place.app, place.name, init.userAgent);
    sink.joinedAt = session.trace.now();
    sink.started = request.accept();
    unwatch = watchViewer(context, session, writer, subscriber);
    subscriber.resume();
  }

  async function run(): Promise<void> {
    const place = placeOf(request);
    if (typeof place === "string") return refuse(NOT_FOUND, `Not a stream name: ${place}.`, "malformed");
    session.ask("play", place.app, place.name);
    const verdict = await context.authorize(accessRequest(init, place, gone.signal));
    if (over) return;
    // The operator's reason is for the log: a viewer could learn from it.
    if (!verdict.allowed) return refuse(FAILED, "You may not play this stream.", "denied", verdict.reason);
    const join = session.trace.start("join");
    const stream = await hub.whenLive(streamKey(place), init.waitForPublisherMs, gone.signal);
    if (over) return;
    if (stream === undefined) refuse(NOT_FOUND, `${streamKey(place)} is not being published.`, "not-found");
    else {
      begin(stream, place);
      join.end();
    }
  }
  // Started in a turn of its own: nothing may be pushed or ended from within the machine's own call.
  queueMicrotask(() => {
    run().catch((error: unknown) => {
      log.error({ ...session.logFields, err: error }, "play failed");
      role.end("internal");
    });
  });
  return role;
}

/** Between the hub and one play: a class, and left out of the way once it has caught up, for the reason that SocketWriter is one. */
class PlaySink implements Sink {
  /** Batches flow once Play.Start is on its way. */
  started = false;
  /** For the time to the first byte, on the trace's clock. */
  joinedAt = 0;
  #sent = false;
  readonly #writer: SocketWriter;
  readonly #session: Session;
  readonly #streamId: number;
  readonly #onEnd: (reason: SessionReason) => void;
  readonly dropped: (drop: Drop) => void;
  #paused = false;
  /** After a pause nothing is sent before the next random access point. */
  #skipping = false;

  constructor(
    writer: SocketWriter,
    session: Session,
    streamId: number,
    dropped: (drop: Drop) => void,
    onEnd: (reason: SessionReason) => void,
  ) {
    this.#writer = writer;
    this.#session = session;
    this.#streamId = streamId;
    this.dropped = dropped;
    this.#onEnd = onEnd;
  }

  /** What is in every player's form already needs nobody on its way. */
  get direct(): Acceptor | undefined {
    return this.#streamId === PLAY_STREAM_ID && !this.#skipping ? this.#writer : undefined;
  }

  accept(batch: Batch): "ok" | "busy" {
    if (!this.started) return "busy";
    if (this.#skipping && !this.#passesPause(batch)) return "ok";
    if (!this.#sent) {
      this.#sent = true;
      this.#session.trace.start("first byte", { startedAt: this.joinedAt }).end();
    }
    const answer =
      this.#streamId === PLAY_STREAM_ID
        ? this.#writer.accept(batch)
        : this.#writer.acceptBytes(relabelMessages(batch.bytes, this.#streamId));
    if (answer === "ok" && batch.frames > 0) this.#session.firstFrame();
    return answer;
  }

  cork(): void {
    this.#writer.cork();
  }

  uncork(): void {
    this.#writer.uncork();
  }

  end(reason: SessionReason): void {
    this.#onEnd(reason);
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#skipping = true;
  }

  /** While it is paused, and until a key frame after it, only what carries no frames passes: configurations. */
  #passesPause(batch: Batch): boolean {
    if (batch.frames === 0) return true;
    if (this.#paused || !batch.key) return false;
    this.#skipping = false;
    return true;
  }
}

/** What the player is told besides that the stream stops; undefined for "no longer published". */
function statusFor(reason: SessionReason): StatusInfo | undefined {
  switch (reason) {
    case "unpublished":
      return undefined;
    case "too-slow":
      return {
        level: "error",
        code: "NetStream.Play.InsufficientBW",
        description: "The connection is too slow.",
      };
    case "kicked":
      return { level: "error", code: FAILED, description: "Ended by an operator." };
    case "shutdown":
      return {
        level: "status",
        code: "NetStream.Play.UnpublishNotify",
        description: "The server is shutting down.",
      };
    case "config-changed":
    case "timeline-end":
      return { level: "status", code: "NetStream.Play.UnpublishNotify", description: "Play again to go on." };
    default:
      return { level: "error", code: FAILED, description: "The stream was ended by the server." };
  }
}

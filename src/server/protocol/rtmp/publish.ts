import type { Publisher } from "../../../hub/publisher.js";
import { Refused } from "../../../hub/refused.js";
import type { Work } from "../../../hub/work.js";
import { createTagDecoder } from "../../../media/format/flv/tag-decoder.js";
import type { Metadata } from "../../../media/model/packet.js";
import type { StatusInfo } from "../../../media/wire/rtmp/command.js";
import { REFUSAL_REASONS, type SessionReason } from "../../contract/session.js";
import { createOnceASecond } from "../../net/once-a-second.js";
import { type StreamName, streamKey } from "../../net/stream-name.js";
import { createFirstMedia } from "../../observe/trace/first-media.js";
import { accessRequest, placeOf, type Role, type RoleInit } from "./role.js";
import { createTrackRenditions } from "./track-renditions.js";

/** A publish role: the connection hands it the messages of its stream. */
export interface PublishRole extends Role {
  media(type: number, timestamp: number, body: Uint8Array, receivedAt: number): void;
  /** When the last message came, or it was accepted: the scheduler's clock, microseconds; undefined before. */
  readonly lastMediaAt: number | undefined;
  /** What taking in its messages is, in a profile. */
  readonly work: Work;
}

const BAD_NAME = "NetStream.Publish.BadName";
const DENIED = "NetStream.Publish.Denied";

/** Runs a publish command: asks whether it may, takes the stream, and feeds it until one side ends it. */
export function startPublish(init: RoleInit): PublishRole {
  const { context, machine, request, session } = init;
  const { scheduler, log } = context;
  const gone = new AbortController();
  let publisher: Publisher | undefined;
  let lastMediaAt: number | undefined;
  let over = false;
  let work: Work = { stage: "ingest", protocol: "rtmp", stream: "" };

  const firsts = createFirstMedia(session.trace);
  const logDropped = createOnceASecond(scheduler);
  const tracks = context.ladder?.tracks ?? [];
  /** The other pictures of its publication; undefined where nobody wants any. */
  const renditions = tracks.length === 0 ? undefined : createTrackRenditions({ context, session, tracks });
  const decoder = createTagDecoder({
    track(track) {
      publisher?.track(track);
      renditions?.track(track);
    },
    packet(packet) {
      session.counters.packetsIn += 1;
      if (!firsts.done) firsts.packet(packet);
      publisher?.write(packet);
      renditions?.packet(packet);
    },
    metadata: (metadata) => publisher?.describe(metadata, expectedKinds(metadata)),
    dropped(error) {
      session.counters.undecodable += 1;
      logDropped(() => {
        const { remoteAddress, app, name, counters } = session;
        const fields = { remoteAddress, app, name, undecodable: counters.undecodable };
        log.warn({ ...session.logFields, ...fields, problem: error.message }, "undecodable media left out");
      });
    },
  });

  const role: PublishRole = {
    kind: "publish",
    session,
    get lastMediaAt() {
      return lastMediaAt;
    },
    get work() {
      return work;
    },
    media(type, timestamp, body, receivedAt) {
      lastMediaAt = scheduler.now();
      decoder.decode(type, timestamp, body, receivedAt);
      renditions?.media(type, timestamp, body, receivedAt);
    },
    stop(reason, detail) {
      if (over) return;
      over = true;
      gone.abort(reason);
      publisher?.end(reason);
      renditions?.end(reason);
      session.end(reason, detail);
    },
    end(reason) {
      const info = statusFor(reason);
      // Whichever of the two it is in: a request that waits is rejected, one that was accepted is ended.
      request.reject(info.code, info.description);
      role.stop(reason);
      machine.end(request, info);
      init.onOver(reason);
    },
  };

  function refuse(code: string, description: string, reason: SessionReason): void {
    request.reject(code, description);
    role.stop(reason, description);
    init.onOver(reason, description);
  }

  async function begin(place: StreamName): Promise<void> {
    try {
      publisher = await context.publish(streamKey(place), {
        origin: session.trace.traceparent,
        onEnd: (reason) => {
          if (!over) role.end(reason as SessionReason);
        },
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (!over) refuse(BAD_NAME, `${error.message}.`, REFUSAL_REASONS[error.code]);
      return;
    }
    // The peer may have gone, or been sent away, while the name was being asked for.
    if (over) {
      publisher.end("unpublished");
      return;
    }
    session.begin("publish", place.app, place.name, init.userAgent);
    lastMediaAt = scheduler.now();
    firsts.begin();
    request.accept();
  }

  async function run(): Promise<void> {
    const place = placeOf(request);
    if (typeof place === "string") return refuse(BAD_NAME, `Not a stream name: ${place}.`, "malformed");
    session.ask("publish", place.app, place.name);
    work = { ...work, stream: streamKey(place) };
    const verdict = await context.authorize(accessRequest(init, place, gone.signal));
    if (over) return;
    if (verdict.allowed) await begin(place);
    else refuse(DENIED, `Not allowed: ${verdict.reason}.`, "denied");
  }
  // Started in a turn of its own: nothing may be pushed or ended from within the machine's own call.
  queueMicrotask(() => {
    run().catch((error: unknown) => {
      log.error({ ...session.logFields, err: error }, "publish failed");
      role.end("internal");
    });
  });
  return role;
}

function statusFor(reason: SessionReason): StatusInfo {
  const error = (code: string, description: string): StatusInfo => ({ level: "error", code, description });
  switch (reason) {
    case "taken-over":
      return error(BAD_NAME, "Another publisher has taken the stream over.");
    case "kicked":
      return error(DENIED, "Ended by an operator.");
    case "idle-timeout":
      return error("NetStream.Publish.Idle", "No media came for too long.");
    case "shutdown":
      return {
        level: "status",
        code: "NetStream.Unpublish.Success",
        description: "The server is shutting down.",
      };
    default:
      return error("NetStream.Publish.Failed", "The stream was ended by the server.");
  }
}

/**
 * The kinds of track that metadata names, so that viewers need not wait for one that never comes; undefined where it
 * names none. Flags count most; then codec ids (FFmpeg and OBS leave out, or set to 0, that of a track they do not
 * send); then what only one kind has.
 */
export function expectedKinds(
  metadata: Metadata,
): { readonly video: boolean; readonly audio: boolean } | undefined {
  const { hasVideo, hasAudio, videocodecid, audiocodecid, width, audiosamplerate } = metadata;
  const video = typeof hasVideo === "boolean" ? hasVideo : isPresent(videocodecid) || isPresent(width);
  const audio =
    typeof hasAudio === "boolean" ? hasAudio : isPresent(audiocodecid) || isPresent(audiosamplerate);
  return video || audio ? { video, audio } : undefined;
}

function isPresent(value: unknown): boolean {
  return (typeof value === "number" && value > 0) || (typeof value === "string" && value !== "");
}

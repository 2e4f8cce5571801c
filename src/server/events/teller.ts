import type { Drop } from "../../hub/sink.js";
import type { SessionInfo, SessionReason } from "../contract/session.js";
import type { StreamInfo } from "../stream-info.js";
import type { EventLog } from "./event-log.js";
import { isoTime, shownSession, shownStream, visibleStream } from "./shown.js";

/** A viewer's picture has become another: told by whoever chose it. */
export interface QualityChange {
  readonly session: string;
  readonly app: string;
  readonly name: string;
  /** What it was and what it is, as the one who chose calls them, such as `720p`. */
  readonly from: string;
  readonly to: string;
  /** Why, such as `bandwidth`. */
  readonly cause: string;
}

/** Writes what happens into the event logs. */
export interface Teller {
  streamBegun(stream: StreamInfo): void;
  streamTracks(stream: StreamInfo): void;
  streamEnded(stream: StreamInfo, reason: string): void;
  sessionBegun(session: SessionInfo): void;
  sessionEnded(session: SessionInfo, reason: SessionReason): void;
  /** At most once a second for a session. */
  dropped(session: SessionInfo, drop: Drop): void;
  quality(change: QualityChange): void;
}

/**
 * @param admin for who has a token: everything
 * @param visible for everybody: which streams are live, and nothing about who publishes or watches
 */
export function createTeller(admin: EventLog, visible: EventLog, wall: () => number): Teller {
  /** Streams that everybody has been told of. */
  const told = new Set<string>();

  function tell(type: string, data: object): void {
    admin.tell(type, { at: isoTime(wall()), ...data });
  }

  return {
    streamBegun: (stream) => tell("stream-begun", { app: stream.app, name: stream.name }),
    streamTracks(stream) {
      tell("stream-tracks", shownStream(stream));
      visible.tell(told.has(stream.key) ? "stream-changed" : "stream-begun", visibleStream(stream));
      told.add(stream.key);
    },
    streamEnded(stream, reason) {
      const { app, name, key } = stream;
      tell("stream-ended", { app, name, reason });
      if (told.delete(key)) visible.tell("stream-ended", { app, name });
    },
    sessionBegun: (session) => tell("session-begun", shownSession(session)),
    sessionEnded: (session, reason) => tell("session-ended", { ...shownSession(session), reason }),
    dropped(session, { cause, frames, ms }) {
      const { id, protocol, app, name } = session;
      const { droppedFrames, droppedMs } = session.counters;
      tell("drop", { session: id, protocol, app, name, cause, frames, ms, droppedFrames, droppedMs });
    },
    quality: (change) => tell("quality", change),
  };
}

import type { Drop } from "../../hub/sink.js";
import type { QualityChange, SessionInfo, SessionReason } from "../contract/session.js";
import { streamKey } from "../net/stream-name.js";
import type { Directory } from "./directory.js";
import type { SessionPost } from "./messages.js";

/** Who is told of the sessions of all workers. */
export interface SessionListener {
  readonly onBegin: (session: SessionInfo) => void;
  readonly onEnd: (session: SessionInfo, reason: SessionReason) => void;
  readonly onDrop: (session: SessionInfo, drop: Drop) => void;
  /** @param from the stream that it played before */
  readonly onQuality: (session: SessionInfo, change: QualityChange, from: string) => void;
}

/** The publishers and viewers of one worker, as it tells of them. */
export interface WorkerSessions {
  hear(post: SessionPost): void;
  /** The worker has gone, and with it all whose end it has not told of. */
  lose(): void;
}

export function createWorkerSessions(
  directory: Pick<Directory, "viewer">,
  { onBegin, onEnd, onDrop, onQuality }: SessionListener,
): WorkerSessions {
  const present = new Map<string, SessionInfo>();

  function ended(session: SessionInfo, reason: SessionReason): void {
    if (!present.delete(session.id)) return;
    if (session.action === "play") directory.viewer(keyOf(session), -1);
    onEnd(session, reason);
  }

  /** A viewer has gone from one stream to another. */
  function moved(session: SessionInfo, from: string): void {
    if (!present.has(session.id)) return;
    present.set(session.id, session);
    directory.viewer(keyOf({ ...session, name: from }), -1);
    directory.viewer(keyOf(session), 1);
  }

  return {
    hear(post) {
      switch (post.kind) {
        case "begin":
          present.set(post.session.id, post.session);
          if (post.session.action === "play") directory.viewer(keyOf(post.session), 1);
          onBegin(post.session);
          break;
        case "end":
          ended(post.session, post.reason);
          break;
        case "drop":
          onDrop(post.session, post.drop);
          break;
        case "quality":
          moved(post.session, post.from);
          onQuality(post.session, post.change, post.from);
      }
    },
    lose() {
      for (const session of [...present.values()]) ended(session, "internal");
    },
  };
}

function keyOf({ app = "", name = "" }: SessionInfo): string {
  return streamKey({ app, name });
}

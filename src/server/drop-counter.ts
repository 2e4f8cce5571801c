import type { Drop } from "../hub/sink.js";
import type { ProtocolContext } from "./contract/protocol.js";
import type { Session } from "./contract/session.js";
import { createOnceASecond } from "./net/once-a-second.js";

/** Counts what a viewer did not get, and tells of it at most once a second. */
export function createDropCounter(
  session: Session,
  { log, scheduler, onDrop }: Pick<ProtocolContext, "log" | "scheduler" | "onDrop">,
): (drop: Drop) => void {
  const onceASecond = createOnceASecond(scheduler);
  return (drop) => {
    const { remoteAddress, app, name, counters } = session;
    counters.droppedFrames += drop.frames;
    counters.droppedMs += Math.round(drop.ms);
    const { droppedFrames, droppedMs } = counters;
    onceASecond(() => {
      log.warn(
        { ...session.logFields, remoteAddress, app, name, ...drop, droppedFrames, droppedMs },
        "viewer too far behind: frames left out",
      );
      onDrop?.(session, drop);
    });
  };
}

import type { Publisher } from "../../hub/publisher.js";
import { Refused } from "../../hub/refused.js";

/** What code that publishes uses of a Publisher. */
export type PublisherCalls = Pick<Publisher, "describe" | "track" | "write" | "end">;

/** What may wait while the right to publish is asked for: seconds of any sensible stream. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;
const CALL_BYTES = 200;

/**
 * A publisher that can be written to at once, while other processes are being asked: what is written waits, bounded.
 *
 * @param onRefused called at most once, when there will be no publisher: `busy`, `shutdown`, or `internal`
 */
export function deferPublisher(
  granted: Promise<Publisher>,
  onRefused: (reason: string, error: unknown) => void,
): PublisherCalls {
  let held: ((publisher: Publisher) => void)[] | undefined = [];
  let heldBytes = 0;
  let publisher: Publisher | undefined;

  function call(act: (publisher: Publisher) => void, bytes = 0): void {
    if (publisher !== undefined) {
      act(publisher);
      return;
    }
    if (held === undefined) return;
    held.push(act);
    heldBytes += bytes + CALL_BYTES;
    if (heldBytes > MAX_HELD_BYTES) refuse("busy", new Error("nobody said in time whether it may publish"));
  }

  function refuse(reason: string, error: unknown): void {
    if (held === undefined) return;
    held = undefined;
    onRefused(reason, error);
  }

  granted.then(
    (given) => {
      const waiting = held;
      held = undefined;
      publisher = given;
      if (waiting === undefined) given.end("unpublished");
      else for (const act of waiting) act(given);
    },
    (error: unknown) => {
      const code = error instanceof Refused ? error.code : undefined;
      refuse(code === "closed" ? "shutdown" : code === "busy" ? "busy" : "internal", error);
    },
  );

  return {
    describe: (metadata, expected) => call((to) => to.describe(metadata, expected)),
    track: (track) => call((to) => to.track(track)),
    write: (packet) => call((to) => to.write(packet), packet.data.length),
    end: (reason) => call((to) => to.end(reason)),
  };
}

import type { Packet } from "../media/model/packet.js";
import type { HubReason } from "./reason.js";
import type { Drop, Sink } from "./sink.js";
import type { Subscriber } from "./subscriber.js";

/** The packets of a stream, for `for await`. It reads from the moment it is made. */
export interface PacketReader extends AsyncIterableIterator<Packet> {
  /** Why it ended; undefined while it has not. */
  readonly reason: HubReason | undefined;
  /** What it missed so far because it was too far behind. */
  readonly dropped: Drop;
  /**
   * The packets that are there, at least one, or those that come next; undefined at the end. One promise for the whole
   * batch, where iterating makes one for each packet. Both draw from the same packets.
   */
  nextBatch(): Promise<readonly Packet[] | undefined>;
}

/**
 * Turns a subscription to packets into something to iterate. It holds one batch at most; while that is not used up the
 * hub keeps the rest, within its bounds: who reads too slowly skips to a key frame, who does not read at all is ended.
 *
 * @param subscribe begins the subscription, with no format, for this sink
 * @param signal ends it with reason `aborted`: the iteration then is over, with no error
 */
export function readPackets(subscribe: (sink: Sink) => Subscriber, signal?: AbortSignal): PacketReader {
  let packets: readonly Packet[] = [];
  let at = 0;
  let reason: HubReason | undefined;
  let dropped: Drop = { cause: "sink", frames: 0, bytes: 0, ms: 0 };
  let subscriber: Subscriber | undefined;
  /** Calls that wait for what comes next, in order; each looks again for itself. */
  let waiting: (() => void)[] = [];

  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const look of woken) look();
  };
  const abort = (): void => {
    packets = [];
    // Where nothing was begun, or could be, there is nobody else to say it.
    if (subscriber === undefined) sink.end("aborted");
    else subscriber.close("aborted");
  };
  const sink: Sink = {
    accept(batch) {
      if (at < packets.length) return "busy";
      packets = batch.packets;
      at = 0;
      wake();
      return "ok";
    },
    dropped(drop) {
      dropped = {
        cause: "sink",
        frames: dropped.frames + drop.frames,
        bytes: dropped.bytes + drop.bytes,
        ms: dropped.ms + drop.ms,
      };
    },
    end(why) {
      reason ??= why;
      signal?.removeEventListener("abort", abort);
      wake();
    },
  };

  /** Whether there is a packet to take, after asking for more where there is none. */
  const filled = (): boolean => {
    if (at >= packets.length) subscriber?.resume();
    return at < packets.length;
  };
  /** Calls `take` once there is a packet or the end has come. */
  const whenFilled = <T>(take: (present: boolean) => T): Promise<T> => {
    // Who came earlier is served earlier.
    if (waiting.length === 0 && (filled() || reason !== undefined))
      return Promise.resolve(take(at < packets.length));
    return new Promise((resolve) => {
      const look = (): void => {
        if (filled() || reason !== undefined) resolve(take(at < packets.length));
        else waiting.push(look);
      };
      waiting.push(look);
    });
  };
  const takeOne = (present: boolean): IteratorResult<Packet, undefined> => {
    const value = packets[at];
    if (!present || value === undefined) return { done: true, value: undefined };
    at += 1;
    return { done: false, value };
  };
  const takeAll = (present: boolean): readonly Packet[] | undefined => {
    if (!present) return undefined;
    const rest = at === 0 ? packets : packets.slice(at);
    packets = [];
    return rest;
  };

  if (signal?.aborted === true) {
    abort();
  } else {
    signal?.addEventListener("abort", abort);
    try {
      subscriber = subscribe(sink);
    } catch (error) {
      signal?.removeEventListener("abort", abort);
      throw error;
    }
  }

  return {
    get reason() {
      return reason;
    },
    get dropped() {
      return dropped;
    },
    next: () => whenFilled(takeOne),
    nextBatch: () => whenFilled(takeAll),
    return() {
      abort();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

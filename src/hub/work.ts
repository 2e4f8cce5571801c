import type { Packet } from "../media/model/packet.js";

/** What the media path is at: the labels that a profile's samples get while it is. */
export interface Work {
  /** A step on the way of a packet: `ingest`, `mux` or `fan-out`; the server has further ones. */
  readonly stage: string;
  /** The stream's name. */
  readonly stream: string;
  /** What carries it, in one word: here the key of a container's format. */
  readonly protocol: string;
}

/** The media time of what is in hand, microseconds. */
export type MediaTime = Pick<Packet, "dts"> & Partial<Pick<Packet, "pts">>;

/** Is told what is being worked at. Calls nest, and none is left open at the end of a turn of the event loop. */
export interface WorkListener {
  /** @returns what `leave` is to be given */
  enter(work: Work, time?: MediaTime): unknown;
  leave(before: unknown): void;
}

/** Where the listener is, while there is one: without it, all this costs one branch. */
export interface WorkProbe {
  listener: WorkListener | undefined;
}

/** Does something, and says what it is to who wants to know. */
export function worked<T>({ listener }: WorkProbe, work: Work, task: () => T, time?: MediaTime): T {
  if (listener === undefined) return task();
  const before = listener.enter(work, time);
  try {
    return task();
  } finally {
    listener.leave(before);
  }
}

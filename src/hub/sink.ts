import type { Batch } from "./batch.js";
import type { HubReason } from "./reason.js";

/** What takes batches. */
export interface Acceptor {
  /**
   * Takes the batch, or says `busy` and takes nothing: then it calls the subscriber's `resume` once it can again (from
   * within `accept` that has no effect). The first call may come before `subscribe` has returned.
   */
  accept(batch: Batch): "ok" | "busy";
}

/** Where a subscriber's batches go: a socket's writer, an iterator, a relay. */
export interface Sink extends Acceptor {
  /** What takes them in its place once it has caught up, where that is another: one step less for each batch. */
  readonly direct?: Acceptor | undefined;
  /** Several batches may follow at once, until `uncork`: they need not leave one by one. */
  cork?(): void;
  uncork?(): void;
  /** What the subscriber missed because it was too far behind; a summary once it goes on, or ends. */
  dropped?(drop: Drop): void;
  /** Nothing follows. Called exactly once, and never from within `accept` unless that closes the subscriber itself. */
  end(reason: HubReason): void;
}

/** Frames that a reader did not get. */
export interface Drop {
  /** Why: its sink was busy for too long, or what its sink had taken had not reached the peer. */
  readonly cause: "sink" | "transport";
  readonly frames: number;
  readonly bytes: number;
  /** Media time passed over, milliseconds. */
  readonly ms: number;
}

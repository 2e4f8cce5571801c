import type { LiveSlice } from "./live-slice.js";
import type { QosRequest, RecordingProblem, RecordingRequest } from "./recording.js";

/** What one of several processes has recorded, or why it has not. */
export type Recorded = { readonly worker: string } & (
  | { readonly bytes: Uint8Array }
  | { readonly problem: RecordingProblem }
);

/** The other processes of this server, as its instruments see them from the one that has the operations port. */
export interface Fellows {
  /** Has each of them record, all at the same time. Who has gone meanwhile is left out. */
  record(request: RecordingRequest | QosRequest, signal: AbortSignal): Promise<readonly Recorded[]>;
  /**
   * Has each of them sample, until the signal fires. A slice that nobody has asked for in time is left out.
   *
   * @returns settles once the signal has fired
   */
  sample(
    periodMicros: number,
    onSlices: (worker: string, slices: readonly LiveSlice[]) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

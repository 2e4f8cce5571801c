import type { Subscriber } from "../../hub/subscriber.js";
import type { Outlet } from "./exchange.js";
import type { SessionInfo } from "./session.js";

/** The viewers that are served now, for whoever wants to know how they fare: nothing is kept up to date for it. */
export interface Viewers {
  /** @returns takes it out */
  add(viewer: ServedViewer): () => void;
}

/** All that a viewer is: read when somebody asks. */
export interface ServedViewer {
  readonly session: SessionInfo;
  readonly outlet: Pick<Outlet, "connection" | "rttMs">;
  readonly subscriber: Pick<Subscriber, "lagMs" | "heldMs" | "offeredFrames">;
}

import type { SessionList, SessionQuery } from "../session-list.js";
import type { StreamInfo } from "../stream-info.js";

/** What the API tells and does: for all processes of the server, as if they were one. */
export interface Admin {
  /** @throws Error where it could not be had in time */
  streams(): Promise<readonly StreamInfo[]>;
  /** @throws Error where it could not be had in time */
  sessions(query: SessionQuery): Promise<SessionList>;
  /** Ends a session as `kicked`. False where there is none of this id. */
  kick(id: string): Promise<boolean>;
}

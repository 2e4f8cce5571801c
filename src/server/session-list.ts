import type { SessionInfo } from "./contract/session.js";
import { snapshot } from "./sessions.js";

/** Which sessions are asked for, and how many at most. */
export interface SessionQuery {
  readonly id?: string | undefined;
  readonly app?: string | undefined;
  readonly name?: string | undefined;
  readonly action?: "publish" | "play" | undefined;
  readonly protocol?: string | undefined;
  readonly limit: number;
}

export interface SessionList {
  /** How many there are, of which these are the first. */
  readonly total: number;
  readonly sessions: readonly SessionInfo[];
}

export function selectSessions(all: readonly SessionInfo[], query: SessionQuery): SessionList {
  const { limit, ...wanted } = query;
  const keys = (["id", "app", "name", "action", "protocol"] as const).filter(
    (key) => wanted[key] !== undefined,
  );
  const matching = all.filter((session) => keys.every((key) => session[key] === wanted[key]));
  return { total: matching.length, sessions: matching.slice(0, limit).map(snapshot) };
}

/** What several processes have, the longest there first. */
export function mergeSessions(lists: readonly SessionList[], limit: number): SessionList {
  return {
    total: lists.reduce((sum, { total }) => sum + total, 0),
    sessions: lists
      .flatMap(({ sessions }) => sessions)
      .sort((a, b) => a.since - b.since)
      .slice(0, limit),
  };
}

/** One thing that happened, as `GET /api/v1/events` tells it. */
export interface FeedEvent {
  readonly type: FeedType;
  /** `live/room`; empty where it is about none. */
  readonly stream: string;
  /** ISO 8601; empty where the event has none. */
  readonly at: string;
  readonly session: string | undefined;
  readonly protocol: string | undefined;
  readonly action: "publish" | "play" | undefined;
  readonly remoteAddress: string | undefined;
  /** Why it ended. */
  readonly reason: string | undefined;
  /** Milliseconds that it lasted. */
  readonly lasted: number | undefined;
  readonly droppedFrames: number | undefined;
  /** Of a `drop`: media time, milliseconds. */
  readonly ms: number | undefined;
  /** Of a change of quality. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export const FEED_TYPES = [
  "stream-begun",
  "stream-ended",
  "session-begun",
  "session-ended",
  "drop",
  "quality",
  "gap",
] as const;
export type FeedType = (typeof FEED_TYPES)[number];

/** So many events are kept, the newest. */
export const MAX_EVENTS = 200;

/** Takes an event's data apart; undefined where it is none. Nothing in it is believed to be what it should be. */
export function readEvent(type: FeedType, data: string): FeedEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const text = (field: string): string | undefined => {
    const found = fields[field];
    return typeof found === "string" ? found : undefined;
  };
  const number = (of: unknown): number | undefined =>
    typeof of === "number" && Number.isFinite(of) ? of : undefined;
  const [app, name, at, since] = [text("app"), text("name"), text("at") ?? "", text("since")];
  const lasted = since === undefined ? undefined : number(Date.parse(at) - Date.parse(since));
  const counters = fields.counters as Readonly<Record<string, unknown>> | undefined;
  const action = text("action");
  return {
    type,
    stream: app === undefined || name === undefined ? "" : `${app}/${name}`,
    at,
    session: text("session") ?? text("id"),
    protocol: text("protocol"),
    action: action === "publish" || action === "play" ? action : undefined,
    remoteAddress: text("remoteAddress"),
    reason: text("reason"),
    lasted,
    droppedFrames: number(fields.droppedFrames) ?? number(counters?.droppedFrames),
    ms: number(fields.ms),
    from: text("from"),
    to: text("to"),
  };
}

/** Whether an end is one that somebody should look at. */
export function isTrouble({ type, reason }: FeedEvent): boolean {
  if (type === "drop" || type === "gap") return true;
  return reason !== undefined && !ORDERLY.has(reason);
}

const ORDERLY = new Set(["client-closed", "unpublished", "shutdown", "kicked", "taken-over", "going-away"]);

/** With one more, oldest first; bounded. */
export function withEvent(events: readonly FeedEvent[], event: FeedEvent): readonly FeedEvent[] {
  return [...events.slice(-(MAX_EVENTS - 1)), event];
}

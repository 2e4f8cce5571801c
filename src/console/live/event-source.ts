import type { AdminApi } from "./admin-api.js";
import { FEED_TYPES, type FeedEvent, readEvent } from "./feed.js";

const RETRY_MS = 3000;

/**
 * Follows what happens, from the oldest that the server still has. EventSource goes on by itself after a break; where
 * it gives up, as when its cookie is too old, it is begun anew.
 *
 * @param onState whether it hears
 * @returns ends it
 */
export function followEvents(
  api: AdminApi,
  onEvent: (event: FeedEvent) => void,
  onState: (heard: boolean) => void,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  /** What has been seen: a new EventSource does not know. */
  let lastId = "";

  function retry(): void {
    source?.close();
    if (over) return;
    onState(false);
    timer = setTimeout(() => void open(), RETRY_MS);
  }
  async function open(): Promise<void> {
    try {
      await api.openEvents();
    } catch {
      retry();
      return;
    }
    if (over) return;
    // No id of the server's: it says `gap` and gives all that it has.
    const first = lastId === "";
    const opened = new EventSource(
      `api/v1/events?lastEventId=${encodeURIComponent(first ? "none" : lastId)}`,
    );
    source = opened;
    opened.addEventListener("open", () => onState(true));
    opened.addEventListener("error", () => {
      onState(false);
      if (opened.readyState === EventSource.CLOSED) retry();
    });
    for (const type of FEED_TYPES) {
      opened.addEventListener(type, ({ data, lastEventId }: MessageEvent<string>) => {
        const begins = type === "gap" && lastId === "";
        lastId = lastEventId;
        const event = begins ? undefined : readEvent(type, data);
        if (event !== undefined) onEvent(event);
      });
    }
  }
  void open();
  return () => {
    over = true;
    clearTimeout(timer);
    source?.close();
  };
}

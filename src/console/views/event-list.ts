import { formatAge, formatMillis } from "../format.js";
import { type FeedEvent, type FeedType, isTrouble, MAX_EVENTS } from "../live/feed.js";
import { setText } from "../page.js";
import { reasonText } from "../reasons.js";
import { type Word, word } from "../words.js";
import { make } from "./dom.js";

const WORDS: Readonly<Record<FeedType, Word>> = {
  "stream-begun": "eventStreamBegun",
  "stream-ended": "eventStreamEnded",
  "session-begun": "eventPlayBegun",
  "session-ended": "eventPlayEnded",
  drop: "eventDrop",
  quality: "eventQuality",
  gap: "eventGap",
};

/** Events, the newest on top; as many as are kept. */
export interface EventList {
  readonly root: HTMLOListElement;
  add(event: FeedEvent): void;
  clear(): void;
}

/** @param max fewer than what is kept, where there is little room */
export function createEventList(label: string, max = MAX_EVENTS): EventList {
  const root = make("ol", "events");
  root.setAttribute("aria-label", label);
  root.tabIndex = 0;
  return {
    root,
    add(event) {
      root.prepend(createItem(event));
      while (root.childElementCount > max) root.lastElementChild?.remove();
    },
    clear: () => root.replaceChildren(),
  };
}

function createItem(event: FeedEvent): HTMLLIElement {
  const item = make("li", isTrouble(event) ? "trouble" : "");
  item.dataset.type = event.type;
  const time = make(
    "time",
    "",
    event.at === "" ? "" : new Date(event.at).toLocaleTimeString([], { hourCycle: "h23" }),
  );
  time.dateTime = event.at;
  const what = make("span", "what");
  what.append(make("strong", "", title(event)));
  if (event.stream !== "") what.append(" ", make("span", "stream", event.stream));
  const more = make("span", "more");
  setText(more, details(event));
  if (event.session !== undefined) item.title = event.session;
  item.append(time, what);
  if (more.textContent !== "") item.append(more);
  return item;
}

function title(event: FeedEvent): string {
  if (event.action === "publish") {
    if (event.type === "session-begun") return word("eventPublishBegun");
    if (event.type === "session-ended") return word("eventPublishEnded");
  }
  return word(WORDS[event.type]);
}

function details({
  reason,
  remoteAddress,
  protocol,
  lasted,
  droppedFrames,
  ms,
  type,
  from,
  to,
}: FeedEvent): string {
  const parts = [
    reason === undefined ? "" : reasonText(reason),
    [remoteAddress, protocol].filter(Boolean).join(" "),
    type !== "session-ended" || lasted === undefined || lasted < 0
      ? ""
      : `${word("lasted")} ${formatAge(lasted)}`,
    droppedFrames ? `${droppedFrames} ${word("framesLost")}` : "",
    type === "drop" && ms !== undefined ? formatMillis(ms) : "",
    from === undefined || to === undefined ? "" : `${from} → ${to}`,
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

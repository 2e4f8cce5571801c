import { formatBitrate } from "./format.js";
import { type AdminApi, type AdminSession, ApiError } from "./live/admin-api.js";
import { followEvents } from "./live/event-source.js";
import { type FeedEvent, withEvent } from "./live/feed.js";
import { History } from "./live/history.js";
import {
  measureStreams,
  STREAM_FIELDS,
  type StreamField,
  type StreamFigures,
  streamSamples,
} from "./live/stream-figures.js";
import { setText } from "./page.js";
import { make, makePanel } from "./views/dom.js";
import { createEventList } from "./views/event-list.js";
import { askToKick } from "./views/kick.js";
import { stopPreviews } from "./views/preview.js";
import { createStreamList } from "./views/stream-list.js";
import { createStreamPanel } from "./views/stream-panel.js";
import { type Word, word } from "./words.js";

const POLL_MS = 1000;
/** Viewers listed of one stream. */
const MAX_VIEWERS = 200;

/**
 * Fills the page for who has the token.
 *
 * @param onRefused the token is not taken any more: the message is the server's
 * @returns ends all of it
 */
export function openConsole(
  root: HTMLElement,
  api: AdminApi,
  onRefused: (message: string) => void,
): () => void {
  let figures: ReadonlyMap<string, StreamFigures> = new Map();
  let events: readonly FeedEvent[] = [];
  let chosen: string | undefined;
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const history = new History<StreamField>(STREAM_FIELDS);

  const tiles = createTiles();
  const problem = make("p", "notice");
  problem.setAttribute("role", "alert");
  problem.hidden = true;
  const list = createStreamList(choose);
  const panel = createStreamPanel((session) => void kick(session));
  const feed = createEventList(word("events"));
  const feedState = make("p", "muted small feed-state", word("noEvents"));
  feedState.setAttribute("role", "status");
  const only = make("input");
  only.type = "checkbox";
  const onlyLabel = make("label", "only");
  onlyLabel.append(only, ` ${word("onlyThisStream")}`);
  const aside = makePanel(word("events"), onlyLabel, feedState, feed.root);
  aside.classList.add("feed");
  const bench = make("div", "bench");
  const left = make("div", "bench-main");
  left.append(list.root, panel.root);
  bench.append(left, aside);
  root.replaceChildren(problem, tiles.root, bench);

  function choose(key: string | undefined): void {
    if (key === chosen) return;
    chosen = key;
    panel.choose(key, events);
    if (only.checked) fillFeed();
    show();
    clearTimeout(timer);
    void poll();
  }

  function show(): void {
    list.show(figures, chosen);
    tiles.show(figures);
    const now = chosen === undefined ? undefined : figures.get(chosen);
    if (now !== undefined) panel.showStream(now, history);
  }

  const wanted = (event: FeedEvent): boolean => !only.checked || event.stream === chosen;
  function fillFeed(): void {
    feed.clear();
    for (const event of events) if (wanted(event)) feed.add(event);
  }
  only.addEventListener("change", fillFeed);
  const unfollow = followEvents(
    api,
    (event) => {
      events = withEvent(events, event);
      if (wanted(event)) feed.add(event);
      panel.tell(event);
      feedState.hidden = true;
    },
    (heard) => {
      setText(feedState, heard ? word("noEvents") : word("feedLost"));
      feedState.hidden = heard && events.length > 0;
    },
  );

  async function kick(session: AdminSession): Promise<void> {
    if (!(await askToKick(session))) return;
    try {
      await api.kick(session.id);
    } catch (error) {
      complain(error);
    }
  }

  function complain(error: unknown): void {
    if (over) return;
    if (error instanceof ApiError && error.refused) onRefused(error.message);
    else {
      setText(problem, error instanceof ApiError ? error.message : word("noAnswer"));
      problem.hidden = false;
    }
  }

  /** Each ends before the next begins; one that was overtaken by another choice of stream is left to lapse. */
  let round = 0;
  async function poll(): Promise<void> {
    round += 1;
    const mine = round;
    try {
      if (!document.hidden) await look(() => mine === round && !over);
    } catch (error) {
      if (mine === round) complain(error);
    }
    if (mine === round && !over) timer = setTimeout(() => void poll(), POLL_MS);
  }

  async function look(current: () => boolean): Promise<void> {
    const asked = chosen === undefined ? undefined : figures.get(chosen)?.stream;
    const [streams, sessions] = await Promise.all([
      api.streams(),
      asked === undefined ? undefined : api.sessions(asked.app, asked.name, MAX_VIEWERS),
    ]);
    if (!current()) return;
    const time = Date.now() / 1000;
    figures = measureStreams(figures, streams, time);
    history.add(time, streamSamples(figures));
    problem.hidden = true;
    if (chosen === undefined || !figures.has(chosen)) {
      const [first] = figures.keys();
      chosen = first;
      panel.choose(first, events);
      if (only.checked) fillFeed();
    } else if (sessions !== undefined) panel.showSessions(sessions, time);
    show();
  }

  function onVisible(): void {
    if (document.hidden) stopPreviews();
  }
  document.addEventListener("visibilitychange", onVisible);
  void poll();
  return () => {
    over = true;
    clearTimeout(timer);
    unfollow();
    stopPreviews();
    panel.destroy();
    document.removeEventListener("visibilitychange", onVisible);
    root.replaceChildren();
  };
}

function createTiles(): {
  readonly root: HTMLElement;
  show(figures: ReadonlyMap<string, StreamFigures>): void;
} {
  const root = make("dl", "tiles");
  const tile = (name: Word): HTMLElement => {
    const box = make("div");
    const value = make("dd", "", "–");
    box.append(make("dt", "", word(name)), value);
    root.append(box);
    return value;
  };
  const [streams, viewers, incoming] = [tile("streams"), tile("viewers"), tile("incoming")];
  return {
    root,
    show(figures) {
      let watching = 0;
      let bits = 0;
      for (const { stream, bitrate } of figures.values()) {
        watching += stream.viewers;
        bits += bitrate ?? 0;
      }
      setText(streams, `${figures.size}`);
      setText(viewers, `${watching}`);
      setText(incoming, formatBitrate(bits));
    },
  };
}

import { codecName, formatAge, formatBitrate, formatMillis, formatShare, formatSize } from "../format.js";
import type { AdminSession, SessionPage } from "../live/admin-api.js";
import type { FeedEvent } from "../live/feed.js";
import { History } from "../live/history.js";
import type { StreamField, StreamFigures } from "../live/stream-figures.js";
import {
  measureViewers,
  VIEWER_FIELDS,
  type ViewerField,
  type ViewerFigures,
  viewerSamples,
} from "../live/viewer-figures.js";
import { setText } from "../page.js";
import { streamPath } from "../streams.js";
import { word } from "../words.js";
import { createChart, MAX_LINES } from "./chart.js";
import { make, makeButton } from "./dom.js";
import { createEventList } from "./event-list.js";
import { createPreview, type Preview } from "./preview.js";
import { createViewerTable } from "./viewer-table.js";

const MAX_ENDED = 20;

/** The chosen stream: its picture, its figures, its viewers, and why some have gone. */
export interface StreamPanel {
  readonly root: HTMLElement;
  /** Another stream, or none. @param past what is known of it from before */
  choose(key: string | undefined, past: readonly FeedEvent[]): void;
  showStream(figures: StreamFigures, history: History<StreamField>): void;
  showSessions(page: SessionPage, time: number): void;
  tell(event: FeedEvent): void;
  destroy(): void;
}

export function createStreamPanel(onKick: (session: AdminSession) => void): StreamPanel {
  const root = make("section", "panel chosen-stream");
  const title = make("h2", "stream-title");
  const facts = make("p", "muted facts");
  const open = make("a", "open", word("watch"));
  const stage = make("div", "preview");
  const toggle = makeButton(word("preview"), () => (preview?.playing ? preview.stop() : preview?.start()));
  let preview: Preview | undefined;
  let chosen: string | undefined;
  let publisher: AdminSession | undefined;
  let viewers: ReadonlyMap<string, ViewerFigures> = new Map();
  const history = new History<ViewerField>(VIEWER_FIELDS);

  const bits = (value: number): string => (value === 0 ? "0" : formatBitrate(value));
  const empty = word("noData");
  const charts: Readonly<Record<StreamField, ReturnType<typeof createChart>>> = {
    bitrate: createChart({ title: word("bitrate"), format: bits, lines: 1, empty, atLeast: 100_000 }),
    gopMs: createChart({
      title: word("gop"),
      format: formatMillis,
      lines: 1,
      empty,
      atLeast: 1000,
      steps: true,
    }),
    viewers: createChart({ title: word("viewers"), format: whole, lines: 1, empty, atLeast: 4, steps: true }),
  };
  const perViewer = { lines: MAX_LINES, empty: word("noReports"), format: formatMillis };
  const viewerCharts: Readonly<Record<ViewerField, ReturnType<typeof createChart>>> = {
    rttMs: createChart({ ...perViewer, title: word("rtt"), atLeast: 20 }),
    dropRate: createChart({
      ...perViewer,
      title: word("dropRate"),
      format: formatShare,
      empty,
      atLeast: 0.05,
    }),
    bufferMs: createChart({ ...perViewer, title: word("buffer"), atLeast: 500 }),
    lagMs: createChart({ ...perViewer, title: word("lag"), atLeast: 500 }),
  };
  const table = createViewerTable(onKick);
  const ended = createEventList(word("endedLately"), MAX_ENDED);
  const nobody = make("p", "muted nothing-here", word("nobodyEnded"));

  const head = make("div", "stream-head");
  const line = make("div", "stream-line");
  line.append(title, toggle, open);
  head.append(line, facts);
  const figures = make("div", "charts stream-charts");
  figures.append(stage, charts.bitrate.root, charts.gopMs.root, charts.viewers.root);
  const quality = make("div", "charts");
  quality.append(...VIEWER_FIELDS.map((field) => viewerCharts[field].root));
  root.append(head, figures, make("h3", "", word("viewers")), quality, table.root);
  root.append(make("h3", "", word("endedLately")), nobody, ended.root);
  root.hidden = true;

  function draw(): void {
    const { times } = history;
    for (const field of VIEWER_FIELDS) {
      viewerCharts[field].show(
        times,
        table.lines.map((id) => fitting(id === undefined ? [] : history.line(id, field), times.length)),
      );
    }
  }
  table.root.addEventListener("change", draw);

  function tell(event: FeedEvent): void {
    if (event.type !== "session-ended" || event.action !== "play" || event.stream !== chosen) return;
    ended.add(event);
    nobody.hidden = true;
  }

  return {
    root,
    tell,
    choose(key, past) {
      if (key === chosen) return;
      chosen = key;
      preview?.stop();
      preview = undefined;
      stage.replaceChildren();
      viewers = new Map();
      publisher = undefined;
      history.clear();
      table.clear();
      ended.clear();
      nobody.hidden = false;
      root.hidden = key === undefined;
      if (key === undefined) return;
      root.setAttribute("aria-label", key);
      setText(title, key);
      draw();
      for (const event of past) tell(event);
    },
    showStream({ stream }, streamHistory) {
      const key = `${stream.app}/${stream.name}`;
      const path = streamPath(stream);
      if (preview === undefined) {
        open.href = `watch/${path}`;
        preview = createPreview(stage, `${path}.flv`, () =>
          setText(toggle, word(preview?.playing ? "stopPreview" : "preview")),
        );
      }
      for (const [field, chart] of Object.entries(charts)) {
        chart.show(streamHistory.times, [streamHistory.line(key, field as StreamField)]);
      }
      const by =
        publisher === undefined
          ? word("byCode")
          : [publisher.remoteAddress, publisher.protocol, stream.encoder ?? publisher.userAgent ?? ""]
              .filter(Boolean)
              .join(" ");
      const parts = [
        stream.codecs.map(codecName).join(" + "),
        formatSize(stream.width, stream.height),
        formatAge(Date.now() - Date.parse(stream.since)),
        stream.live ? `${word("published")} ${by}` : word("waitingForPublisher"),
      ];
      setText(facts, parts.filter((part) => part !== "" && part !== "–").join(" · "));
      facts.title = stream.codecs.join(", ");
    },
    showSessions({ total, sessions }, time) {
      publisher = sessions.find(({ action }) => action === "publish");
      viewers = measureViewers(viewers, sessions, time);
      history.add(time, viewerSamples(viewers));
      table.show(viewers, publisher === undefined ? total : total - 1);
      draw();
    },
    destroy() {
      preview?.stop();
      for (const chart of [...Object.values(charts), ...Object.values(viewerCharts)]) chart.destroy();
    },
  };
}

function whole(value: number): string {
  return Number.isInteger(value) ? `${value}` : "";
}

/** A viewer that is on the list and not yet in the history has no line. */
function fitting(line: readonly (number | null)[], length: number): readonly (number | null)[] {
  return line.length === length ? line : new Array<null>(length).fill(null);
}

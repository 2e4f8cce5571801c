import { formatAge, formatBitrate, formatMillis, formatShare } from "../format.js";
import type { AdminSession } from "../live/admin-api.js";
import type { ViewerFigures } from "../live/viewer-figures.js";
import { setText } from "../page.js";
import { type Word, word } from "../words.js";
import { MAX_LINES } from "./chart.js";
import { arrange, make, makeButton, makeTable } from "./dom.js";

const STATES: Readonly<Record<string, Word>> = {
  starting: "stateStarting",
  playing: "statePlaying",
  rebuffering: "stateRebuffering",
  paused: "statePaused",
  failed: "stateFailed",
};
const FIGURES = [
  "rttMs",
  "dropRate",
  "bufferMs",
  "lagMs",
  "bitrate",
  "firstFrame",
  "since",
  "state",
] as const;
type FigureCell = (typeof FIGURES)[number];

interface Row {
  readonly row: HTMLTableRowElement;
  readonly box: HTMLInputElement;
  readonly swatch: HTMLElement;
  readonly cells: Readonly<Record<FigureCell, HTMLTableCellElement>>;
}

/** The viewers of one stream; some of them have lines in the charts. */
export interface ViewerTable {
  readonly root: HTMLElement;
  show(viewers: ReadonlyMap<string, ViewerFigures>, total: number): void;
  /** The viewer of each colour; at most as many as there are colours. */
  readonly lines: readonly (string | undefined)[];
  clear(): void;
}

export function createViewerTable(onKick: (session: AdminSession) => void): ViewerTable {
  const columns: readonly Word[] = [
    "showInCharts",
    "viewer",
    "protocol",
    "rtt",
    "dropRate",
    "buffer",
    "lag",
    "bitrate",
    "firstFrame",
    "since",
    "state",
    "kick",
  ];
  const table = makeTable(word("viewers"), columns.map(word), [word("showInCharts"), word("kick")]);
  table.box.classList.add("viewers");
  const none = make("p", "muted nothing-here", word("noViewers"));
  const more = make("p", "muted small");
  const root = make("div");
  root.append(table.box, none, more);
  const rows = new Map<string, Row>();
  const lines: (string | undefined)[] = new Array<undefined>(MAX_LINES).fill(undefined);

  /** Takes a colour for it, where one is free. */
  function draw(id: string): boolean {
    if (lines.includes(id)) return true;
    const free = lines.indexOf(undefined);
    if (free < 0) return false;
    lines[free] = id;
    return true;
  }
  function undraw(id: string): void {
    const at = lines.indexOf(id);
    if (at >= 0) lines[at] = undefined;
  }

  function createRow({ session }: ViewerFigures): Row {
    const row = make("tr");
    const first = make("td", "pick");
    const box = make("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", `${word("showInCharts")}: ${session.remoteAddress}`);
    const swatch = make("span", "swatch");
    first.append(box, swatch);
    box.addEventListener("change", () => {
      if (box.checked) box.checked = draw(session.id);
      else undraw(session.id);
      paint(swatch, lines.indexOf(session.id));
    });
    draw(session.id);
    const who = make("td", "who");
    const agent = make("span", "muted agent", session.userAgent ?? "");
    agent.title = session.userAgent ?? "";
    who.append(make("span", "", session.remoteAddress), agent);
    who.title = session.id;
    row.append(first, who, make("td", "", session.protocol));
    const cells = Object.fromEntries(
      FIGURES.map((name) => [name, row.appendChild(make("td", name === "state" ? "" : "number"))]),
    ) as Record<FigureCell, HTMLTableCellElement>;
    const last = make("td");
    const kick = makeButton(word("kick"), () => onKick(session), "small-button");
    kick.setAttribute("aria-label", `${word("kickNow")}: ${session.remoteAddress} ${session.id}`);
    last.append(kick);
    row.append(last);
    return { row, box, swatch, cells };
  }

  return {
    root,
    lines,
    show(viewers, total) {
      for (const id of rows.keys()) {
        if (viewers.has(id)) continue;
        rows.delete(id);
        undraw(id);
      }
      const order = [...viewers].map(([id, viewer]) => {
        const row = rows.get(id) ?? createRow(viewer);
        rows.set(id, row);
        const line = lines.indexOf(id);
        row.box.checked = line >= 0;
        paint(row.swatch, line);
        fill(row, viewer);
        return row.row;
      });
      arrange(table.body, order);
      table.box.hidden = order.length === 0;
      none.hidden = order.length > 0;
      more.hidden = viewers.size >= total;
      setText(more, `${word("moreViewers")}${viewers.size} / ${total}`);
    },
    clear() {
      rows.clear();
      lines.fill(undefined);
      arrange(table.body, []);
    },
  };
}

/** A colour is a class: the page's policy has no say over those. */
function paint(swatch: HTMLElement, line: number): void {
  const className = line < 0 ? "swatch" : `swatch line-${line}`;
  if (swatch.className !== className) swatch.className = className;
}

function fill({ row, cells }: Row, viewer: ViewerFigures): void {
  const { session, rttMs, dropRate, bufferMs, lagMs, bitrate, state } = viewer;
  const millis = (value: number | null | undefined): string =>
    value === null || value === undefined ? "–" : formatMillis(value);
  setText(cells.rttMs, millis(rttMs));
  setText(cells.dropRate, dropRate === null ? "–" : formatShare(dropRate));
  setText(cells.bufferMs, millis(bufferMs));
  setText(cells.lagMs, millis(lagMs));
  setText(cells.bitrate, bitrate === null ? "–" : formatBitrate(bitrate));
  setText(cells.firstFrame, millis(session.firstFrameMs));
  setText(cells.since, formatAge(Date.now() - Date.parse(session.since)));
  const known = state === undefined || !Object.hasOwn(STATES, state) ? undefined : STATES[state];
  setText(cells.state, known === undefined ? (state ?? "–") : word(known));
  row.classList.toggle("suffers", (dropRate ?? 0) > 0.02 || state === "rebuffering");
}

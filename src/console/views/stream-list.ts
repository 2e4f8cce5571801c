import { codecName, formatAge, formatBitrate, formatMillis, formatSize } from "../format.js";
import type { StreamFigures } from "../live/stream-figures.js";
import { setText } from "../page.js";
import { streamPath } from "../streams.js";
import { word } from "../words.js";
import { arrange, make, makePanel, makeTable } from "./dom.js";
import { createPreview, type Preview } from "./preview.js";

/** Rows at once; the field above finds the others. */
const MAX_ROWS = 100;
/** A pointer that only passes starts nothing. */
const HOVER_MS = 250;

interface Row {
  readonly row: HTMLTableRowElement;
  readonly choose: HTMLButtonElement;
  readonly cells: Readonly<
    Record<"codecs" | "size" | "viewers" | "bitrate" | "gop" | "age", HTMLTableCellElement>
  >;
  readonly preview: Preview;
}

/** All streams, one of which is chosen. */
export interface StreamList {
  readonly root: HTMLElement;
  show(figures: ReadonlyMap<string, StreamFigures>, chosen: string | undefined): void;
}

export function createStreamList(onChoose: (key: string) => void): StreamList {
  const columns = ["preview", "stream", "codec", "size", "viewers", "bitrate", "gop", "age"] as const;
  const { box, body } = makeTable(word("streams"), columns.map(word), [word("preview")]);
  const find = make("input", "find");
  find.type = "search";
  find.placeholder = word("find");
  find.setAttribute("aria-label", word("find"));
  const more = make("p", "muted small");
  const none = make("p", "muted nothing-here", word("noStreams"));
  const root = makePanel(word("streams"), find, box, none, more);
  const rows = new Map<string, Row>();
  let last: { figures: ReadonlyMap<string, StreamFigures>; chosen: string | undefined } | undefined;

  function show(figures: ReadonlyMap<string, StreamFigures>, chosen: string | undefined): void {
    last = { figures, chosen };
    const wanted = find.value.trim().toLowerCase();
    const found = [...figures.values()].filter(({ key }) => key.toLowerCase().includes(wanted));
    const shown = found.slice(0, MAX_ROWS);
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, { preview }] of rows) {
      if (keys.has(key)) continue;
      preview.stop();
      rows.delete(key);
    }
    const order = shown.map((each) => {
      const row = rows.get(each.key) ?? createRow(each, onChoose);
      rows.set(each.key, row);
      fill(row, each, each.key === chosen);
      return row.row;
    });
    arrange(body, order);
    box.hidden = shown.length === 0;
    none.hidden = shown.length > 0;
    more.hidden = found.length <= MAX_ROWS;
    setText(more, `${word("moreStreams")}${found.length - shown.length}`);
  }
  find.addEventListener("input", () => last && show(last.figures, last.chosen));
  return { root, show };
}

function createRow({ key, stream }: StreamFigures, onChoose: (key: string) => void): Row {
  const row = make("tr", "choosable");
  const picture = make("td", "thumb-cell");
  const thumb = make("div", "thumb");
  picture.append(thumb);
  const preview = createPreview(thumb, `${streamPath(stream)}.flv`);
  let timer: ReturnType<typeof setTimeout> | undefined;
  picture.addEventListener("pointerenter", () => {
    timer = setTimeout(preview.start, HOVER_MS);
  });
  picture.addEventListener("pointerleave", () => {
    clearTimeout(timer);
    preview.stop();
  });
  const title = make("td", "name-cell");
  const choose = make("button", "link", key);
  choose.type = "button";
  title.append(choose);
  row.addEventListener("click", () => onChoose(key));
  row.append(picture, title);
  const cell = (className = "number"): HTMLTableCellElement => row.appendChild(make("td", className));
  const cells = {
    codecs: cell(""),
    size: cell(""),
    viewers: cell(),
    bitrate: cell(),
    gop: cell(),
    age: cell(),
  };
  return { row, choose, cells, preview };
}

function fill({ row, choose, cells }: Row, { stream, bitrate, gopMs }: StreamFigures, chosen: boolean): void {
  row.classList.toggle("chosen", chosen);
  row.classList.toggle("off-air", !stream.live);
  choose.setAttribute("aria-pressed", `${chosen}`);
  choose.title = stream.live ? "" : word("waitingForPublisher");
  setText(cells.codecs, stream.codecs.map(codecName).join(" + ") || "–");
  setText(cells.size, formatSize(stream.width, stream.height));
  setText(cells.viewers, `${stream.viewers}`);
  setText(cells.bitrate, bitrate === null ? "–" : formatBitrate(bitrate));
  setText(cells.gop, gopMs === null ? "–" : formatMillis(gopMs));
  setText(cells.age, formatAge(Date.now() - Date.parse(stream.since)));
}

import uPlot from "uplot";
import { type Figure, HISTORY_SECONDS } from "../live/history.js";
import { setText } from "../page.js";
import { onThemeChange } from "../theme.js";
import { make } from "./dom.js";

/** Lines that one chart can have, each with a colour of its own. */
export const MAX_LINES = 8;

const HEIGHT = 132;
/** What a chart spans at least: a line a few pixels long says nothing. */
const MIN_SECONDS = 60;
/** Of the width: a time this close to the axis would lie over its figures. */
const CORNER = 0.1;
const minutes = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const seconds = new Intl.DateTimeFormat([], { timeStyle: "medium", hourCycle: "h23" });

export interface ChartInit {
  readonly title: string;
  /** A figure as the axis and the heading say it. */
  readonly format: (value: number) => string;
  readonly lines: number;
  /** What stands there while no line has a figure. */
  readonly empty: string;
  /** The least that the axis reaches up to: so that nothing much does not look like a lot. */
  readonly atLeast: number;
  /** Steps instead of slopes: for figures that are counts. */
  readonly steps?: boolean;
}

/** Figures over the last five minutes. */
export interface Chart {
  readonly root: HTMLElement;
  /** @param times seconds since the Unix epoch @param lines at most as many as there are colours; as long as `times` */
  show(times: readonly number[], lines: readonly (readonly Figure[])[]): void;
  destroy(): void;
}

export function createChart({ title, format, lines, empty, atLeast, steps }: ChartInit): Chart {
  const root = make("figure", "chart");
  const caption = make("figcaption");
  const value = make("span", "value");
  const place = make("div", "plot");
  const nothing = make("p", "nothing", empty);
  caption.append(make("span", "", title), value);
  root.append(caption, place, nothing);
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", title);

  const colour = (name: string) => (): string => getComputedStyle(root).getPropertyValue(name);
  const paths = steps ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const grid = { stroke: colour("--grid"), width: 1 };
  let latest: Figure = null;
  /** What the pointer is at, or else the newest, where there is one line only. */
  function tell(plot: uPlot): void {
    if (lines > 1) return;
    const at = plot.cursor.idx;
    const shown = typeof at === "number" ? plot.data[1]?.[at] : latest;
    setText(value, typeof shown === "number" ? format(shown) : "–");
  }
  const plot = new uPlot(
    {
      width: 300,
      height: HEIGHT,
      legend: { show: false },
      padding: [8, 6, 0, 0],
      cursor: { sync: { key: "sluice" }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
      scales: {
        x: { time: true, range: (_plot, min, max) => span(min, max) },
        y: { range: (_plot, _min, max) => [0, Math.max(max, atLeast) * 1.1] },
      },
      axes: [
        {
          stroke: colour("--soft"),
          grid: { show: false },
          ticks: { show: false },
          size: 22,
          gap: 2,
          font: "11px system-ui",
          space: 60,
          incrs: [15, 30, 60, 120],
          values: (plot, times, _axis, _space, step) => {
            const { min = 0, max = 0 } = plot.scales.x ?? {};
            const from = (min ?? 0) + ((max ?? 0) - (min ?? 0)) * CORNER;
            return times.map((time) =>
              time < from ? "" : (step < 60 ? seconds : minutes).format(time * 1000),
            );
          },
        },
        {
          stroke: colour("--soft"),
          grid,
          ticks: { show: false },
          size: 66,
          gap: 6,
          font: "11px system-ui",
          space: 34,
          values: (_plot, values) => values.map(format),
        },
      ],
      series: [
        {},
        ...Array.from({ length: lines }, (_none, line) => ({
          stroke: colour(`--line-${line}`),
          width: 1.75,
          points: { show: false },
          ...(lines === 1 ? { fill: colour("--area") } : {}),
          ...(paths === undefined ? {} : { paths }),
        })),
      ],
      hooks: { setCursor: [tell] },
    },
    [[], ...Array.from({ length: lines }, () => [])],
    place,
  );
  const resized = new ResizeObserver(() => {
    const width = Math.floor(place.clientWidth);
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  });
  resized.observe(place);
  const offTheme = onThemeChange(() => plot.redraw(false));

  return {
    root,
    show(times, shown) {
      const data = Array.from(
        { length: lines },
        (_none, line) => shown[line] ?? new Array<null>(times.length).fill(null),
      );
      const last = data.map((line) => line[line.length - 1] ?? null).filter((each) => each !== null);
      latest = last[0] ?? null;
      nothing.hidden = data.some((line) => line.some((each) => each !== null));
      plot.setData([times as number[], ...data.map((line) => line as Figure[])]);
      tell(plot);
      place.setAttribute("aria-label", `${title}: ${last.length > 0 ? last.map(format).join(", ") : "–"}`);
      // For who looks from outside: how many moments have a figure.
      root.dataset.points = `${data.reduce((sum, line) => sum + line.filter((each) => each !== null).length, 0)}`;
    },
    destroy() {
      offTheme();
      resized.disconnect();
      plot.destroy();
    },
  };
}

/** From the first figure on, within bounds. uPlot tells nothing of a chart without data. */
function span(min: number | null, max: number | null): [number, number] {
  const end = max ?? Date.now() / 1000;
  return [end - Math.min(HISTORY_SECONDS, Math.max(MIN_SECONDS, end - (min ?? end))), end];
}

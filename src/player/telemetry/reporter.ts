import type { Player, PlayerError } from "../types.js";
import { makeReport } from "./report.js";

const REPORT_MS = 2000;
/** Errors told in one report; older ones are left out. */
const MAX_ERRORS = 10;
/** Statuses of a server that takes no reports at all: it is not asked again. */
const NO_REPORTS = [404, 405, 410];

/**
 * Reports how a player fares every two seconds, and once at its end by a beacon, which outlives the page. What is lost
 * is lost: a report says what has been so far.
 *
 * @param sessionId of the present connection; reports wait for one
 * @returns ends it with the last report; idempotent
 */
export function startReporter(
  player: Pick<Player, "on" | "stats">,
  url: string,
  sessionId: () => string | undefined,
): () => void {
  const errors: PlayerError["code"][] = [];
  let rttMs: number | undefined;
  let freezesBefore = 0;
  let underWay = false;
  let over = false;

  function body(last: boolean): string | undefined {
    const id = sessionId();
    if (id === undefined) return undefined;
    const stats = player.stats();
    const report = makeReport(stats, { sessionId: id, rttMs, freezesBefore, errors: [...errors], last });
    freezesBefore = stats.freezes;
    errors.length = 0;
    return JSON.stringify(report);
  }

  async function report(): Promise<void> {
    // One at a time: a network that cannot carry them gets no heap of them.
    if (underWay) return;
    const text = body(false);
    if (text === undefined) return;
    underWay = true;
    const begun = performance.now();
    try {
      // As text/plain it needs no preflight from another origin.
      const response = await fetch(url, { method: "POST", body: text, credentials: "omit" });
      rttMs = performance.now() - begun;
      if (NO_REPORTS.includes(response.status)) stop();
    } catch {
      // The network; the next one may come through.
    } finally {
      underWay = false;
    }
  }

  function stop(): void {
    over = true;
    clearInterval(timer);
    removeEventListener("pagehide", end);
    removeListener();
  }

  function end(): void {
    if (over) return;
    const text = body(true);
    stop();
    if (text !== undefined) navigator.sendBeacon(url, text);
  }

  const removeListener = player.on("error", ({ code }) => {
    errors.push(code);
    if (errors.length > MAX_ERRORS) errors.shift();
  });
  const timer = setInterval(() => void report(), REPORT_MS);
  addEventListener("pagehide", end);
  return end;
}

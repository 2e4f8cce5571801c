import type { Told } from "../source/source.js";
import type { Player, PlayerError } from "../types.js";
import { type FirstFrame, makeReport } from "./report.js";

const FETCH_MS = 2000;
const SOCKET_MS = 500;
/** Errors told in one report; older ones are left out. */
const MAX_ERRORS = 10;
/** Statuses that mean it for good: the session is not known, or there are no reports at all. */
const NO_REPORTS = [404, 405, 410];
const TOO_MANY = 429;
/** How long a server that has too many is spared, where it does not say. */
const SPARE_MS = 10_000;

/**
 * Reports how a player fares: twice a second over the stream's own WebSocket, every two seconds over fetch, and once at
 * its end by a beacon, which outlives the page. What is lost is lost: a report says what has been so far.
 *
 * @param connection the present one; reports wait for a session
 * @param firstFrameAt when the player's first frame was on the screen, milliseconds since the Unix epoch
 * @param say sends them over it; undefined for fetch
 * @returns ends it with the last report; idempotent
 */
export function startReporter(
  player: Pick<Player, "on" | "stats">,
  url: string,
  connection: () => Told | undefined,
  firstFrameAt: () => number | undefined,
  say: ((text: string) => void) | undefined,
): () => void {
  const errors: PlayerError["code"][] = [];
  let sessionId: string | undefined;
  let sequence = 0;
  /** The session that the server wants no more of. */
  let refused: string | undefined;
  let rttMs: number | undefined;
  let freezesBefore = 0;
  let notBefore = 0;
  /** Which session had it. */
  let first: (FirstFrame & { readonly session: string }) | undefined;
  let failed = false;
  let underWay = false;
  let over = false;

  function body(end?: "f" | "q"): string | undefined {
    const present = connection();
    if (present !== undefined) look(present);
    const { session, rttMs: ownRttMs } = present ?? {};
    // The last one is about the connection that there was.
    const id = session ?? (end && sessionId);
    if (id === undefined || id === refused) return undefined;
    if (id !== sessionId) sequence = 0;
    sessionId = id;
    const stats = player.stats();
    const now = performance.timeOrigin + performance.now();
    const firstFrame = first?.session === id ? first : undefined;
    const context = { firstFrame, sessionId: id, sequence, now, freezesBefore, errors: [...errors], end };
    const report = makeReport(stats, { ...context, rttMs: say === undefined ? rttMs : ownRttMs });
    sequence += 1;
    freezesBefore = stats.freezes;
    errors.length = 0;
    return JSON.stringify(report);
  }

  function look({ session, traceparent, requestedAt }: Told): void {
    const at = firstFrameAt();
    // A frame that was there before this connection was asked for is another's.
    if (first !== undefined || session === undefined || at === undefined || at < requestedAt) return;
    first = { session, traceparent, at, afterMs: at - requestedAt };
  }

  async function post(): Promise<void> {
    // One at a time: a network that cannot carry them gets no heap of them.
    if (underWay || performance.now() < notBefore) return;
    const text = body();
    if (text === undefined) return;
    const about = sessionId;
    underWay = true;
    const begun = performance.now();
    try {
      // As text/plain it needs no preflight from another origin.
      const { status, headers } = await fetch(url, { method: "POST", body: text, credentials: "omit" });
      rttMs = performance.now() - begun;
      if (NO_REPORTS.includes(status)) refused = about;
      else if (status === TOO_MANY) {
        notBefore = performance.now() + (1000 * Number(headers.get("Retry-After")) || SPARE_MS);
      }
    } catch {
      // The network; the next one may come through.
    } finally {
      underWay = false;
    }
  }

  function report(): void {
    if (say === undefined) void post();
    else {
      const text = body();
      if (text !== undefined) say(text);
    }
  }

  function end(): void {
    if (over) return;
    over = true;
    clearInterval(timer);
    removeEventListener("pagehide", end);
    removeListener();
    const text = body(failed ? "f" : "q");
    if (text !== undefined) navigator.sendBeacon(url, text);
  }

  const removeListener = player.on("error", ({ code, fatal }) => {
    failed ||= fatal;
    errors.push(code);
    if (errors.length > MAX_ERRORS) errors.shift();
  });
  const timer = setInterval(report, say === undefined ? FETCH_MS : SOCKET_MS);
  addEventListener("pagehide", end);
  return end;
}

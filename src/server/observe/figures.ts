import type { Batch } from "../../hub/batch.js";
import type { StreamObserver } from "../../hub/observer.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { SessionCounters, SessionInfo, SessionReason } from "../contract/session.js";
import { streamKey } from "../net/stream-name.js";
import { watchEventLoopDelay } from "./event-loop.js";
import { type Family, family, type Sample } from "./family.js";
import { type Bounds, histogramFamily, histogramLength, histogramSamples, observe } from "./histogram.js";
import { type Account, Ledger, type Series } from "./ledger.js";
import { processFamilies } from "./process-figures.js";

export interface FiguresInit {
  readonly scheduler: Scheduler;
  /** What this process is called in the metrics. */
  readonly process: string;
  /** How many streams have lines of their own. */
  readonly maxStreams: number;
  /** All connections that there are. */
  readonly sessions: () => readonly SessionInfo[];
  readonly streams: () => readonly StreamTotals[];
}

/** What a stream has taken in from publishers of this process. */
export interface StreamTotals {
  readonly name: string;
  /** Somebody publishes it here. */
  readonly published: boolean;
  readonly taken: { readonly packets: number; readonly bytes: number };
}

/** What one process counts. On the media path that is once for five batches; all else is read when somebody asks. */
export interface Figures {
  /** Who counts what a new stream does. */
  observe(stream: string): StreamObserver;
  sessionEnded(session: SessionInfo, reason: SessionReason): void;
  /** @param micros from the connection to the first frame */
  firstFrame(session: SessionInfo, micros: number): void;
  /** @param route such as `/api/v1/streams`: never what somebody typed */
  answered(method: string, route: string, status: number, micros: number): void;
  /** @param streams which have lines of their own: all others are added up */
  gather(streams: readonly string[]): readonly Family[];
  close(): void;
}

const MS = 1_000;
const LAG: Bounds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000].map((ms) => ms * MS);
const GOP: Bounds = [250, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 10_000].map((ms) => ms * MS);
const FIRST_FRAME: Bounds = [10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000].map((ms) => ms * MS);
const ANSWER: Bounds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500].map((ms) => ms * MS);

const OFFSET_MICROS = 1_000_000;

/** Where each part of a stream's numbers begins. */
const GOP_AT = histogramLength(LAG);
const PACKETS_AT = GOP_AT + histogramLength(GOP);
const BYTES_AT = PACKETS_AT + 1;
const STREAM_LENGTH = BYTES_AT + 1;

/** A session's counters as metrics, in the order in which its account has them, before the time to the first frame. */
const COUNTERS: readonly [key: keyof SessionCounters, name: string, help: string, unit: number][] = [
  ["bytesIn", "received_bytes_total", "Bytes received from peers.", 1],
  ["bytesOut", "sent_bytes_total", "Bytes handed to peers' connections.", 1],
  ["packetsIn", "received_packets_total", "Packets taken from publishers.", 1],
  ["undecodable", "undecodable_total", "Parts of publishers' input that were left out as malformed.", 1],
  ["droppedFrames", "dropped_frames_total", "Frames that viewers did not get, being too far behind.", 1],
  ["droppedMs", "dropped_seconds_total", "The same as media time.", 1 / 1_000],
];
const FIRST_FRAME_AT = COUNTERS.length;
const SESSION_LENGTH = FIRST_FRAME_AT + histogramLength(FIRST_FRAME);

export function createFigures(init: FiguresInit): Figures {
  const { scheduler } = init;
  const streams = new Ledger(STREAM_LENGTH, init.maxStreams);
  const peers = new Ledger(SESSION_LENGTH, init.maxStreams);
  /** How much of a session's counters is in the ledger. */
  const read = new Map<SessionInfo, { readonly stream: string; readonly counted: Float64Array }>();
  /** How much of what a stream has taken in is in its account. */
  const totals = new Map<Account, StreamTotals["taken"]>();
  const ends = new Map<string, { readonly labels: Sample["labels"]; value: number }>();
  const answers = new Map<string, { readonly labels: Sample["labels"]; readonly numbers: Float64Array }>();
  const eventLoop = watchEventLoopDelay();

  /** From the scheduler's clock to the wall's: read now and then, because reading a clock is most of what counting costs. */
  let offset = 0;
  let offsetAt = Number.NEGATIVE_INFINITY;

  function readOffset(now: number): void {
    offset = scheduler.wall() - scheduler.now();
    offsetAt = now;
  }

  function count(labels: Readonly<Record<string, string>>): void {
    const key = Object.values(labels).join("\n");
    const entry = ends.get(key) ?? { labels, value: 0 };
    entry.value += 1;
    ends.set(key, entry);
  }

  /**
   * Moves what a session has counted since the last time to its stream's account. A viewer that has gone to another stream
   * since then has still counted for the one before.
   */
  function readCounters(session: SessionInfo): Account | undefined {
    const { app, name, protocol, counters } = session;
    if (app === undefined || name === undefined) return undefined;
    let entry = read.get(session);
    if (entry === undefined) {
      entry = { stream: streamKey({ app, name }), counted: new Float64Array(COUNTERS.length) };
      read.set(session, entry);
    }
    const { stream, counted } = entry;
    // Looked up anew: another session's end may have closed it.
    const account = peers.account(stream, protocol);
    for (const [i, [key]] of COUNTERS.entries()) {
      account.numbers[i] = (account.numbers[i] as number) + counters[key] - (counted[i] as number);
      counted[i] = counters[key];
    }
    const present = streamKey({ app, name });
    if (present !== stream) {
      read.set(session, { stream: present, counted });
      // Others may go on there: reading those opens it again.
      peers.close(account);
    }
    return account;
  }

  function readTaken(account: Account, taken: StreamTotals["taken"]): void {
    const before = totals.get(account) ?? { packets: 0, bytes: 0 };
    account.numbers[PACKETS_AT] = (account.numbers[PACKETS_AT] as number) + taken.packets - before.packets;
    account.numbers[BYTES_AT] = (account.numbers[BYTES_AT] as number) + taken.bytes - before.bytes;
    totals.set(account, taken);
  }

  function gauges(shown: ReadonlySet<string>): readonly Family[] {
    const here = new Map<string, { readonly labels: Sample["labels"]; value: number }>();
    const viewers = new Map<string, { readonly labels: Sample["labels"]; value: number }>();
    const add = (to: typeof here, labels: Readonly<Record<string, string>>): void => {
      const key = Object.values(labels).join("\n");
      const entry = to.get(key) ?? { labels, value: 0 };
      entry.value += 1;
      to.set(key, entry);
    };
    for (const { protocol, action, app = "", name = "" } of init.sessions()) {
      add(here, { protocol, action: action ?? "none" });
      if (action !== "play") continue;
      const key = streamKey({ app, name });
      add(viewers, { protocol, stream: shown.has(key) ? key : "other" });
    }
    return [
      family("sluice_streams", "gauge", "Streams that are being published.", [
        { labels: {}, value: init.streams().filter(({ published }) => published).length },
      ]),
      family("sluice_sessions", "gauge", "Connections by what they do; `none` has not said so yet.", [
        ...here.values(),
      ]),
      family("sluice_stream_viewers", "gauge", "Who watches a stream.", [...viewers.values()]),
    ];
  }

  return {
    observe(name) {
      const account = streams.account(name, "");
      totals.set(account, { packets: 0, bytes: 0 });
      const { numbers } = account;
      return {
        handedOut({ receivedAt }: Batch, now: number) {
          if (now - offsetAt >= OFFSET_MICROS) readOffset(now);
          observe(numbers, 0, LAG, Math.max(0, now + offset - receivedAt));
        },
        group: (micros) => observe(numbers, GOP_AT, GOP, micros),
        gone(taken) {
          readTaken(account, taken);
          streams.close(account);
          totals.delete(account);
        },
      };
    },
    sessionEnded(session, reason) {
      const { protocol, action = "none" } = session;
      count({ protocol, action, reason });
      const account = readCounters(session);
      read.delete(session);
      // Others of the same stream and protocol may go on: reading those opens it again.
      if (account !== undefined) peers.close(account);
    },
    firstFrame(session, micros) {
      const account = readCounters(session);
      if (account !== undefined) observe(account.numbers, FIRST_FRAME_AT, FIRST_FRAME, micros);
    },
    answered(method, route, status, micros) {
      const labels = { method, route, status: `${status}` };
      const key = `${method} ${route} ${status}`;
      const entry = answers.get(key) ?? { labels, numbers: new Float64Array(histogramLength(ANSWER)) };
      observe(entry.numbers, 0, ANSWER, micros);
      answers.set(key, entry);
    },
    gather(wanted) {
      const shown = new Set(wanted);
      for (const session of init.sessions()) readCounters(session);
      for (const { name, taken } of init.streams()) readTaken(streams.account(name, ""), taken);
      streams.settle(shown);
      peers.settle(shown);
      const labels = { process: init.process };
      return [
        ...gauges(shown),
        ...streamFamilies(streams.series),
        ...peerFamilies(peers.series),
        family("sluice_sessions_ended_total", "counter", "Connections that have ended, by reason.", [
          ...ends.values(),
        ]),
        histogramFamily(
          "sluice_http_request_duration_seconds",
          "Time to answer a request to the API; its count is their number.",
          [...answers.values()].flatMap((entry) =>
            histogramSamples("sluice_http_request_duration_seconds", ANSWER, entry.labels, entry.numbers, 0),
          ),
        ),
        eventLoop.family(labels),
        ...processFamilies(labels),
      ];
    },
    close: () => eventLoop.close(),
  };
}

function streamFamilies(series: readonly Series[]): readonly Family[] {
  const histogram = (name: string, help: string, bounds: Bounds, at: number): Family =>
    histogramFamily(
      name,
      help,
      series.flatMap(({ stream, numbers }) => histogramSamples(name, bounds, { stream }, numbers, at)),
    );
  const counter = (name: string, help: string, at: number): Family =>
    family(
      name,
      "counter",
      help,
      series.map(({ stream, numbers }) => ({ labels: { stream }, value: numbers[at] as number })),
    );
  return [
    histogram(
      "sluice_stream_lag_seconds",
      "From a batch's first byte received to the last viewer given it, for one batch in five.",
      LAG,
      0,
    ),
    histogram("sluice_stream_gop_seconds", "From one key frame to the next.", GOP, GOP_AT),
    counter("sluice_stream_media_packets_total", "Packets taken in, from whatever publisher.", PACKETS_AT),
    counter("sluice_stream_media_bytes_total", "The same as payload bytes.", BYTES_AT),
  ];
}

function peerFamilies(series: readonly Series[]): readonly Family[] {
  const counters = COUNTERS.map(([, name, help, unit], i) =>
    family(
      `sluice_stream_${name}`,
      "counter",
      help,
      series.map(({ stream, protocol, numbers }) => ({
        labels: { protocol, stream },
        value: (numbers[i] as number) * unit,
      })),
    ),
  );
  const name = "sluice_stream_first_frame_seconds";
  const samples = series.flatMap(({ stream, protocol, numbers }) =>
    histogramSamples(name, FIRST_FRAME, { protocol, stream }, numbers, FIRST_FRAME_AT),
  );
  return [
    ...counters,
    histogramFamily(name, "From a viewer's connection to the first frame handed to it.", samples),
  ];
}

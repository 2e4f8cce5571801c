import type { Scheduler } from "../../hub/scheduler.js";
import type { Exchange, Outlet } from "../contract/exchange.js";
import { type EventLog, eventText, textBatch } from "./event-log.js";

export interface EventFeedInit {
  readonly log: EventLog;
  readonly scheduler: Scheduler;
  /** Readers at once; more are refused. */
  readonly maxReaders: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Told when the first reader comes and the last has gone, where another process has the events. Settles once they are here. */
  readonly source?: ((wanted: boolean) => Promise<void>) | undefined;
  /** What a reader is told first that does not go on from where it was: an event of type `streams`. */
  readonly snapshot?: (() => Promise<object>) | undefined;
  readonly refuse: (exchange: Exchange, status: 503, error: string, message: string) => void;
}

/** Server-sent events (HTML standard, section 9.2) out of an EventLog. */
export interface EventFeed {
  serve(exchange: Exchange): void;
  /** Readers that were cut off because they did not read. */
  readonly cut: number;
  readonly readers: number;
  /** Ends all readers in order. */
  close(): void;
}

interface Reader {
  readonly outlet: Outlet;
  /** The last event that it was given. */
  cursor: number;
  /** Since when its connection takes nothing, the scheduler's clock; undefined while it does. */
  stalledAt: number | undefined;
}

/** Proxies close what is silent for a minute or so. */
const HEARTBEAT_MS = 15_000;
/** Whose connection is full for this long is cut off: it comes back, and goes on from where it was. */
const STALL_MS = 5_000;
const SWEEP_MS = 1_000;
const RETRY_MS = 2_000;
const HEARTBEAT = textBatch(": still here\n\n");

export function createEventFeed(init: EventFeedInit): EventFeed {
  const { log, scheduler } = init;
  const readers = new Set<Reader>();
  const releases: (() => void)[] = [];
  let coming = 0;
  let arrived: Promise<void> | undefined;
  let pumping = false;
  let beatAt = scheduler.now();
  let cut = 0;
  let closed = false;

  function begin(): void {
    if (releases.length > 0) return;
    beatAt = scheduler.now();
    releases.push(log.follow(onEvents), scheduler.every(SWEEP_MS, sweep));
  }

  function stopIfIdle(): void {
    if (readers.size + coming > 0) return;
    for (const release of releases.splice(0)) release();
    arrived = undefined;
    // Who is not wanted any more need not answer.
    init.source?.(false).catch(() => {});
  }

  /** All events of a turn at once. */
  function onEvents(): void {
    if (pumping) return;
    pumping = true;
    scheduler.defer(() => {
      pumping = false;
      for (const reader of [...readers]) {
        // What it needs next is gone: it can only come back and be told so.
        if (reader.cursor < log.floor) {
          cutOff(reader);
          continue;
        }
        reader.outlet.cork?.();
        pump(reader);
        reader.outlet.uncork?.();
      }
    });
  }

  function pump(reader: Reader): void {
    while (reader.stalledAt === undefined && reader.cursor < log.last) {
      const bytes = log.bytesOf(reader.cursor + 1);
      if (bytes === undefined) {
        cutOff(reader);
        return;
      }
      if (reader.outlet.accept(bytes) === "busy") reader.stalledAt = scheduler.now();
      else reader.cursor += 1;
    }
  }

  function cutOff(reader: Reader): void {
    if (!readers.delete(reader)) return;
    cut += 1;
    reader.outlet.destroy();
    stopIfIdle();
  }

  function sweep(): void {
    const now = scheduler.now();
    const beat = now - beatAt >= HEARTBEAT_MS * 1000;
    if (beat) beatAt = now;
    for (const reader of [...readers]) {
      if (reader.stalledAt !== undefined && now - reader.stalledAt >= STALL_MS * 1000) cutOff(reader);
      else if (beat && reader.stalledAt === undefined && reader.outlet.accept(HEARTBEAT) === "busy")
        reader.stalledAt = now;
    }
  }

  async function open(exchange: Exchange): Promise<void> {
    const asked = exchange.headers["last-event-id"] ?? exchange.query.get("lastEventId") ?? undefined;
    let snapshot: object | undefined;
    let from: Start;
    try {
      begin();
      arrived ??= init.source?.(true);
      await arrived;
      from = startOf(log, typeof asked === "string" ? asked : undefined);
      if (!from.resumed) snapshot = await init.snapshot?.();
    } catch {
      arrived = undefined;
      init.refuse(exchange, 503, "unavailable", "The events could not be had in time.");
      return;
    }
    if (exchange.signal.aborted) return;
    if (closed) {
      init.refuse(exchange, 503, "shutdown", "The server is stopping.");
      return;
    }
    const outlet = exchange.stream(init.headers);
    const reader: Reader = { outlet, cursor: from.cursor, stalledAt: undefined };
    readers.add(reader);
    exchange.signal.addEventListener("abort", () => {
      readers.delete(reader);
      outlet.destroy();
      stopIfIdle();
    });
    outlet.onDrain(() => {
      reader.stalledAt = undefined;
      pump(reader);
    });
    const id = log.idOf(from.cursor);
    let text = `retry: ${RETRY_MS}\nid: ${id}\n\n`;
    if (from.gap) text += eventText(id, "gap", JSON.stringify({ lastEventId: asked }));
    if (snapshot !== undefined) text += eventText(id, "streams", JSON.stringify(snapshot));
    outlet.accept(textBatch(text));
    pump(reader);
  }

  return {
    serve(exchange) {
      if (closed || readers.size + coming >= init.maxReaders) {
        init.refuse(
          exchange,
          503,
          "limit",
          "There are as many readers as the server takes, or it is stopping.",
        );
        return;
      }
      if (exchange.method === "HEAD") {
        exchange.reply(200, init.headers);
        return;
      }
      coming += 1;
      void open(exchange).finally(() => {
        coming -= 1;
        stopIfIdle();
      });
    },
    get cut() {
      return cut;
    },
    get readers() {
      return readers.size;
    },
    close() {
      if (closed) return;
      closed = true;
      for (const reader of [...readers]) {
        pump(reader);
        reader.outlet.end("going-away");
      }
      readers.clear();
      stopIfIdle();
    },
  };
}

/** Where a reader begins. */
interface Start {
  /** The last event that it does not get. */
  readonly cursor: number;
  /** It goes on from where it was, and has missed nothing. */
  readonly resumed: boolean;
  /** Events that it has not seen are not kept any more. */
  readonly gap: boolean;
}

/** @param lastEventId what it has seen last; what is no id of ours counts as a gap: it has seen something, we cannot tell what */
export function startOf(log: EventLog, lastEventId: string | undefined): Start {
  if (lastEventId === undefined || lastEventId === "")
    return { cursor: log.last, resumed: false, gap: false };
  const [, boot, digits] = /^([A-Za-z0-9]{1,32})-(\d{1,15})$/.exec(lastEventId) ?? [];
  const seq = Number(digits);
  if (boot !== log.boot || seq < log.floor || seq > log.last)
    return { cursor: log.floor, resumed: false, gap: true };
  return { cursor: seq, resumed: true, gap: false };
}

import type { Scheduler } from "../hub/scheduler.js";
import type { Logger } from "./contract/logger.js";
import type { QualityReport } from "./contract/quality.js";
import type {
  Adapted,
  QualityChange,
  Session,
  SessionCounters,
  SessionInfo,
  SessionInit,
  SessionReason,
} from "./contract/session.js";
import type { Span, Tracer } from "./contract/trace.js";
import { streamKey } from "./net/stream-name.js";
import { traceFirstFrame } from "./observe/trace/first-frame.js";
import { parseTraceparent } from "./observe/trace/traceparent.js";

export interface SessionsInit {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly tracer: Tracer;
  /** Sessions at once; more are refused. */
  readonly maxConnections: number;
  /** Makes a new unique id. */
  readonly newId: () => string;
  readonly onBegin?: (session: SessionInfo) => void;
  readonly onEnd?: (session: SessionInfo, reason: SessionReason) => void;
  /** Called for every end, also of who never began. */
  readonly onOver?: ((session: SessionInfo, reason: SessionReason) => void) | undefined;
  /** @param micros from the connection to the first frame handed to it */
  readonly onFirstFrame?: ((session: SessionInfo, micros: number) => void) | undefined;
}

/** All connections that there are, of whatever protocol. */
export interface Sessions {
  /** Undefined when there are as many as allowed, or `close` was called. */
  open(init: SessionInit): Session | undefined;
  get(id: string): SessionInfo | undefined;
  list(): readonly SessionInfo[];
  /** Keeps what a viewer's player reported last. False where no session of this id plays. */
  report(id: string, report: QualityReport): boolean;
  /** Asks a session to end. False where there is none of this id. */
  kick(id: string): boolean;
  /** Refuses new ones and asks those to end that have not begun to publish or play: the hub ends the others in order. */
  close(): void;
  /** Asks all that are left to end. */
  abort(reason: SessionReason): void;
  readonly size: number;
}

/** Ends that are no failure of anybody's. */
const IN_ORDER: ReadonlySet<SessionReason> = new Set([
  "unpublished",
  "config-changed",
  "timeline-end",
  "taken-over",
  "kicked",
  "shutdown",
  "aborted",
  "client-closed",
]);

export function createSessions(init: SessionsInit): Sessions {
  const open = new Map<string, { readonly session: SessionRecord; readonly abort: AbortController }>();
  let closed = false;

  return {
    open(who) {
      if (closed || open.size >= init.maxConnections) return undefined;
      const abort = new AbortController();
      const session = new SessionRecord(init, who, abort.signal, (id) => open.delete(id));
      open.set(session.id, { session, abort });
      return session;
    },
    get: (id) => open.get(id)?.session,
    list: () => [...open.values()].map(({ session }) => session),
    report(id, report) {
      const session = open.get(id)?.session;
      if (session?.action !== "play") return false;
      session.reported(report);
      return true;
    },
    kick(id) {
      const entry = open.get(id);
      entry?.abort.abort("kicked" satisfies SessionReason);
      return entry !== undefined;
    },
    close() {
      closed = true;
      for (const { session, abort } of [...open.values()]) {
        if (session.action === undefined) abort.abort("shutdown" satisfies SessionReason);
      }
    },
    abort(reason) {
      for (const { abort } of [...open.values()]) abort.abort(reason);
    },
    get size() {
      return open.size;
    },
  };
}

/** As it is now: the session itself goes on. */
export function snapshot(session: SessionInfo): SessionInfo {
  const { id, protocol, remoteAddress, userAgent, since, action, app, name, firstFrameMs, report } = session;
  const { adapted } = session;
  const counters = { ...session.counters };
  const what = { action, app, name, adapted };
  return { id, protocol, remoteAddress, userAgent, since, ...what, firstFrameMs, counters, report };
}

/**
 * A class rather than an object of closures: an object literal with getters has a hidden class of its own each time it
 * is made, which took more memory than all the rest that a viewer is.
 */
class SessionRecord implements Session {
  readonly id: string;
  readonly protocol: string;
  readonly remoteAddress: string;
  readonly since: number;
  readonly signal: AbortSignal;
  report: QualityReport | undefined;
  readonly trace: Span;
  readonly #init: SessionsInit;
  readonly #onGone: (id: string) => void;
  readonly #started: number;
  readonly #counters: SessionCounters = {
    bytesIn: 0,
    bytesOut: 0,
    packetsIn: 0,
    undecodable: 0,
    droppedFrames: 0,
    droppedMs: 0,
  };
  #userAgent: string | undefined;
  #adapted: Adapted | undefined;
  /** What it does, or, until it has begun, what it asks for. */
  #what: { readonly action: "publish" | "play"; readonly app: string; readonly name: string } | undefined;
  #begun = false;
  #ended = false;
  /** Its trace has the first frame on the screen. */
  #rendered = false;
  #measured: { readonly bytesOut: number } | undefined;
  /** How much of that is in the counters. */
  #taken = 0;
  #firstFrameMicros: number | undefined;

  constructor(init: SessionsInit, who: SessionInit, signal: AbortSignal, onGone: (id: string) => void) {
    this.id = init.newId();
    this.protocol = who.protocol;
    this.remoteAddress = who.remoteAddress;
    this.since = init.scheduler.wall();
    this.signal = signal;
    this.#userAgent = who.userAgent;
    this.#init = init;
    this.#started = init.scheduler.now();
    this.#onGone = onGone;
    this.trace = init.tracer.start("connection", {
      kind: "server",
      parent: parseTraceparent(who.traceparent),
      attributes: {
        "sluice.session": this.id,
        "sluice.protocol": who.protocol,
        "client.address": who.remoteAddress,
      },
    });
  }

  get userAgent(): string | undefined {
    return this.#userAgent;
  }

  get action(): "publish" | "play" | undefined {
    return this.#begun ? this.#what?.action : undefined;
  }

  get app(): string | undefined {
    return this.#begun ? this.#what?.app : undefined;
  }

  get name(): string | undefined {
    return this.#begun ? this.#what?.name : undefined;
  }

  get adapted(): Adapted | undefined {
    return this.#adapted;
  }

  get counters(): SessionCounters {
    if (this.#measured !== undefined) {
      this.#counters.bytesOut += this.#measured.bytesOut - this.#taken;
      this.#taken = this.#measured.bytesOut;
    }
    return this.#counters;
  }

  get logFields(): object {
    const { traceId, spanId } = this.trace.context;
    const stream = this.#what && streamKey(this.#what);
    return { session: this.id, trace_id: traceId, span_id: spanId, stream };
  }

  get firstFrameMs(): number | undefined {
    return this.#firstFrameMicros === undefined ? undefined : Math.round(this.#firstFrameMicros / 1000);
  }

  ask(action: "publish" | "play", app: string, name: string): void {
    if (this.#begun) return;
    this.#what = { action, app, name };
    this.trace.rename(action);
    this.trace.set({ "sluice.stream": streamKey(this.#what) });
  }

  adapt(adapted: Adapted): void {
    this.#adapted = adapted;
  }

  begin(action: "publish" | "play", app: string, name: string, userAgent?: string): void {
    if (this.#ended) return;
    this.#userAgent ??= userAgent;
    this.ask(action, app, name);
    this.#begun = true;
    this.trace.set({ "user_agent.original": this.#userAgent });
    const adapted = this.#adapted && { adapted: this.#adapted };
    const fields = { ...this.#describe(), userAgent: this.#userAgent, ...adapted };
    this.#init.log.info(fields, `${action} begun`);
    this.#init.onBegin?.(this);
  }

  reported(report: QualityReport): void {
    this.report = report;
    this.#rendered ||= traceFirstFrame(this.trace, report);
  }

  change({ name, adapted, from, to, cause }: QualityChange): void {
    if (this.#ended || !this.#begun || this.#what === undefined) return;
    this.#adapted = adapted;
    this.#what = { ...this.#what, name };
    this.trace.event("quality change", { "sluice.from": from, "sluice.to": to, "sluice.cause": cause });
    this.#init.log.info({ ...this.#describe(), from, to, cause }, "quality changed");
  }

  measure(outlet: { readonly bytesOut: number }): void {
    this.#measured = outlet;
  }

  firstFrame(): void {
    if (this.#firstFrameMicros !== undefined) return;
    this.#firstFrameMicros = this.#init.scheduler.now() - this.#started;
    this.#init.onFirstFrame?.(this, this.#firstFrameMicros);
  }

  end(reason: SessionReason, detail?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onGone(this.id);
    const { scheduler, log, onEnd } = this.#init;
    const durationMs = Math.round((scheduler.now() - this.#started) / 1000);
    const { counters, report } = this;
    const fields = { ...this.#describe(), reason, detail, durationMs, ...counters, report };
    this.#endTrace(reason, detail);
    const message = this.action === undefined ? "connection ended" : `${this.action} ended`;
    if (reason === "internal") log.error(fields, message);
    else log.info(fields, message);
    this.#init.onOver?.(this, reason);
    if (this.#begun) onEnd?.(this, reason);
  }

  #describe(): object {
    const { protocol, remoteAddress } = this;
    return { ...this.logFields, protocol, ...this.#what, remoteAddress };
  }

  #endTrace(reason: SessionReason, detail: string | undefined): void {
    if (!this.trace.context.sampled) return;
    const { bytesIn, bytesOut, droppedFrames } = this.counters;
    this.trace.set({ "sluice.bytes_in": bytesIn, "sluice.bytes_out": bytesOut });
    this.trace.set({ "sluice.dropped_frames": droppedFrames });
    this.trace.event("end", { "sluice.reason": reason, "sluice.detail": detail });
    if (!IN_ORDER.has(reason)) this.trace.fail(reason, detail);
    this.trace.end();
  }
}

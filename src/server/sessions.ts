import type { Scheduler } from "../hub/scheduler.js";
import type { Logger } from "./contract/logger.js";
import type {
  Session,
  SessionCounters,
  SessionInfo,
  SessionInit,
  SessionReason,
} from "./contract/session.js";

export interface SessionsInit {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Sessions at once; more are refused. */
  readonly maxConnections: number;
  /** Makes a new unique id. */
  readonly newId: () => string;
  readonly onBegin?: (session: SessionInfo) => void;
  readonly onEnd?: (session: SessionInfo, reason: SessionReason) => void;
}

/** All connections that there are, of whatever protocol. */
export interface Sessions {
  /** Undefined when there are as many as allowed, or `close` was called. */
  open(init: SessionInit): Session | undefined;
  get(id: string): SessionInfo | undefined;
  list(): readonly SessionInfo[];
  /** Asks a session to end. False where there is none of this id. */
  kick(id: string): boolean;
  /** Refuses new ones and asks those to end that have not begun to publish or play: the hub ends the others in order. */
  close(): void;
  /** Asks all that are left to end. */
  abort(reason: SessionReason): void;
  readonly size: number;
}

export function createSessions(init: SessionsInit): Sessions {
  const open = new Map<string, { readonly session: Session; readonly abort: AbortController }>();
  let closed = false;

  return {
    open(who) {
      if (closed || open.size >= init.maxConnections) return undefined;
      const abort = new AbortController();
      const session = createSession(init, who, abort.signal, () => open.delete(session.id));
      open.set(session.id, { session, abort });
      return session;
    },
    get: (id) => open.get(id)?.session,
    list: () => [...open.values()].map(({ session }) => session),
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

function createSession(
  { scheduler, log, newId, onBegin, onEnd }: SessionsInit,
  { protocol, remoteAddress, userAgent }: SessionInit,
  signal: AbortSignal,
  onGone: () => void,
): Session {
  const id = newId();
  const counters: SessionCounters = {
    bytesIn: 0,
    bytesOut: 0,
    packetsIn: 0,
    undecodable: 0,
    droppedFrames: 0,
    droppedMs: 0,
  };
  const started = scheduler.now();
  let action: Session["action"];
  let app: string | undefined;
  let name: string | undefined;
  let agent = userAgent;
  let measured: { readonly bytesOut: number } | undefined;
  let ended = false;
  let asked: { readonly action: Session["action"]; readonly app: string; readonly name: string } | undefined;
  const describe = (): object => ({
    session: id,
    protocol,
    ...(action === undefined ? asked : { action, app, name }),
    remoteAddress,
  });

  const session: Session = {
    id,
    protocol,
    remoteAddress,
    get userAgent() {
      return agent;
    },
    since: scheduler.wall(),
    get action() {
      return action;
    },
    get app() {
      return app;
    },
    get name() {
      return name;
    },
    get counters() {
      if (measured !== undefined) counters.bytesOut = measured.bytesOut;
      return counters;
    },
    signal,
    ask(what, inApp, as) {
      asked = { action: what, app: inApp, name: as };
    },
    begin(what, inApp, as, saidToBe) {
      if (ended) return;
      agent ??= saidToBe;
      action = what;
      app = inApp;
      name = as;
      log.info({ ...describe(), userAgent: agent }, `${what} begun`);
      onBegin?.(session);
    },
    measure(outlet) {
      measured = outlet;
    },
    end(reason, detail) {
      if (ended) return;
      ended = true;
      onGone();
      const durationMs = Math.round((scheduler.now() - started) / 1000);
      const fields = { ...describe(), reason, detail, durationMs, ...session.counters };
      const message = action === undefined ? "connection ended" : `${action} ended`;
      if (reason === "internal") log.error(fields, message);
      else log.info(fields, message);
      if (action !== undefined) onEnd?.(session, reason);
    },
  };
  return session;
}

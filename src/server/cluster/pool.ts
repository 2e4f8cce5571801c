import type { Socket } from "node:net";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { ApiToken } from "../api/token.js";
import type { ServerConfig } from "../app.js";
import type { AccessAnswer } from "../contract/access.js";
import type { Logger } from "../contract/logger.js";
import type { EventLogName, EventLogs } from "../events/logs.js";
import { createKernelQueues } from "../net/kernel-queues.js";
import type { ReportEntry } from "../qos/report-batch.js";
import { processOf } from "../session-id.js";
import { mergeSessions, type SessionList, type SessionQuery } from "../session-list.js";
import type { Addresses } from "./addresses.js";
import type { Directory } from "./directory.js";
import type { NamedWorker } from "./fellows.js";
import type { Listing, OwnSessions } from "./link.js";
import type { AskedAccess, Door, LogLevel, ParentAsks, WorkerPost } from "./messages.js";
import { createQueueWatches, type QueueWatches } from "./shared-queues.js";
import { createWaitingConnections } from "./waiting-connections.js";
import { forkWorker, type WorkerProcess } from "./worker-process.js";
import { createWorkerSessions, type SessionListener, type WorkerSessions } from "./worker-sessions.js";

export interface PoolInit extends SessionListener {
  readonly config: ServerConfig;
  readonly size: number;
  readonly doors: readonly Door[];
  readonly authorizes: boolean;
  readonly level: LogLevel | "silent";
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly directory: Directory;
  readonly addresses: Addresses;
  readonly secret: string;
  readonly authorizeFor: (request: AskedAccess, signal: AbortSignal) => Promise<AccessAnswer>;
  readonly listing: () => Listing;
  readonly events: EventLogs;
  readonly token: ApiToken;
  /** The parent's: it fetches the sources that are pulled. */
  readonly own: OwnSessions;
  /** Whether workers count for the metrics. */
  readonly counts: boolean;
}

/** The workers: as many as were asked for, each replaced when it dies. */
export interface Pool {
  /** Settles once all have begun. @throws Error when one could not */
  start(): Promise<void>;
  /** Hands a connection to the worker that has the fewest; it waits, bounded, while there is none. */
  readonly take: (door: Door, socket: Socket) => void;
  /** Asks all; who does not answer is left out. @throws Error when nobody did */
  askAll<K extends "sessions" | "kick" | "gather">(
    name: K,
    request: ParentAsks[K]["request"],
  ): Promise<readonly ParentAsks[K]["answer"][]>;
  /** Those of all workers, and the parent's own. */
  sessions(query: SessionQuery): Promise<SessionList>;
  kick(id: string): Promise<boolean>;
  /** Those that take connections. */
  readonly named: readonly NamedWorker[];
  /** Whether a worker takes connections. */
  readonly ready: boolean;
  /** Settles once all are gone. @param timeoutMs after which they are killed */
  close(timeoutMs: number): Promise<void>;
}

interface Worker {
  /** As in the metrics: a replacement has the next number. */
  readonly name: string;
  readonly process: WorkerProcess;
  /** What the ids of its sessions have in them. */
  readonly number: number;
  readonly sessions: WorkerSessions;
  /** Events that it is told of, each with what ends that. */
  readonly follows: Map<EventLogName, () => void>;
  /** Connections whose queues in the kernel it is told of. */
  readonly queues: QueueWatches;
  readonly startedAt: number;
  /** It takes connections. */
  ready: boolean;
  /** Connections that it was given and that have not closed. */
  connections: number;
}

/** How long the first replacement waits, and at most: a worker that dies at once must not keep a core busy. */
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;
/** A worker that lived this long was well: the next one is started at once again. */
const WELL_MS = 10_000;
/** Idle keep-alive connections count here too; sessions are what `maxConnections` is about. */
const SPARE_CONNECTIONS = 1_000;

export function createPool(init: PoolInit): Pool {
  const { config, scheduler, log, directory, addresses } = init;
  const workers = new Set<Worker>();
  const waiting = createWaitingConnections(scheduler);
  const restarts = new Set<Cancel>();
  const kernelQueues = createKernelQueues(scheduler, {
    onRead() {
      for (const { queues } of workers) queues.flush();
    },
  });
  let restartMs = FIRST_RESTART_MS;
  let forked = 0;
  let closing = false;

  function heard(worker: Worker, post: WorkerPost): void {
    switch (post.kind) {
      case "begin":
      case "end":
      case "drop":
      case "quality":
        worker.sessions.hear(post);
        break;
      case "log":
        log[post.level](post.fields, post.message);
        break;
      case "closed":
        worker.connections -= 1;
        break;
      case "watch-queue":
      case "unwatch-queue":
        worker.queues.take(post);
        break;
      default:
        directory.news(worker.process.participant, post);
    }
  }

  function exited(worker: Worker, how: string): void {
    workers.delete(worker);
    directory.leave(worker.process.participant);
    for (const unfollow of worker.follows.values()) unfollow();
    worker.queues.close();
    worker.sessions.lose();
    if (closing) return;
    const lived = (scheduler.now() - worker.startedAt) / 1000;
    if (lived >= WELL_MS) restartMs = FIRST_RESTART_MS;
    const { pid } = worker.process;
    log.error({ pid, how, connections: worker.connections, restartMs }, "a worker died: another is started");
    const cancel = scheduler.after(restartMs, () => {
      restarts.delete(cancel);
      // Its own end leads to the next attempt.
      begin().catch((error: unknown) => log.error({ err: error }, "a worker could not begin"));
    });
    restarts.add(cancel);
    restartMs = Math.min(2 * restartMs, LAST_RESTART_MS);
  }

  function passOn(entries: readonly ReportEntry[]): void {
    const byNumber = new Map([...workers].map((worker) => [worker.number, worker]));
    for (const [id, report] of entries) byNumber.get(processOf(id) ?? -1)?.process.report(id, report);
  }

  async function begin(): Promise<void> {
    forked += 1;
    // Of processes that live at the same time no two have the same, but by a very odd chance.
    const number = forked % 256;
    const relay = addresses.of(`r${forked}`);
    const process = forkWorker({
      scheduler,
      log,
      relay,
      handlers: {
        authorize: init.authorizeFor,
        async claim(name, signal) {
          const { participant } = worker.process;
          const claim = await directory.claim(participant, name);
          // Nobody waits for it any more.
          if (signal.aborted) directory.news(participant, { kind: "release", claim: claim.id });
          return claim;
        },
        streams: init.listing,
        reports(entries) {
          passOn(entries);
          return undefined;
        },
        sessions: (query) => sessions(query),
        kick: (id) => kick(id),
        follow({ log: name, wanted }) {
          worker.follows.get(name)?.();
          worker.follows.delete(name);
          if (wanted) worker.follows.set(name, process.follow(name, init.events[name]));
          return undefined;
        },
      },
      onPosts: (posts) => {
        for (const post of posts) heard(worker, post);
      },
      onExit: (how) => exited(worker, how),
    });
    const startedAt = scheduler.now();
    const worker: Worker = {
      name: `worker-${number}`,
      process,
      number,
      sessions: createWorkerSessions(directory, init),
      follows: new Map(),
      queues: createQueueWatches(kernelQueues, process.tellQueues),
      startedAt,
      ready: false,
      connections: 0,
    };
    workers.add(worker);
    // From here on it is told of every change: what is so far goes with the first message.
    directory.join(process.participant);
    try {
      await process.start({
        config: {
          ...config,
          maxConnections: Math.ceil(config.maxConnections / init.size),
          // The parent has waited.
          shutdownDelayMs: 0,
        },
        doors: init.doors,
        authorizes: init.authorizes,
        level: init.level,
        relay,
        private: addresses.of(`h${forked}`),
        secret: init.secret,
        process: number,
        owners: directory.owners,
        token: init.token,
        countsAs: init.counts ? `worker-${number}` : undefined,
      });
    } catch (error) {
      await process.close(0);
      throw error;
    }
    if (closing) return;
    worker.ready = true;
    log.info({ pid: process.pid }, "a worker has begun");
    waiting.handOut(take);
  }

  async function askAll<K extends "sessions" | "kick" | "gather">(
    name: K,
    request: ParentAsks[K]["request"],
  ): Promise<readonly ParentAsks[K]["answer"][]> {
    const asked = [...workers].filter(({ ready }) => ready);
    const answers = await Promise.allSettled(asked.map(({ process }) => process.ask(name, request)));
    const given = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    if (given.length === 0 && asked.length > 0) throw new Error(`${name}: no worker gave an answer`);
    return given;
  }

  async function sessions(query: SessionQuery): Promise<SessionList> {
    return mergeSessions([init.own.sessions(query), ...(await askAll("sessions", query))], query.limit);
  }

  async function kick(id: string): Promise<boolean> {
    return init.own.kick(id) || (await askAll("kick", id)).includes(true);
  }

  function take(door: Door, socket: Socket): void {
    let best: Worker | undefined;
    let total = waiting.size;
    for (const worker of workers) {
      total += worker.connections;
      if (worker.ready && (best === undefined || worker.connections < best.connections)) best = worker;
    }
    if (total >= config.maxConnections + SPARE_CONNECTIONS) socket.destroy();
    else if (best === undefined) waiting.add(door, socket);
    else {
      const { process } = best;
      const chosen = best;
      chosen.connections += 1;
      process.hand(door, socket, () => {
        chosen.connections -= 1;
        socket.destroy();
      });
    }
  }

  return {
    async start() {
      await Promise.all(Array.from({ length: init.size }, begin));
    },
    take,
    askAll,
    sessions,
    kick,
    get named() {
      return [...workers].filter(({ ready }) => ready);
    },
    get ready() {
      return [...workers].some(({ ready }) => ready);
    },
    async close(timeoutMs) {
      closing = true;
      kernelQueues.close();
      for (const cancel of restarts) cancel();
      waiting.close();
      await Promise.all([...workers].map(({ process }) => process.close(timeoutMs)));
    },
  };
}

import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Logger } from "../contract/logger.js";
import type { QualityReport } from "../contract/quality.js";
import type { EventLog } from "../events/event-log.js";
import type { EventLogName } from "../events/logs.js";
import type { RecordingProblem } from "../observe/recording.js";
import { createReportBatch } from "../qos/report-batch.js";
import { type Channel, createChannel, type Handlers } from "./channel.js";
import type { Participant } from "./directory.js";
import type {
  Door,
  HandedOver,
  ParentAsks,
  ParentPost,
  RecordAsk,
  SlicesAnswer,
  SlicesAsk,
  WorkerAsks,
  WorkerInit,
  WorkerPost,
} from "./messages.js";
import type { QueueFigures } from "./shared-queues.js";

/** Our own file: never the host application's. */
const ENTRY = new URL("./worker.js", import.meta.url);
/** Loading its modules takes a fraction of a second; a loaded machine may take many. */
const START_MS = 30_000;
const MAKE_WAY_MS = 2_000;
const POSITION_MS = 1_000;
const REPORTS_MS = 2_000;
/** A worker that does not answer is left out of what all are asked. */
const ASK_MS = 1_500;

export interface WorkerProcessInit {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  /** Where its relay is to listen. */
  readonly relay: string;
  readonly handlers: Handlers<WorkerAsks>;
  readonly onPosts: (posts: readonly WorkerPost[]) => void;
  /** Called once, when the process has gone or could not be started. */
  readonly onExit: (how: string) => void;
}

/** One worker as the parent sees it. */
export interface WorkerProcess {
  readonly participant: Participant;
  readonly pid: number | undefined;
  /** @throws Error when it gave no answer */
  ask<K extends "sessions" | "kick" | "gather">(
    name: K,
    request: ParentAsks[K]["request"],
  ): Promise<ParentAsks[K]["answer"]>;
  /** Tells it of all events that are kept, and of each as it comes; of those it may lose some. @returns ends it */
  follow(log: EventLogName, events: EventLog): () => void;
  /** @throws Error when it could not begin */
  start(init: WorkerInit): Promise<void>;
  /** Settles when the file is written. @returns why it is not @throws Error when it gave no answer */
  record(ask: RecordAsk, timeoutMs: number, signal: AbortSignal): Promise<RecordingProblem | undefined>;
  /** @throws Error when it gave no answer */
  slices(ask: SlicesAsk, timeoutMs: number, signal: AbortSignal): Promise<SlicesAnswer>;
  /** Tells it what the kernel holds for connections of its; it may lose some of that. */
  tellQueues(figures: QueueFigures): void;
  /** Gives it a stranger's connection. @param failed called if it did not get there */
  hand(door: Door, socket: Socket, failed: () => void): void;
  /** Has it take a report that came in elsewhere; left out where it has no time for more. */
  report(sessionId: string, report: QualityReport): void;
  /** Has it end its sessions and exit; kills it when it does not in time. Settles once it is gone. Idempotent. */
  close(timeoutMs: number): Promise<void>;
}

export function forkWorker(init: WorkerProcessInit): WorkerProcess {
  const { scheduler, log } = init;
  const child: ChildProcess = fork(ENTRY, [], {
    // The host's own flags (an inspector's port, code to evaluate) are not meant for this file.
    execArgv: [],
    // Keeps Error, Uint8Array and undefined as they are.
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  let closing: Promise<void> | undefined;
  let gone = false;
  let onGone = (): void => {};
  const over = new Promise<void>((resolve) => {
    onGone = resolve;
  });

  function send(message: unknown, handle: Socket | undefined, done: (error: Error | null) => void): void {
    if (!child.connected) {
      done(new Error("the worker has gone"));
      return;
    }
    try {
      child.send(message as object, handle, done);
    } catch (error) {
      log.error({ pid: child.pid, err: error }, "a message to a worker could not be sent");
      done(error as Error);
    }
  }

  const channel: Channel<ParentAsks, ParentPost> = createChannel<
    ParentAsks,
    ParentPost,
    WorkerAsks,
    WorkerPost
  >({
    scheduler,
    send: (message, done) => send(message, undefined, done),
    handlers: init.handlers,
    onPosts: init.onPosts,
  });

  // Those of several processes together, one message under way at a time.
  const reports = createReportBatch({
    scheduler,
    everyMs: 0,
    send: (entries) => channel.ask("reports", entries, REPORTS_MS),
  });

  function end(how: string): void {
    if (gone) return;
    gone = true;
    reports.close();
    channel.close();
    onGone();
    init.onExit(how);
  }

  child.on("message", (message) => channel.receive(message));
  child.on("exit", (code, signal) => end(signal ?? `exit code ${code}`));
  child.on("error", (error) => {
    log.error({ pid: child.pid, err: error }, "a worker failed");
    if (child.pid === undefined) end("not started");
  });

  return {
    participant: {
      relay: init.relay,
      async makeWay(name) {
        await channel.ask("makeWay", name, MAKE_WAY_MS);
      },
      position: (name) => channel.ask("position", name, POSITION_MS),
      tell: (owner) => channel.post({ kind: "owner", owner }),
    },
    get pid() {
      return child.pid;
    },
    ask: (name, request) => channel.ask(name, request, ASK_MS),
    record: (ask, timeoutMs, signal) => channel.ask("record", ask, timeoutMs, signal),
    slices: (ask, timeoutMs, signal) => channel.ask("slices", ask, timeoutMs, signal),
    follow(log, events) {
      channel.post({ kind: "events", log, news: events.news });
      return events.follow((records) => {
        const { boot, last } = events;
        channel.postLossy({ kind: "events", log, news: { boot, before: last - records.length, records } });
      });
    },
    async start(worker) {
      await channel.ask("start", worker, START_MS);
    },
    tellQueues: (figures) => channel.postLossy({ kind: "queues", figures }),
    hand(door, socket, failed) {
      const message: HandedOver = { t: "connection", door };
      send(message, socket, (error) => {
        if (error !== null && error !== undefined) failed();
      });
    },
    report: (sessionId, report) => void reports.add(sessionId, report),
    close(timeoutMs) {
      closing ??= (async () => {
        if (gone) return;
        const cancel = scheduler.after(timeoutMs, () => child.kill("SIGKILL"));
        // It exits once nobody speaks to it any more, whatever it answered.
        await channel.ask("close", undefined, timeoutMs).catch(() => {});
        if (child.connected) child.disconnect();
        await over;
        cancel();
      })();
      return closing;
    },
  };
}

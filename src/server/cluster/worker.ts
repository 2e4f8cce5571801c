import { unlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { setDefaultHighWaterMark } from "node:stream";
import { type App, createApp } from "../app.js";
import type { AccessRequest } from "../contract/access.js";
import { favourEventLoop } from "../favour-event-loop.js";
import { createNodeScheduler } from "../net/node-scheduler.js";
import { SOCKET_HIGH_WATER_MARK } from "../net/tcp-listener.js";
import { snapshot } from "../sessions.js";
import { type Channel, createChannel } from "./channel.js";
import { createForwardingLogger } from "./forwarding-logger.js";
import { createMember, type Member } from "./member.js";
import type { HandedOver, ParentAsks, ParentPost, WorkerAsks, WorkerInit, WorkerPost } from "./messages.js";
import { createAskedQueues } from "./shared-queues.js";
import { createWorkerRecordings } from "./worker-recordings.js";

// The file that a worker process runs. It belongs to its parent: it does what that one says, and ends with it.

const CLAIM_MS = 8_000;
const LISTING_MS = 2_000;
const REPORTS_MS = 2_000;
/** On top of the parent's own time-out: the answer has to come back. */
const AUTHORIZE_SPARE_MS = 1_000;

// A socket that is handed over is made by Node, with Node's own mark: see SOCKET_HIGH_WATER_MARK.
setDefaultHighWaterMark(false, SOCKET_HIGH_WATER_MARK);
favourEventLoop();

const scheduler = createNodeScheduler();
let app: App | undefined;
let member: Member | undefined;
let addresses: readonly string[] = [];

const recordings = createWorkerRecordings(() => app?.instruments, scheduler);

const channel: Channel<WorkerAsks, WorkerPost> = createChannel<
  WorkerAsks,
  WorkerPost,
  ParentAsks,
  ParentPost
>({
  scheduler,
  send(message, done) {
    if (process.connected && process.send !== undefined) process.send(message, undefined, undefined, done);
    else done();
  },
  handlers: {
    async start(init) {
      addresses = [init.relay, init.private];
      app = createWorker(init);
      await app.listen();
      return undefined;
    },
    makeWay(name) {
      member?.makeWay(name);
      return undefined;
    },
    position: (name) => member?.position(name) ?? 0,
    reports(entries) {
      app?.reports.receive(entries);
      return undefined;
    },
    sessions: (query) => app?.inspect.sessions(query) ?? { total: 0, sessions: [] },
    kick: (id) => app?.inspect.kick(id) ?? false,
    gather: (streams) => app?.inspect.gather(streams) ?? [],
    record: (ask, signal) => recordings.record(ask, signal),
    slices: (ask, signal) => recordings.slices(ask, signal),
    async close() {
      await app?.close();
      return undefined;
    },
  },
  onPosts(posts) {
    for (const post of posts) {
      if (post.kind === "owner") member?.heard(post.owner);
      else if (post.kind === "queues") kernelQueues.receive(post.figures);
      else app?.events[post.log].adopt(post.news);
    }
  },
});

const kernelQueues = createAskedQueues((ask) => channel.post(ask));

function createWorker(init: WorkerInit): App {
  const { config, doors } = init;
  return createApp({
    config,
    ports: { http: doors.includes("http"), rtmp: doors.includes("rtmp"), ops: false },
    handedOver: init.private,
    authorize: init.authorizes ? askParent : undefined,
    authorizeTimeoutMs: config.authorizeTimeoutMs + AUTHORIZE_SPARE_MS,
    logger: createForwardingLogger(init.level, (post) => channel.postLossy(post)),
    onBegin(session) {
      channel.post({ kind: "begin", session: snapshot(session) });
    },
    onEnd(session, reason) {
      channel.post({ kind: "end", session: snapshot(session), reason });
    },
    onDrop: (session, drop) => channel.postLossy({ kind: "drop", session: snapshot(session), drop }),
    onQuality: (session, change, from) =>
      channel.post({ kind: "quality", session: snapshot(session), change, from }),
    token: init.token,
    kernelQueues,
    process: init.countsAs,
    link(parts) {
      const own = createMember({
        ...parts,
        relay: () => init.relay,
        secret: init.secret,
        owners: init.owners,
        claim: (name) => channel.ask("claim", name, CLAIM_MS),
        tell: (news) => channel.post(news),
      });
      member = own;
      return {
        ...own,
        listing: () => channel.ask("streams", undefined, LISTING_MS),
        reports: {
          process: init.process,
          passOn: (entries) => channel.ask("reports", entries, REPORTS_MS),
        },
        sessions: (query) => channel.ask("sessions", query, LISTING_MS),
        kick: (id) => channel.ask("kick", id, LISTING_MS),
        follow: (log, wanted) => channel.ask("follow", { log, wanted }, LISTING_MS),
        // It is the parent that is asked.
        gather: async () => [],
        ready: true,
        async listen() {
          await own.listen();
          return [];
        },
      };
    },
  });
  function askParent({ query, signal, ...asked }: AccessRequest) {
    const request = { ...asked, headers: { ...asked.headers }, query: query.toString() };
    return channel.ask("authorize", request, config.authorizeTimeoutMs + AUTHORIZE_SPARE_MS, signal);
  }
}

function take({ door }: HandedOver, socket: Socket | undefined): void {
  // It closed on its way here.
  if (socket === undefined) {
    channel.post({ kind: "closed" });
    return;
  }
  socket.once("close", () => channel.post({ kind: "closed" }));
  if (app === undefined) socket.destroy();
  else app.adopt(door, socket);
}

process.on("message", (message: { readonly t?: unknown }, handle: unknown) => {
  if (message.t === "connection") take(message as HandedOver, handle as Socket | undefined);
  else channel.receive(message);
});
// The parent has gone, or has said all that it had to say.
process.once("disconnect", () => {
  for (const address of addresses) {
    try {
      unlinkSync(address);
    } catch {
      // It was removed before: by its server's close, or with the directory.
    }
  }
  process.exit();
});
// A terminal sends these to every process of its group: when to stop is the parent's to say.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

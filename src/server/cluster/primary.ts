import { randomBytes } from "node:crypto";
import type { ServerConfig } from "../app.js";
import type { AccessRequest } from "../contract/access.js";
import type { Endpoint } from "../contract/protocol.js";
import type { StreamInfo } from "../stream-info.js";
import { type Addresses, createAddresses } from "./addresses.js";
import { createDirectory, type DirectoryListener, type Participant } from "./directory.js";
import { createDoors, type Doors } from "./doors.js";
import { createFellows } from "./fellows.js";
import type { Link, LinkInit } from "./link.js";
import { createMember, type Member } from "./member.js";
import type { AskedAccess, Door, LogLevel } from "./messages.js";
import { createPool, type Pool } from "./pool.js";
import type { SessionListener } from "./worker-sessions.js";

export interface PrimaryInit extends LinkInit, SessionListener {
  readonly config: ServerConfig;
  readonly workers: number;
  readonly doors: readonly Door[];
  readonly authorizes: boolean;
  readonly level: LogLevel | "silent";
  readonly streams: DirectoryListener;
  /** Whether somebody asks what is counted. */
  readonly counts: boolean;
}

/**
 * The parent of several processes that are one server. It opens the ports, hands out the connections, and knows who
 * has which stream; it carries no viewer's bytes. What its own code publishes and reads, it relays like any other.
 */
export interface Primary extends Link {
  readonly streams: readonly StreamInfo[];
}

/** On top of what viewers get at shutdown: time for a worker's own ending. */
const EXIT_MS = 2_000;

export function createPrimary(init: PrimaryInit): Primary {
  const { config, scheduler, log, probe } = init;
  const directory = createDirectory(init.streams, scheduler);
  const secret = randomBytes(32).toString("base64url");
  let parts: { readonly addresses: Addresses; readonly pool: Pool; readonly doors: Doors } | undefined;
  let rtmpPort: number | undefined;
  let closing: Promise<void> | undefined;

  /** Where the parent's own relay listens; known once `listen` has made a place for it. */
  let relay = "";
  const member: Member = createMember({
    scheduler,
    log,
    probe,
    relay: () => relay,
    secret,
    owners: [],
    claim: (name) => directory.claim(local, name),
    tell: (news) => directory.news(local, news),
  });
  const local: Participant = {
    get relay() {
      return relay;
    },
    makeWay: async (name) => member.makeWay(name),
    position: async (name) => member.position(name),
    tell: (owner) => member.heard(owner),
  };
  directory.join(local);

  async function authorize({ query, ...asked }: AskedAccess, signal: AbortSignal) {
    const request: AccessRequest = { ...asked, query: new URLSearchParams(query), signal };
    const verdict = await init.authorize(request);
    return verdict.allowed ? { allow: true } : { allow: false, reason: verdict.reason };
  }

  async function listen(): Promise<readonly Endpoint[]> {
    const addresses = await createAddresses();
    relay = addresses.of("p");
    const pool = createPool({
      ...init,
      size: init.workers,
      directory,
      addresses,
      secret,
      authorizeFor: authorize,
      listing: () => ({ streams: directory.streams, rtmpPort }),
    });
    const doors = createDoors(config, init.doors, log, pool.take);
    parts = { addresses, pool, doors };
    await member.listen();
    await pool.start();
    const endpoints = await doors.listen();
    rtmpPort = endpoints.find(({ protocol }) => protocol === "rtmp")?.port;
    return endpoints;
  }

  return {
    elsewhere: member.elsewhere,
    bind: member.bind,
    publish: member.publish,
    listing: async () => ({ streams: directory.streams, rtmpPort }),
    sessions: async (query) => parts?.pool.sessions(query) ?? { total: 0, sessions: [] },
    kick: async (id) => parts?.pool.kick(id) ?? false,
    fellows: createFellows(() => parts?.pool.named ?? [], log),
    gather: async (streams) => parts?.pool.askAll("gather", streams) ?? [],
    get ready() {
      return parts?.pool.ready === true;
    },
    listen,
    get streams() {
      return directory.streams;
    },
    close() {
      closing ??= (async () => {
        parts?.doors.close();
        await parts?.pool.close(config.shutdownTimeoutMs + EXIT_MS);
        await member.close();
        directory.close();
        await parts?.addresses.release();
      })();
      return closing;
    },
  };
}

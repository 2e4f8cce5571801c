import type { Socket } from "node:net";
import type { Hub } from "../../hub/hub.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Drop } from "../../hub/sink.js";
import type { WorkProbe } from "../../hub/work.js";
import type { AccessRequest } from "./access.js";
import type { Exchange, Talk } from "./exchange.js";
import type { KernelQueues } from "./kernel-queues.js";
import type { Ladder, Mover } from "./ladder.js";
import type { Logger } from "./logger.js";
import type { Session, SessionInfo, SessionInit, SessionReason } from "./session.js";
import type { Viewers } from "./viewers.js";

/** The outcome of an access check. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** What every protocol is handed. */
export interface ProtocolContext {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly kernelQueues: KernelQueues;
  readonly viewers: Viewers;
  /** Where to say what is being worked at: see `worked` in hub/work.ts. */
  readonly probe: WorkProbe;
  /** Undefined where streams have no renditions. */
  readonly ladder?: Ladder | undefined;
  /** Undefined where viewers are left where they are. */
  readonly mover?: Mover | undefined;
  /** Opens the record of a connection; undefined when the server is full or closing: refuse the peer. */
  openSession(init: SessionInit): Session | undefined;
  /** Told what a viewer did not get, at most once a second for each. */
  readonly onDrop?: ((session: SessionInfo, drop: Drop) => void) | undefined;
  /** Takes a name for a publisher, also from other processes where there are any. @throws Refused `busy` or `closed` */
  publish(name: string, init: PublisherInit): Promise<Publisher>;
  /** What to make of a viewer's connection that carries texts too: its player reports on it. */
  talk(session: Session): Talk;
  /** Asks the operator's `authorize`. Never throws; late and failing answers are refusals. */
  authorize(request: AccessRequest): Promise<Verdict>;
}

/** Where a protocol can be reached. */
export interface Endpoint {
  /** `rtmp`, `http` or `ops`. */
  readonly protocol: string;
  /** The address that is listened on, such as `::`. */
  readonly host: string;
  /** The port, also where 0 asked for a free one. */
  readonly port: number;
}

/** A protocol as the composition root sees it. */
export interface Protocol {
  readonly name: string;
  /** Opens its own listeners, where it has any. @throws what the listen call failed with, such as EADDRINUSE */
  listen?(): Promise<readonly Endpoint[]>;
  /** Takes a connection that came in on a listener elsewhere, in place of its own. */
  adopt?(socket: Socket): void;
  /** Takes an exchange whose path is its own; false leaves it to others. */
  http?(exchange: Exchange): boolean;
  /** Stops listening and ends its sessions; settles when all is released. Idempotent. */
  close(reason: SessionReason): Promise<void>;
}

import type { Elsewhere, Hub } from "../../hub/hub.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { WorkProbe } from "../../hub/work.js";
import type { ApiToken } from "../api/token.js";
import type { AccessRequest } from "../contract/access.js";
import type { Logger } from "../contract/logger.js";
import type { Endpoint, Verdict } from "../contract/protocol.js";
import type { EventLogName, EventLogs } from "../events/logs.js";
import type { Family } from "../observe/family.js";
import type { Fellows } from "../observe/fellows.js";
import type { ReportEntry } from "../qos/report-batch.js";
import type { SessionList, SessionQuery } from "../session-list.js";
import type { StreamInfo } from "../stream-info.js";

/** What is live, for the page that lists it. */
export interface Listing {
  readonly streams: readonly StreamInfo[];
  readonly rtmpPort: number | undefined;
}

/** What a process of several has to do with the others: a server that is alone has no link. */
export interface Link {
  readonly elsewhere: Elsewhere;
  /** Tells the others what becomes of this hub's streams: once, before anything is published. */
  bind(hub: Hub): void;
  /** Publishes here, once no other process does. @throws Refused */
  publish(name: string, init: PublisherInit): Promise<Publisher>;
  /** The streams of all processes. @throws Error when nobody answered */
  listing(): Promise<Listing>;
  /** Of a process that serves viewers: whose players' reports may come to another one. */
  readonly reports?: {
    /** Which process it is, as the ids of its sessions have it. */
    readonly process: number;
    /** Has the others take what is theirs. */
    passOn(entries: readonly ReportEntry[]): Promise<unknown>;
  };
  /** The connections of all processes. @throws Error when nobody answered */
  sessions(query: SessionQuery): Promise<SessionList>;
  /** Ends a connection, wherever it is. False where there is none of this id. @throws Error when nobody answered */
  kick(id: string): Promise<boolean>;
  /** What the processes below this one have counted. @param streams which are told of one by one */
  gather(streams: readonly string[]): Promise<readonly (readonly Family[])[]>;
  /** Has the events told that another process knows, from the oldest that are kept on. Absent in the one that knows them. */
  follow?(log: EventLogName, wanted: boolean): Promise<void>;
  /** Whether somebody serves connections. */
  readonly ready: boolean;
  /** The instruments of the others, in the process that speaks for all. */
  readonly fellows?: Fellows;
  /** @throws what a listen call failed with @returns where strangers reach it */
  listen(): Promise<readonly Endpoint[]>;
  close(): Promise<void>;
}

/** The connections of one process. */
export interface OwnSessions {
  sessions(query: SessionQuery): SessionList;
  /** False where there is none of this id. */
  kick(id: string): boolean;
}

/** What a link is made with. */
export interface LinkInit {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly events: EventLogs;
  readonly token: ApiToken;
  readonly probe: WorkProbe;
  /** This process's own connections. */
  readonly own: OwnSessions;
  /** Asks this process's `authorize`. */
  authorize(request: AccessRequest): Promise<Verdict>;
}

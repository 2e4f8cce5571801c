import type { Drop } from "../../hub/sink.js";
import type { ApiToken } from "../api/token.js";
import type { ServerConfig } from "../app.js";
import type { AccessAnswer, AccessRequest } from "../contract/access.js";
import type { QualityChange, SessionInfo, SessionReason } from "../contract/session.js";
import type { EventNews } from "../events/event-log.js";
import type { EventLogName } from "../events/logs.js";
import type { Family } from "../observe/family.js";
import type { LiveSlice } from "../observe/live-slice.js";
import type { QosRequest, RecordingProblem, RecordingRequest } from "../observe/recording.js";
import type { ReportEntry } from "../qos/report-batch.js";
import type { SessionList, SessionQuery } from "../session-list.js";
import type { StreamInfo } from "../stream-info.js";
import type { Listing } from "./link.js";
import type { QueueAsk, QueueFigures } from "./shared-queues.js";

/** The right to publish a name, for the one who asked. */
export interface Claim {
  readonly id: number;
  /** The timeline goes on after this, microseconds: the furthest that readers in any process are. */
  readonly position: number;
}

/** What strangers' connections come in by. */
export type Door = "http" | "rtmp";

/** Says by which door the connection came that is handed over with it. */
export interface HandedOver {
  readonly t: "connection";
  readonly door: Door;
}

/** What an AccessRequest becomes between processes. */
export interface AskedAccess extends Omit<AccessRequest, "query" | "signal"> {
  readonly query: string;
}

/** Where a stream is published: the address of the relay there, and what its Publisher has as its origin. */
export type Owner = readonly [name: string, relay: string | undefined, origin?: string | undefined];

/** All that a worker needs to know to begin. */
export interface WorkerInit {
  readonly config: ServerConfig;
  readonly doors: readonly Door[];
  /** Whether the operator has an `authorize`: without one nobody need be asked. */
  readonly authorizes: boolean;
  /** The log's lowest level that somebody reads. */
  readonly level: LogLevel | "silent";
  /** Where its relay listens, and where its HTTP server does for itself alone. */
  readonly relay: string;
  readonly private: string;
  /** What the relays know each other by. */
  readonly secret: string;
  /** Goes into the ids of its sessions. */
  readonly process: number;
  readonly owners: readonly Owner[];
  readonly token: ApiToken;
  /** What it is called in metrics; undefined where nobody counts. */
  readonly countsAs: string | undefined;
}

/** What a worker asks the parent. */
export type WorkerAsks = {
  authorize: { request: AskedAccess; answer: AccessAnswer };
  claim: { request: string; answer: Claim };
  streams: { request: undefined; answer: Listing };
  /** To pass these on to the processes that have the sessions. */
  reports: { request: readonly ReportEntry[]; answer: undefined };
  sessions: { request: SessionQuery; answer: SessionList };
  kick: { request: string; answer: boolean };
  /** From here on it is told of events, or no more. Those so far have been told before the answer. */
  follow: { request: { readonly log: EventLogName; readonly wanted: boolean }; answer: undefined };
};

/** What a worker is to record, and into which file. */
export interface RecordAsk {
  readonly request: RecordingRequest | QosRequest;
  readonly file: string;
}

/** Samples as they are taken, for one reader, whose first question begins it and whose silence ends it. */
export interface SlicesAsk {
  readonly reader: string;
  readonly periodMicros: number;
}

export interface SlicesAnswer {
  readonly slices: readonly LiveSlice[];
  /** Nothing follows. */
  readonly over: boolean;
}

/** What the parent asks a worker. */
export type ParentAsks = {
  start: { request: WorkerInit; answer: undefined };
  /** To end its publisher of this name. */
  makeWay: { request: string; answer: undefined };
  position: { request: string; answer: number };
  /** To take what came in at other processes. */
  reports: { request: readonly ReportEntry[]; answer: undefined };
  /** The same as a worker asks, about its own. */
  sessions: { request: SessionQuery; answer: SessionList };
  kick: { request: string; answer: boolean };
  /** What it has counted, with these streams one by one. */
  gather: { request: readonly string[]; answer: readonly Family[] };
  record: { request: RecordAsk; answer: RecordingProblem | undefined };
  slices: { request: SlicesAsk; answer: SlicesAnswer };
  close: { request: undefined; answer: undefined };
};

/** What has become of a stream that is published here. */
export type StreamNews =
  | {
      readonly kind: "publish";
      readonly stream: StreamInfo;
      readonly claim: number;
      readonly origin?: string | undefined;
    }
  | { readonly kind: "tracks"; readonly stream: StreamInfo }
  | {
      readonly kind: "unpublish";
      readonly stream: StreamInfo;
      readonly claim: number;
      readonly reason: string;
    }
  /** Nothing was published. */
  | { readonly kind: "release"; readonly claim: number }
  /** More packets and payload bytes that were taken in, and how long the last group of pictures was. */
  | {
      readonly kind: "taken";
      readonly name: string;
      readonly packets: number;
      readonly bytes: number;
      readonly gopMs: number | undefined;
    };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** What becomes of a worker's publishers and viewers. */
export type SessionPost =
  /** It was let in, and has gone. */
  | { readonly kind: "begin"; readonly session: SessionInfo }
  | { readonly kind: "end"; readonly session: SessionInfo; readonly reason: SessionReason }
  | { readonly kind: "drop"; readonly session: SessionInfo; readonly drop: Drop }
  /** A viewer has another rendition: the session is as it is now. */
  | {
      readonly kind: "quality";
      readonly session: SessionInfo;
      readonly change: QualityChange;
      readonly from: string;
    };

/** What a worker tells the parent. */
export type WorkerPost =
  | StreamNews
  | SessionPost
  | QueueAsk
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly fields: object;
      readonly message: string;
    }
  /** A connection that was handed over has closed. */
  | { readonly kind: "closed" };

/** What the parent tells the workers. */
export type ParentPost =
  /** Where a stream is published now. */
  | { readonly kind: "owner"; readonly owner: Owner }
  /** What happens, to who follows. */
  | { readonly kind: "events"; readonly log: EventLogName; readonly news: EventNews }
  /** What the kernel holds for connections that are watched. */
  | { readonly kind: "queues"; readonly figures: QueueFigures };

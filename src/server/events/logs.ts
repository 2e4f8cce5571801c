import { EventLog } from "./event-log.js";

/** Both logs: for who has a token, and for everybody. */
export interface EventLogs {
  readonly admin: EventLog;
  readonly visible: EventLog;
}

/** Which of them. */
export type EventLogName = keyof EventLogs;

/** @param boot names this run of the server */
export function createEventLogs(boot: string): EventLogs {
  return { admin: new EventLog(boot), visible: new EventLog(boot) };
}

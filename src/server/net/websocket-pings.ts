import type { WebSocket } from "ws";
import type { Scheduler } from "../../hub/scheduler.js";

const PING_MS = 20_000;
/** The connections are pinged in so many turns: all at once would hold up the media for as long as that takes. */
const TURNS = 20;

interface Peer {
  readonly socket: WebSocket;
  readonly lost: () => void;
  /** Since its last answer. */
  pings: number;
  /** When the last one was sent, the scheduler's clock, microseconds. */
  pingedAt: number;
  rttMs: number | undefined;
}

/** Who is pinged. */
export interface PingedPeer {
  /** From the last ping to its answer, milliseconds; undefined before the first. */
  readonly rttMs: number | undefined;
}

/** Finds out who has gone without a word. */
export interface WebSocketPings {
  /** Pings a peer every 20 s until its connection closes. @param lost called when two pings in a row went unanswered @returns how long it takes */
  add(socket: WebSocket, lost: () => void): PingedPeer;
  close(): void;
}

/** One timer for all connections. */
export function createWebSocketPings(scheduler: Scheduler): WebSocketPings {
  const turns = Array.from({ length: TURNS }, () => new Set<Peer>());
  let turn = 0;
  let added = 0;
  const cancel = scheduler.every(PING_MS / TURNS, () => {
    turn = (turn + 1) % TURNS;
    for (const peer of turns[turn] ?? []) {
      if (peer.pings >= 2) peer.lost();
      else {
        peer.pings += 1;
        peer.pingedAt = scheduler.now();
        peer.socket.ping();
      }
    }
  });
  return {
    add(socket, lost) {
      const peer: Peer = { socket, lost, pings: 0, pingedAt: 0, rttMs: undefined };
      const peers = turns[added % TURNS];
      added += 1;
      peers?.add(peer);
      socket.on("pong", () => {
        if (peer.pings === 1) peer.rttMs = (scheduler.now() - peer.pingedAt) / 1000;
        peer.pings = 0;
      });
      socket.on("close", () => peers?.delete(peer));
      return peer;
    },
    close: cancel,
  };
}

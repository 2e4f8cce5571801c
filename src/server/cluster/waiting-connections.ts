import type { Socket } from "node:net";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { Door } from "./messages.js";

/** More than these are closed as they come, and who waits longer is. */
const MAX_WAITING = 1_000;
const WAITING_MS = 10_000;

/** Connections that came while there was no worker to take them. */
export interface WaitingConnections {
  readonly size: number;
  add(door: Door, socket: Socket): void;
  /** There is a worker again: gives all of them away. */
  handOut(take: (door: Door, socket: Socket) => void): void;
  /** Closes them, and whatever comes later. Idempotent. */
  close(): void;
}

export function createWaitingConnections(scheduler: Scheduler): WaitingConnections {
  const waiting = new Map<Socket, { readonly door: Door; readonly cancel: Cancel }>();
  let closed = false;

  function takeOut(): readonly { readonly door: Door; readonly socket: Socket }[] {
    const all = [...waiting].map(([socket, { door, cancel }]) => {
      cancel();
      return { door, socket };
    });
    waiting.clear();
    return all;
  }

  return {
    get size() {
      return waiting.size;
    },
    add(door, socket) {
      if (closed || waiting.size >= MAX_WAITING) {
        socket.destroy();
        return;
      }
      const cancel = scheduler.after(WAITING_MS, () => {
        waiting.delete(socket);
        socket.destroy();
      });
      waiting.set(socket, { door, cancel });
    },
    handOut(take) {
      for (const { door, socket } of takeOut()) take(door, socket);
    },
    close() {
      closed = true;
      for (const { socket } of takeOut()) socket.destroy();
    },
  };
}

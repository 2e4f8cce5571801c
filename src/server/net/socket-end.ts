import type { Socket } from "node:net";

/** What wants to know about one socket's end: requests may queue on a connection in any number. */
interface Watchers {
  readonly onClose: Set<() => void>;
  readonly onEnd: Set<() => void>;
}

const watched = new WeakMap<Socket, Watchers>();

/**
 * Calls `onEnd` when the peer has sent its FIN and `onClose` when the connection has closed, with one listener on the
 * socket however many ask.
 *
 * @returns stops it
 */
export function watchSocketEnd(socket: Socket, onEnd: () => void, onClose: () => void): () => void {
  const watchers = watched.get(socket) ?? watch(socket);
  watchers.onEnd.add(onEnd);
  watchers.onClose.add(onClose);
  return () => {
    watchers.onEnd.delete(onEnd);
    watchers.onClose.delete(onClose);
    if (watchers.onClose.size === 0) unwatch(socket);
  };
}

function watch(socket: Socket): Watchers {
  const watchers: Watchers = { onClose: new Set(), onEnd: new Set() };
  watched.set(socket, watchers);
  socket.on("end", tellEnd);
  socket.on("close", tellClose);
  return watchers;
}

function unwatch(socket: Socket): void {
  watched.delete(socket);
  socket.off("end", tellEnd);
  socket.off("close", tellClose);
}

function tellEnd(this: Socket): void {
  for (const tell of [...(watched.get(this)?.onEnd ?? [])]) tell();
}

function tellClose(this: Socket): void {
  for (const tell of [...(watched.get(this)?.onClose ?? [])]) tell();
}

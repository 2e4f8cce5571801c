import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * More than this is never handed to a socket that has not taken in what it was given: what waits in here waits in the
 * hub's shared ring instead, where it can be skipped and is in memory once.
 */
const MAX_PENDING_BYTES = 64 * 1024;

/** The one writer to sockets: takes shared, already framed bytes, and says when it has enough. */
export interface SocketWriter {
  /** Writes, or says `busy` and writes nothing; then what `onDrain` was given is called once it can again. */
  accept(bytes: Uint8Array): "ok" | "busy";
  /** Writes whatever is pending: for a protocol's own small messages. */
  write(bytes: Uint8Array): void;
  onDrain(resume: () => void): void;
  /** Forgets what `onDrain` was given. The socket stays as it is. */
  release(): void;
  /** Bytes handed to the socket so far. */
  readonly bytesOut: number;
}

/** A writer over `net.Socket` and `tls.TLSSocket` alike. It never ends or destroys the socket: that is the owner's. */
export function createSocketWriter(socket: Duplex): SocketWriter {
  // Node promises `drain` only to who filled the socket to its own mark, which on a foreign server may be higher.
  const bound = Math.max(MAX_PENDING_BYTES, socket.writableHighWaterMark);
  let bytesOut = 0;
  let waiting = false;
  let resume: (() => void) | undefined;
  const onDrain = (): void => {
    if (!waiting) return;
    waiting = false;
    resume?.();
  };
  socket.on("drain", onDrain);
  return {
    accept(bytes) {
      if (socket.writableLength >= bound || !socket.writable) {
        waiting = true;
        return "busy";
      }
      bytesOut += bytes.length;
      socket.write(bytes);
      return "ok";
    },
    write(bytes) {
      if (!socket.writable) return;
      bytesOut += bytes.length;
      socket.write(bytes);
    },
    onDrain(callback) {
      resume = callback;
    },
    release() {
      resume = undefined;
      socket.off("drain", onDrain);
    },
    get bytesOut() {
      return bytesOut;
    },
  };
}

/**
 * Ends a connection without waiting for its peer. Reset, because the kernel would else go on offering it up to
 * megabytes that it has been given already.
 */
export function cutOff(socket: Socket): void {
  // While its FIN is being sent, Node cannot reset a socket: it would keep the handle and never say `close`.
  const ending = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if ("encrypted" in socket || ending) socket.destroy();
  else socket.resetAndDestroy();
}

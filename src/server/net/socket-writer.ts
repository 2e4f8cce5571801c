import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * More than this is never handed to a socket that has not taken in what it was given: what waits in here waits in the
 * hub's shared ring instead, where it can be skipped and is in memory once.
 */
const MAX_PENDING_BYTES = 64 * 1024;

/**
 * The one writer to sockets, `net.Socket` and `tls.TLSSocket` alike: takes shared, already framed bytes, and says when it
 * has enough. It never ends or destroys the socket: that is the owner's.
 *
 * A class, and so are those who call it for every viewer and batch: what is reached through closures lies in more
 * places, and with thousands of viewers each of those is a miss in the processor's cache.
 */
export class SocketWriter {
  readonly #socket: Duplex;
  /** Node promises `drain` only to who filled the socket to its own mark, which on a foreign server may be higher. */
  readonly #bound: number;
  readonly #onDrain: () => void;
  #bytesOut = 0;
  #waiting = false;
  #resume: (() => void) | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#bound = Math.max(MAX_PENDING_BYTES, socket.writableHighWaterMark);
    this.#onDrain = () => {
      if (!this.#waiting) return;
      this.#waiting = false;
      this.#resume?.();
    };
    socket.on("drain", this.#onDrain);
  }

  /** Bytes handed to the socket so far. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** Writes, or says `busy` and writes nothing; then what `onDrain` was given is called once it can again. */
  accept(bytes: Uint8Array): "ok" | "busy" {
    const socket = this.#socket;
    if (socket.writableLength >= this.#bound || !socket.writable) {
      this.#waiting = true;
      return "busy";
    }
    this.#bytesOut += bytes.length;
    socket.write(bytes);
    return "ok";
  }

  /** Writes whatever is pending: for a protocol's own small messages. */
  write(bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#bytesOut += bytes.length;
    this.#socket.write(bytes);
  }

  onDrain(resume: () => void): void {
    this.#resume = resume;
  }

  /** Forgets what `onDrain` was given. The socket stays as it is. */
  release(): void {
    this.#resume = undefined;
    this.#socket.off("drain", this.#onDrain);
  }
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

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Batch, Framing } from "../../hub/batch.js";
import type { Outlet } from "../contract/exchange.js";
import type { TcpConnection } from "../contract/kernel-queues.js";

/**
 * More than this is never handed to a socket that has not taken in what it was given: what waits in here waits in the
 * hub's shared ring instead, where it can be skipped and is in memory once.
 */
const MAX_PENDING_BYTES = 64 * 1024;
/**
 * But what a viewer begins with, up to this, goes out at once: it is in the ring for all anyway, and each further step
 * would have to wait for the socket, in a turn of its own.
 */
const MAX_FIRST_BYTES = 512 * 1024;

/** What a writer leaves to its connection's owner. */
export interface WriterOwner {
  /** How the connection carries a batch. */
  readonly framing: Framing;
  /** What has a closing handshake before its socket's end, as a WebSocket has: batches pass while it is open. */
  readonly session?: { readonly readyState: number; readonly OPEN: number };
  /** Who asks the peer for its round trip, where anybody does. */
  readonly pinged?: { readonly rttMs: number | undefined };
  end(code: "done" | "going-away" | "try-again"): void;
  destroy(): void;
}

/**
 * The one writer to sockets, `net.Socket` and `tls.TLSSocket` alike: takes shared, already framed bytes, and says when it
 * has enough.
 *
 * A class, and all in one object, because this is what a viewer costs: what a batch passes through on its way lies
 * somewhere else for each of thousands of viewers, and every object more is one more miss in the processor's cache.
 */
export class SocketWriter implements Outlet {
  readonly #socket: Duplex;
  readonly #framing: Framing;
  readonly #session: WriterOwner["session"];
  /** Node promises `drain` only to who filled the socket to its own mark, which on a foreign server may be higher. */
  readonly #bound: number;
  /** The bound that holds now. */
  #limit: number;
  #begun = false;
  #bytesOut = 0;
  #waiting = false;
  #resume: (() => void) | undefined;
  readonly #owner: WriterOwner;
  readonly #onDrain: () => void;

  constructor(socket: Duplex, owner: WriterOwner) {
    this.#socket = socket;
    this.#framing = owner.framing;
    this.#session = owner.session;
    this.#bound = Math.max(MAX_PENDING_BYTES, socket.writableHighWaterMark);
    this.#limit = this.#bound;
    this.#owner = owner;
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

  get rttMs(): number | undefined {
    return this.#owner.pinged?.rttMs;
  }

  get connection(): TcpConnection | undefined {
    if (!(this.#socket instanceof Socket)) return undefined;
    const { localAddress, localPort, remoteAddress, remotePort } = this.#socket;
    if (localAddress === undefined || localPort === undefined) return undefined;
    if (remoteAddress === undefined || remotePort === undefined) return undefined;
    return { localAddress, localPort, remoteAddress, remotePort };
  }

  accept(batch: Batch): "ok" | "busy" {
    const session = this.#session;
    if (session !== undefined && session.readyState !== session.OPEN) return "busy";
    return this.acceptBytes(batch.framed(this.#framing));
  }

  /** Writes, or says `busy` and writes nothing; then what `onDrain` was given is called once it can again. */
  acceptBytes(bytes: Uint8Array): "ok" | "busy" {
    const socket = this.#socket;
    if (socket.writableLength >= this.#limit || !socket.writable) {
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

  cork(): void {
    if (!this.#begun) this.#limit = Math.max(MAX_FIRST_BYTES, this.#bound);
    this.#begun = true;
    this.#socket.cork();
  }

  uncork(): void {
    this.#limit = this.#bound;
    this.#socket.uncork();
  }

  onDrain(resume: () => void): void {
    this.#resume = resume;
  }

  end(code: "done" | "going-away" | "try-again"): void {
    this.release();
    this.#owner.end(code);
  }

  destroy(): void {
    this.release();
    this.#owner.destroy();
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

import type { Duplex } from "node:stream";
import type { Batch, Framing } from "../../hub/batch.js";
import type { Outlet } from "../contract/exchange.js";
import { SocketWriter } from "./socket-writer.js";

/** The end of a body, as its connection's owner brings it about. */
export interface OutletEnd {
  end(code: "done" | "going-away" | "try-again"): void;
  destroy(): void;
}

/** What has a closing handshake before its socket's end, as a WebSocket: batches pass while it is open. */
export interface Closable {
  readonly readyState: number;
  readonly OPEN: number;
}

/** Batches straight to a socket, in one transport's framing: all that a viewer costs goes through here. */
export class SocketOutlet implements Outlet {
  readonly #writer: SocketWriter;
  readonly #framing: Framing;
  readonly #owner: OutletEnd;
  readonly #session: Closable | undefined;

  constructor(socket: Duplex, framing: Framing, owner: OutletEnd, session?: Closable) {
    this.#writer = new SocketWriter(socket);
    this.#framing = framing;
    this.#owner = owner;
    this.#session = session;
  }

  get bytesOut(): number {
    return this.#writer.bytesOut;
  }

  accept(batch: Batch): "ok" | "busy" {
    const session = this.#session;
    if (session !== undefined && session.readyState !== session.OPEN) return "busy";
    return this.#writer.accept(batch.framed(this.#framing));
  }

  onDrain(resume: () => void): void {
    this.#writer.onDrain(resume);
  }

  end(code: "done" | "going-away" | "try-again"): void {
    this.#writer.release();
    this.#owner.end(code);
  }

  destroy(): void {
    this.#writer.release();
    this.#owner.destroy();
  }
}

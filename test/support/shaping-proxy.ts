import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What a network does to what passes through; everything defaults to nothing. */
export interface NetworkShape {
  /** Added to everything, in each direction, milliseconds. */
  readonly delayMs?: number;
  /** Up to so much more, by chance, milliseconds; what follows waits: TCP keeps the order. */
  readonly jitterMs?: number;
  /** Towards the client. */
  readonly bytesPerSecond?: number;
  /** Nothing passes for so long, so often on average: what TCP makes of a loss. Milliseconds. */
  readonly stalls?: { readonly everyMs: number; readonly minMs: number; readonly maxMs: number };
}

export interface ShapingProxy {
  readonly port: number;
  /** From now on. */
  shape(shape: NetworkShape): void;
  /** Nothing passes in either direction until `restore`; nothing is lost, as TCP sends it again. */
  cut(): void;
  restore(): void;
  /** Breaks all connections off. */
  reset(): void;
  close(): Promise<void>;
}

/** A direction that holds more than this reads no more. */
const MAX_HELD = 1024 * 1024;
/** Pieces this large at most, so that a rate is even. */
const PIECE = 16 * 1024;

/** A TCP proxy on loopback that stands in for a bad network. The same seed makes the same network. */
export async function startShapingProxy(
  target: number,
  seed: number,
  shape: NetworkShape = {},
): Promise<ShapingProxy> {
  const random = mulberry(seed);
  const sockets = new Set<Socket>();
  const directions = new Set<Direction>();
  let now = shape;
  let isCut = false;
  let stalledUntil = 0;
  let stallTimer: NodeJS.Timeout | undefined;

  const network: Network = {
    random,
    shape: () => now,
    openAt: () => (isCut ? Number.POSITIVE_INFINITY : stalledUntil),
  };

  const server = createServer({ allowHalfOpen: false, noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair = [
      new Direction(client, upstream, network, false),
      new Direction(upstream, client, network, true),
    ];
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
        for (const direction of pair) {
          direction.close();
          directions.delete(direction);
        }
      });
    }
    for (const direction of pair) directions.add(direction);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function scheduleStall(): void {
    clearTimeout(stallTimer);
    const { stalls } = now;
    if (stalls === undefined) return;
    // Times between independent events are exponential.
    stallTimer = setTimeout(
      () => {
        const length = stalls.minMs + random() * (stalls.maxMs - stalls.minMs);
        stalledUntil = performance.now() + length;
        scheduleStall();
      },
      -Math.log(1 - random()) * stalls.everyMs,
    );
  }
  scheduleStall();

  return {
    port: (server.address() as AddressInfo).port,
    shape(next) {
      now = next;
      scheduleStall();
    },
    cut() {
      isCut = true;
    },
    restore() {
      isCut = false;
      for (const direction of directions) direction.pass();
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      clearTimeout(stallTimer);
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

interface Network {
  random(): number;
  shape(): NetworkShape;
  /** Nothing passes before. */
  openAt(): number;
}

/** One way of one connection. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #network: Network;
  readonly #capped: boolean;
  readonly #held: { readonly due: number; readonly bytes: Buffer }[] = [];
  #size = 0;
  #lastDue = 0;
  /** When the line is free again, by the rate. */
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, network: Network, capped: boolean) {
    this.#from = from;
    this.#to = to;
    this.#network = network;
    this.#capped = capped;
    from.on("data", (bytes: Buffer) => this.#take(bytes));
    from.on("end", () => this.#arm());
    to.on("drain", () => this.pass());
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  /** Hands on what is due. */
  pass(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { bytesPerSecond } = this.#network.shape();
    while (this.#held[0] !== undefined && !this.#to.destroyed && !this.#to.writableNeedDrain) {
      const now = performance.now();
      const { due, bytes } = this.#held[0];
      if (Math.max(due, this.#freeAt, this.#network.openAt()) > now) break;
      this.#held.shift();
      this.#size -= bytes.length;
      if (this.#capped && bytesPerSecond !== undefined) {
        this.#freeAt = Math.max(this.#freeAt, now - 20) + (1000 * bytes.length) / bytesPerSecond;
      }
      this.#to.write(bytes);
    }
    if (this.#size < MAX_HELD) this.#from.resume();
    this.#arm();
  }

  #take(chunk: Buffer): void {
    const { delayMs = 0, jitterMs = 0 } = this.#network.shape();
    const due = performance.now() + delayMs + this.#network.random() * jitterMs;
    this.#lastDue = Math.max(this.#lastDue, due);
    for (let at = 0; at < chunk.length; at += PIECE) {
      this.#held.push({ due: this.#lastDue, bytes: chunk.subarray(at, at + PIECE) });
    }
    this.#size += chunk.length;
    if (this.#size >= MAX_HELD) this.#from.pause();
    this.pass();
  }

  #arm(): void {
    const [first] = this.#held;
    if (first === undefined) {
      if (this.#from.readableEnded) this.#to.end();
      return;
    }
    const at = Math.max(first.due, this.#freeAt, this.#network.openAt());
    // A cut has no end that is known: `restore` passes on.
    if (this.#timer !== undefined || at === Number.POSITIVE_INFINITY || this.#to.writableNeedDrain) return;
    this.#timer = setTimeout(() => this.pass(), Math.max(1, at - performance.now()));
  }
}

/** mulberry32: a small generator, the same numbers for the same seed. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

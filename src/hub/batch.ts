import type { Packet } from "../media/model/packet.js";
import type { Track } from "../media/model/track.js";

/**
 * What a transport puts around a batch, such as an HTTP chunk's size line. A constant of the transport: batches
 * remember what they were framed with by its identity.
 */
export interface Framing {
  prefix(length: number): Uint8Array;
  readonly suffix: Uint8Array;
  /** An array for the whole, of the kind that the transport writes without wrapping it anew for every reader. */
  allocate(length: number): Uint8Array;
}

export interface BatchInit {
  readonly seq: number;
  readonly bytes: Uint8Array;
  readonly packets: readonly Packet[];
  readonly key: boolean;
  readonly tracks: readonly Track[];
  readonly dts: number;
  readonly receivedAt: number;
  readonly frames: number;
  readonly size: number;
  readonly totalBytes: number;
  readonly totalFrames: number;
}

/** Muxed packets of one variant: one contiguous array, shared by all who read it. Immutable to readers. */
export class Batch {
  /** Position in its packager's sequence; each batch is one more than the one before. */
  readonly seq: number;
  /** The packets themselves, for a variant without a container; empty otherwise. */
  readonly packets: readonly Packet[];
  /** Begins with a random access point: a reader may start here. */
  readonly key: boolean;
  /** The tracks with the configurations in force for its packets, or from its end on where it has no frames. */
  readonly tracks: readonly Track[];
  /** Its first packet's dts, microseconds on the stream's timeline. */
  readonly dts: number;
  /** When its first packet came in, microseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** Packets in it; 0 where it holds only configurations. */
  readonly frames: number;
  /** Payload bytes in it: of the container, or of the packets where there is none. */
  readonly size: number;
  /** The same of all batches of its packager up to the end of this one. */
  readonly totalBytes: number;
  /** Packets of all batches of the packager up to the end of this one. */
  readonly totalFrames: number;
  #bytes: Uint8Array;
  readonly #framed: { readonly framing: Framing; readonly bytes: Uint8Array }[] = [];

  constructor(init: BatchInit) {
    this.seq = init.seq;
    this.#bytes = init.bytes;
    this.packets = init.packets;
    this.key = init.key;
    this.tracks = init.tracks;
    this.dts = init.dts;
    this.receivedAt = init.receivedAt;
    this.frames = init.frames;
    this.size = init.size;
    this.totalBytes = init.totalBytes;
    this.totalFrames = init.totalFrames;
  }

  /** The container's bytes, without any transport's framing. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The bytes as one transport sends them; made once, however many ask. */
  framed(framing: Framing): Uint8Array {
    for (const entry of this.#framed) if (entry.framing === framing) return entry.bytes;
    const prefix = framing.prefix(this.#bytes.length);
    const bytes = framing.allocate(prefix.length + this.#bytes.length + framing.suffix.length);
    bytes.set(prefix);
    bytes.set(this.#bytes, prefix.length);
    bytes.set(framing.suffix, prefix.length + this.#bytes.length);
    // The framed copy holds the payload too: point there, so that a batch in one framing is in memory once.
    if (this.#framed.length === 0) {
      this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset + prefix.length, this.#bytes.length);
    }
    this.#framed.push({ framing, bytes });
    return bytes;
  }
}

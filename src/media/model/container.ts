import type { ByteWriter } from "../bytes/writer.js";
import type { MediaError } from "./error.js";
import type { Metadata, Packet } from "./packet.js";
import type { Track } from "./track.js";

/** Where a demuxer hands what it finds, in the order of the bytes. */
export interface DemuxerSink {
  /** A track's first configuration, or a changed one; comes before the first packet that carries it. */
  track(track: Track): void;
  /** The next packet, in decode order; its bytes are a copy. */
  packet(packet: Packet): void;
  /** What the stream says of itself, each time that it does. */
  metadata?(metadata: Metadata): void;
  /** A part that cannot be understood inside intact framing: it was left out, and what follows is fine. */
  dropped?(error: MediaError): void;
}

/** Bytes in, packets out. */
export interface Demuxer {
  /**
   * Takes the next bytes, in slices of any size; the slice is only borrowed for the call.
   *
   * @param receivedAt microseconds since the Unix epoch, copied to the packets that end in this slice
   * @throws MediaError when the framing is broken: nothing after it can be trusted
   */
  push(slice: Uint8Array, receivedAt: number): void;
  /**
   * Says that no bytes follow.
   *
   * @throws MediaError `truncated` when they ended inside something
   */
  end(): void;
}

/** What a muxer knows from the beginning. */
export interface MuxerInit {
  /** The announced tracks, in order; packets of other tracks are not written, but for data tracks. */
  readonly tracks: readonly Track[];
  /** What the publisher said about its stream. */
  readonly metadata: Metadata;
  /** Microseconds on the packets' clock that become timestamp 0 in the container. */
  readonly zero: number;
}

/**
 * Packets in, bytes out. What `start` returns followed by the output of any later `write`s is a valid whole, so one
 * muxer serves readers that join at different times: only `start` is made for each of them.
 */
export interface Muxer {
  /**
   * What a reader needs first: the container's header, metadata and configurations. Does not change the muxer.
   *
   * @param tracks the tracks with the configurations in force at the first packet that the reader gets
   * @param at that packet's dts in microseconds
   */
  start(tracks: readonly Track[], at: number): Uint8Array;
  /**
   * Appends a changed configuration, in force from the next packet of this track on; `at` is its dts. Where the
   * format's `canChange` says yes, it is also called for a single reader that passed over the change: it must not
   * change the muxer then.
   */
  config(track: Track, at: number, out: ByteWriter): void;
  /** Appends, where the format has a word for it, that a track has come which `start` did not announce. */
  lateTrack?(track: Track, at: number, out: ByteWriter): void;
  /** Appends a packet, or keeps it (its bytes are immutable) until `flush`. */
  write(packet: Packet, out: ByteWriter): void;
  /** Appends what `write` kept back: after it all packets so far are in the output. */
  flush(out: ByteWriter): void;
}

/** A container format, as a value that the hub is handed. */
export interface ContainerFormat {
  /** Format, dialect and options in one word, such as `flv` or `flv+codecid12`: readers with the same key share one muxer. */
  readonly key: string;
  /** Whether readers understand a track that is announced after `start`. */
  readonly lateTracks: boolean;
  /** Whether readers understand a change from one configuration of a track to another; if not they must rejoin. */
  canChange(from: Track, to: Track): boolean;
  /** Whether the format can carry this track. */
  carries(track: Track): boolean;
  /** A muxer for one stream, or for one variant of it. */
  createMuxer(init: MuxerInit): Muxer;
}

import { ByteWriter } from "./bytes/writer.js";
import type { ContainerFormat, Demuxer, DemuxerSink, Muxer } from "./model/container.js";
import { MediaError } from "./model/error.js";
import { type Metadata, type Packet, sameConfig } from "./model/packet.js";
import type { Track } from "./model/track.js";

/** What a `demuxerStream` tells besides its packets. */
export interface DemuxerStreamOptions {
  /** When a slice came in: microseconds since the Unix epoch. 0 by default, as this room has no clock. */
  readonly receivedAt?: () => number;
  /** Each track and each changed configuration, before its first packet (every packet carries its track, too). */
  readonly onTrack?: (track: Track) => void;
  /** What the stream says of itself, each time that it does. */
  readonly onMetadata?: (metadata: Metadata) => void;
  /** Parts that were left out because they could not be understood. */
  readonly onDropped?: (error: MediaError) => void;
}

/**
 * A demuxer as a Web TransformStream of bytes to packets, for `response.body.pipeThrough(…)`. Broken framing and a
 * truncated end error the stream with a MediaError.
 *
 * @param createDemuxer such as `createFlvDemuxer`
 */
export function demuxerStream(
  createDemuxer: (sink: DemuxerSink) => Demuxer,
  options: DemuxerStreamOptions = {},
): TransformStream<Uint8Array, Packet> {
  const { receivedAt = () => 0, onTrack, onMetadata, onDropped } = options;
  let demuxer: Demuxer;
  return new TransformStream<Uint8Array, Packet>({
    start(controller) {
      demuxer = createDemuxer({
        track: (track) => onTrack?.(track),
        packet: (packet) => controller.enqueue(packet),
        metadata: (metadata) => onMetadata?.(metadata),
        dropped: (error) => onDropped?.(error),
      });
    },
    transform: (slice) => demuxer.push(slice, receivedAt()),
    flush: () => demuxer.end(),
  });
}

/** What a `muxerStream` is told besides its packets. */
export interface MuxerStreamOptions {
  /**
   * The tracks to announce. Without them they are gathered from the packets: the stream holds its output back until a
   * second of media, or 1000 packets, have come.
   */
  readonly tracks?: readonly Track[];
  /** What the publisher said; a function is called when output begins. */
  readonly metadata?: Metadata | (() => Metadata);
  /** Microseconds on the packets' clock that become timestamp 0: the first packet's dts by default. */
  readonly zero?: number;
}

const GATHER_MICROS = 1_000_000;
/** Formats that write in fragments get at least one a second, and one per random access point. */
const FLUSH_MICROS = 1_000_000;
const GATHER_PACKETS = 1000;

/**
 * A container format as a Web TransformStream of packets to bytes, a chunk per packet that gives output; the first
 * begins with the container's header. A configuration that the format cannot change to errors the stream with a MediaError.
 *
 * @param format such as `flvFormat()` or `fmp4Format()`
 */
export function muxerStream(
  format: ContainerFormat,
  options: MuxerStreamOptions = {},
): TransformStream<Packet, Uint8Array> {
  const out = new ByteWriter();
  const held: Packet[] = [];
  /** By track id, the configurations in force. */
  const inForce = new Map<number, Track>();
  let muxer: Muxer | undefined;
  let flushedAt = 0;

  function begin(): Muxer {
    const first = held[0];
    const tracks = options.tracks ?? gather(held, format);
    const { metadata = {} } = options;
    const at = first?.dts ?? 0;
    const created = format.createMuxer({
      tracks,
      metadata: typeof metadata === "function" ? metadata() : metadata,
      zero: options.zero ?? at,
    });
    for (const track of tracks) inForce.set(track.id, track);
    flushedAt = at;
    out.write(created.start(tracks, at));
    return created;
  }

  function write(to: Muxer, packet: Packet): void {
    const { track } = packet;
    const known = inForce.get(track.id);
    if (known !== undefined && known !== track && !sameConfig(known, track)) {
      if (!format.canChange(known, track)) {
        throw new MediaError("unsupported", `${format.key} cannot change ${known.config.codec} midway`);
      }
      to.flush(out);
      to.config(track, packet.dts, out);
    }
    if (known !== undefined) inForce.set(track.id, track);
    if ((track.kind === "video" && packet.key) || packet.dts - flushedAt >= FLUSH_MICROS) {
      to.flush(out);
      flushedAt = packet.dts;
    }
    to.write(packet, out);
  }

  function release(): void {
    muxer ??= begin();
    for (const packet of held.splice(0)) write(muxer, packet);
  }

  return new TransformStream<Packet, Uint8Array>({
    transform(packet, controller) {
      held.push(packet);
      const since = packet.dts - (held[0] as Packet).dts;
      const known = options.tracks !== undefined || muxer !== undefined;
      if (!known && since < GATHER_MICROS && held.length < GATHER_PACKETS) return;
      release();
      if (out.length > 0) controller.enqueue(out.finish());
    },
    flush(controller) {
      release();
      muxer?.flush(out);
      if (out.length > 0) controller.enqueue(out.finish());
    },
  });
}

/** The tracks of these packets, video before audio, each with its first configuration. */
function gather(packets: readonly Packet[], format: ContainerFormat): Track[] {
  const tracks = new Map<number, Track>();
  for (const { track } of packets) {
    if (track.kind !== "data" && !tracks.has(track.id) && format.carries(track)) tracks.set(track.id, track);
  }
  return [...tracks.values()].sort((a, b) => (a.kind === b.kind ? a.id - b.id : a.kind === "video" ? -1 : 1));
}

import { readFileSync } from "node:fs";
import { createFlvDemuxer } from "../src/media/format/flv/demuxer.js";
import type { Metadata, Packet } from "../src/media/model/packet.js";
import type { Track } from "../src/media/model/track.js";

export const DEFAULT_CLIP = "assets/demo.flv";

/** An FLV file, taken apart. */
export interface Clip {
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  /** The tracks that its packets begin with. */
  readonly tracks: readonly Track[];
  readonly packets: readonly Packet[];
  readonly seconds: number;
}

export function readClip(file: string): Clip {
  const bytes = readFileSync(file);
  const tracks = new Map<number, Track>();
  const packets: Packet[] = [];
  let metadata: Metadata = {};
  const demuxer = createFlvDemuxer({
    track: (track) => {
      if (!tracks.has(track.id)) tracks.set(track.id, track);
    },
    packet: (packet) => packets.push(packet),
    metadata: (found) => {
      metadata = found;
    },
  });
  demuxer.push(bytes, 0);
  const [first, last] = [packets[0], packets.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`${file}: no audio or video in it`);
  return {
    bytes,
    metadata,
    tracks: [...tracks.values()].sort((a, b) => a.id - b.id),
    packets,
    seconds: (last.dts - first.dts) / 1e6,
  };
}

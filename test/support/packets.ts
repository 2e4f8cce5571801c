import type { Packet } from "../../src/media/model/packet.js";
import type { Track } from "../../src/media/model/track.js";
import { run } from "./program.js";

/** A file's streams and packets, as ffprobe reads them: what our demuxers do not know of can be tested with it too. */
export interface Probed {
  /** Each stream's kind and decoder configuration, in the file's order. */
  readonly streams: readonly { readonly kind: string; readonly extradata: Uint8Array }[];
  /** In the file's order; times in microseconds. */
  readonly packets: readonly (Pick<Packet, "dts" | "pts" | "key" | "data"> & { readonly stream: number })[];
}

export async function probePackets(file: string): Promise<Probed> {
  const sections = ["-show_streams", "-show_packets", "-show_data", "-of", "json"];
  const { streams, packets } = JSON.parse(
    await run("ffprobe", ["-v", "error", ...sections, file]).output,
  ) as {
    readonly streams: readonly { readonly codec_type: string; readonly extradata?: string }[];
    readonly packets: readonly {
      readonly stream_index: number;
      readonly dts_time: string;
      readonly pts_time: string;
      readonly flags: string;
      readonly data: string;
    }[];
  };
  return {
    streams: streams.map(({ codec_type, extradata = "" }) => ({
      kind: codec_type,
      extradata: parseDump(extradata),
    })),
    packets: packets.map(({ stream_index, dts_time, pts_time, flags, data }) => ({
      stream: stream_index,
      dts: Math.round(Number(dts_time) * 1e6),
      pts: Math.round(Number(pts_time) * 1e6),
      key: flags.startsWith("K"),
      data: parseDump(data),
    })),
  };
}

/** The probed packets as ours, with the tracks that their streams are. */
export function packetsOn(probed: Probed, tracks: readonly Track[]): Packet[] {
  return probed.packets.map(({ stream, ...packet }) => ({
    ...packet,
    track: tracks[stream] as Track,
    receivedAt: 0,
  }));
}

/** `00000000: 0001 0203  ....` lines. */
function parseDump(dump: string): Uint8Array {
  const hex = dump.split("\n").map((line) => /^[0-9a-f]{8}: ([0-9a-f ]{39,40})/.exec(line)?.[1] ?? "");
  return Buffer.from(hex.join("").replaceAll(" ", ""), "hex");
}

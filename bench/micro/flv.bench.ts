import { ByteWriter } from "../../src/media/bytes/writer.js";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import { flvFormat } from "../../src/media/format/flv/muxer.js";
import type { MicroBenches } from "./bench.js";

const SLICE_BYTES = 64 * 1024;

export const flvBenches: MicroBenches = ({ bytes, tracks, metadata, packets }) => {
  const muxer = flvFormat().createMuxer({ tracks, metadata, zero: 0 });
  const out = new ByteWriter(16 * 1024);
  return [
    {
      name: "FLV mux, a batch per packet",
      count: packets.length,
      unit: "packet",
      run() {
        for (const packet of packets) {
          muxer.write(packet, out);
          out.finish();
        }
      },
    },
    {
      name: "FLV demux, slices of 64 KiB",
      count: packets.length,
      unit: "packet",
      run() {
        const demuxer = createFlvDemuxer({ track() {}, packet() {} });
        for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
          demuxer.push(bytes.subarray(at, at + SLICE_BYTES), 0);
        }
      },
    },
  ];
};

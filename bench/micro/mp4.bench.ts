import { ByteWriter } from "../../src/media/bytes/writer.js";
import { fmp4Format } from "../../src/media/format/mp4/muxer.js";
import type { MicroBenches } from "./bench.js";

export const mp4Benches: MicroBenches = ({ tracks, metadata, packets }) => {
  const out = new ByteWriter(16 * 1024);
  const bench = (name: string, perFragment: number) => {
    const muxer = fmp4Format().createMuxer({ tracks, metadata, zero: 0 });
    return {
      name,
      count: packets.length,
      unit: "packet" as const,
      run() {
        for (const [i, packet] of packets.entries()) {
          muxer.write(packet, out);
          if (i % perFragment !== perFragment - 1) continue;
          muxer.flush(out);
          out.finish();
        }
      },
    };
  };
  return [bench("fMP4 mux, a fragment per packet", 1), bench("fMP4 mux, a fragment per 20 packets", 20)];
};

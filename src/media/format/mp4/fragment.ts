import type { ByteWriter } from "../../bytes/writer.js";
import type { Packet } from "../../model/packet.js";
import { beginBox, beginFullBox, endBox } from "./box.js";
import { FLAGS_NON_SYNC, FLAGS_SYNC } from "./init.js";
import { sampleStart, type TrackRun } from "./track-run.js";

/** tf_flags: data offsets count from the first byte of the moof (ISO/IEC 14496-12 section 8.8.7). */
const DEFAULT_BASE_IS_MOOF = 0x02_0000;

/** tr_flags (section 8.8.8). */
const DATA_OFFSET = 0x0001;
const SAMPLE_DURATION = 0x0100;
const SAMPLE_SIZE = 0x0200;
const SAMPLE_FLAGS = 0x0400;
const SAMPLE_OFFSETS = 0x0800;

const BOX_HEADER = 8;
const MOOF_FIXED = BOX_HEADER + 16; // with mfhd
const TRAF_FIXED = BOX_HEADER + 16 + 20 + 20; // with tfhd, tfdt and the head of trun

/** Appends one movie fragment, moof and mdat, with a track fragment for each run that has samples. */
export function writeFragment(out: ByteWriter, sequence: number, runs: readonly TrackRun[]): void {
  let moofSize = MOOF_FIXED;
  let mediaSize = 0;
  for (const run of runs) {
    if (run.packets.length === 0) continue;
    moofSize += TRAF_FIXED + run.packets.length * sampleFieldsSize(run);
    mediaSize += run.size;
  }
  out.reserve(moofSize + BOX_HEADER + mediaSize);

  const moof = beginBox(out, "moof");
  const mfhd = beginFullBox(out, "mfhd", 0, 0);
  out.u32(sequence);
  endBox(out, mfhd);
  let dataOffset = moofSize + BOX_HEADER;
  for (const run of runs) {
    if (run.packets.length === 0) continue;
    writeTrackFragment(out, run, dataOffset);
    dataOffset += run.size;
  }
  endBox(out, moof);

  const mdat = beginBox(out, "mdat");
  for (const run of runs) {
    for (const packet of run.packets) {
      const start = sampleStart(packet);
      out.write(start === 0 ? packet.data : packet.data.subarray(start));
    }
  }
  endBox(out, mdat);
}

function writeTrackFragment(out: ByteWriter, run: TrackRun, dataOffset: number): void {
  const traf = beginBox(out, "traf");
  const tfhd = beginFullBox(out, "tfhd", 0, DEFAULT_BASE_IS_MOOF);
  out.u32(run.id);
  endBox(out, tfhd);

  const tfdt = beginFullBox(out, "tfdt", 1, 0);
  out.u64(run.times[0] as number);
  endBox(out, tfdt);

  const video = run.track.kind === "video";
  const trun = beginFullBox(out, "trun", 1, runFlags(run)); // version 1: signed composition offsets
  out.u32(run.packets.length);
  out.u32(dataOffset);
  for (let i = 0; i < run.packets.length; i++) {
    const packet = run.packets[i] as Packet;
    out.u32(run.duration(i));
    out.u32(packet.data.length - sampleStart(packet));
    if (video) out.u32(packet.key ? FLAGS_SYNC : FLAGS_NON_SYNC);
    if (run.reordered) out.u32(run.offsets[i] as number);
  }
  endBox(out, trun);
  endBox(out, traf);
}

/** Audio frames are all alike: their flags are the track's default. */
function runFlags(run: TrackRun): number {
  return (
    DATA_OFFSET |
    SAMPLE_DURATION |
    SAMPLE_SIZE |
    (run.track.kind === "video" ? SAMPLE_FLAGS : 0) |
    (run.reordered ? SAMPLE_OFFSETS : 0)
  );
}

function sampleFieldsSize(run: TrackRun): number {
  return 8 + (run.track.kind === "video" ? 4 : 0) + (run.reordered ? 4 : 0);
}

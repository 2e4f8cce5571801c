import { ByteWriter } from "../../bytes/writer.js";
import { beginBox, beginFullBox, endBox, writeFourCc, writeZeros } from "./box.js";
import { type MediaTrack, writeSampleEntry } from "./sample-entry.js";

/** Sample flags (ISO/IEC 14496-12 section 8.8.3.1) of a sample that depends on no other. */
export const FLAGS_SYNC = 0x0200_0000;
/** Sample flags of a sample that depends on others and is no sync sample. */
export const FLAGS_NON_SYNC = 0x0101_0000;

/**
 * Ticks per second of a track's times in the file. Audio counts its samples, so frames end where the next begin.
 *
 * Video counts microseconds, as the packets do: every timestamp is exact whatever clock it came from (RTMP's
 * milliseconds, 90 kHz, 30000/1001), where 90 kHz would round a third of them. 32-bit durations then reach 71
 * minutes and composition offsets 35, and Chromium, Firefox, FFmpeg and AVFoundation all take any 32-bit timescale.
 */
export function timescaleOf(track: MediaTrack): number {
  if (track.kind === "video") return 1_000_000;
  // Opus always decodes at 48 kHz, whatever was recorded (Encapsulation of Opus in ISOBMFF section 4.3.1).
  return track.codec === "opus" ? 48_000 : track.config.sampleRate;
}

/** One track of an initialization segment. */
export interface InitTrack {
  /** track_ID in the file, from 1. */
  readonly id: number;
  readonly track: MediaTrack;
}

/**
 * The initialization segment: ftyp and a moov without samples, which says that fragments follow. No edit list: a live
 * stream has no beginning that a decoder's delay could be cut from, and its times are the packets'.
 *
 * @throws MediaError when a track has no sample entry in MP4
 */
export function writeInitSegment(tracks: readonly InitTrack[]): Uint8Array {
  const out = new ByteWriter(1024);
  const ftyp = beginBox(out, "ftyp");
  writeFourCc(out, "iso6"); // the first brand with signed composition offsets and 64-bit tfdt
  out.u32(0);
  writeFourCc(out, "iso6");
  writeFourCc(out, "mp41");
  if (tracks.some(({ track }) => track.codec === "av1")) writeFourCc(out, "av01");
  endBox(out, ftyp);

  const moov = beginBox(out, "moov");
  writeMovieHeader(out, tracks);
  for (const track of tracks) writeTrack(out, track);
  const mvex = beginBox(out, "mvex");
  for (const { id, track } of tracks) writeTrackExtends(out, id, track);
  endBox(out, mvex);
  endBox(out, moov);
  return out.finish();
}

function writeMovieHeader(out: ByteWriter, tracks: readonly InitTrack[]): void {
  const mvhd = beginFullBox(out, "mvhd", 0, 0);
  out.u32(0); // creation_time
  out.u32(0); // modification_time
  out.u32(1000); // timescale
  out.u32(0); // duration: none here, and with mvex unknown
  out.u32(0x0001_0000); // rate
  out.u16(0x0100); // volume
  writeZeros(out, 10);
  writeMatrix(out);
  writeZeros(out, 24);
  out.u32(tracks.reduce((highest, { id }) => Math.max(highest, id), 0) + 1); // next_track_ID
  endBox(out, mvhd);
}

function writeTrack(out: ByteWriter, { id, track }: InitTrack): void {
  const trak = beginBox(out, "trak");

  const tkhd = beginFullBox(out, "tkhd", 0, 3); // enabled, in the presentation
  out.u32(0); // creation_time
  out.u32(0); // modification_time
  out.u32(id);
  out.u32(0);
  out.u32(0); // duration
  writeZeros(out, 8);
  out.u16(0); // layer
  out.u16(0); // alternate_group
  out.u16(track.kind === "audio" ? 0x0100 : 0); // volume
  out.u16(0);
  writeMatrix(out);
  out.u16(track.kind === "video" ? track.config.codedWidth : 0); // 16.16 bits each
  out.u16(0);
  out.u16(track.kind === "video" ? track.config.codedHeight : 0);
  out.u16(0);
  endBox(out, tkhd);

  const mdia = beginBox(out, "mdia");
  const mdhd = beginFullBox(out, "mdhd", 0, 0);
  out.u32(0); // creation_time
  out.u32(0); // modification_time
  out.u32(timescaleOf(track));
  out.u32(0); // duration
  out.u16(0x55c4); // language: und
  out.u16(0);
  endBox(out, mdhd);

  const hdlr = beginFullBox(out, "hdlr", 0, 0);
  out.u32(0);
  writeFourCc(out, track.kind === "video" ? "vide" : "soun");
  writeZeros(out, 12);
  out.u8(0); // name: empty
  endBox(out, hdlr);

  const minf = beginBox(out, "minf");
  if (track.kind === "video") {
    const vmhd = beginFullBox(out, "vmhd", 0, 1);
    writeZeros(out, 8);
    endBox(out, vmhd);
  } else {
    const smhd = beginFullBox(out, "smhd", 0, 0);
    writeZeros(out, 4);
    endBox(out, smhd);
  }
  writeDataInformation(out);
  writeSampleTable(out, track);
  endBox(out, minf);
  endBox(out, mdia);
  endBox(out, trak);
}

/** The media data is in this very file. */
function writeDataInformation(out: ByteWriter): void {
  const dinf = beginBox(out, "dinf");
  const dref = beginFullBox(out, "dref", 0, 0);
  out.u32(1);
  endBox(out, beginFullBox(out, "url ", 0, 1));
  endBox(out, dref);
  endBox(out, dinf);
}

/** The sample description; all samples are in fragments, so the other tables are empty. */
function writeSampleTable(out: ByteWriter, track: MediaTrack): void {
  const stbl = beginBox(out, "stbl");
  const stsd = beginFullBox(out, "stsd", 0, 0);
  out.u32(1);
  writeSampleEntry(out, track);
  endBox(out, stsd);
  for (const type of ["stts", "stsc", "stco"]) {
    const table = beginFullBox(out, type, 0, 0);
    out.u32(0); // entry_count
    endBox(out, table);
  }
  const stsz = beginFullBox(out, "stsz", 0, 0);
  out.u32(0); // sample_size
  out.u32(0); // sample_count
  endBox(out, stsz);
  endBox(out, stbl);
}

function writeTrackExtends(out: ByteWriter, id: number, track: MediaTrack): void {
  const trex = beginFullBox(out, "trex", 0, 0);
  out.u32(id);
  out.u32(1); // default_sample_description_index
  out.u32(0); // default_sample_duration
  out.u32(0); // default_sample_size
  out.u32(track.kind === "audio" ? FLAGS_SYNC : FLAGS_NON_SYNC);
  endBox(out, trex);
}

/** The unity matrix: 16.16 bits each, the last column 2.30. */
function writeMatrix(out: ByteWriter): void {
  for (const value of [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000]) out.u32(value);
}

import type { ByteWriter } from "../../bytes/writer.js";
import { dopsOf } from "../../codec/opus.js";
import { vpcRecordOf } from "../../codec/vp9.js";
import { MediaError } from "../../model/error.js";
import type { AudioTrack, Track, VideoTrack } from "../../model/track.js";
import { beginBox, beginFullBox, endBox, writeZeros } from "./box.js";

/** A track that has a place in an MP4 file. */
export type MediaTrack = VideoTrack | AudioTrack;

/** objectTypeIndication, ISO/IEC 14496-1 table 5. */
const OBJECT_TYPE_AAC = 0x40;
const OBJECT_TYPE_MP3 = 0x6b;

/**
 * Appends the sample entry of a track: which codec, and its decoder configuration.
 *
 * @throws MediaError `unsupported` when MP4 has no entry for the track, `malformed` or `truncated` when its
 * configuration cannot be written as one
 */
export function writeSampleEntry(out: ByteWriter, track: Track): void {
  switch (track.codec) {
    case "avc":
      writeVisualEntry(out, track, "avc1", "avcC");
      return;
    case "hevc":
      writeVisualEntry(out, track, "hvc1", "hvcC");
      return;
    case "av1":
      writeVisualEntry(out, track, "av01", "av1C");
      return;
    case "vp9":
      writeVp9Entry(out, track);
      return;
    case "aac":
      writeMpeg4AudioEntry(out, track, OBJECT_TYPE_AAC, descriptionOf(track));
      return;
    case "mp3":
      writeMpeg4AudioEntry(out, track, OBJECT_TYPE_MP3, undefined);
      return;
    case "opus":
      writeOpusEntry(out, track);
      return;
    default:
      throw new MediaError("unsupported", `MP4 carries no ${track.codec} track`);
  }
}

/** The configuration record goes into its box as it is: ISO/IEC 14496-15 sections 5.4.2 and 8.4.1, AV1-ISOBMFF 2.3. */
function writeVisualEntry(out: ByteWriter, track: MediaTrack, type: string, configType: string): void {
  const at = beginVisualEntry(out, track, type);
  const config = beginBox(out, configType);
  out.write(descriptionOf(track));
  endBox(out, config);
  endBox(out, at);
}

/** VP Codec ISO Media File Format Binding: vpcC is a FullBox of version 1 around the record. */
function writeVp9Entry(out: ByteWriter, track: MediaTrack): void {
  const at = beginVisualEntry(out, track, "vp09");
  const config = beginFullBox(out, "vpcC", 1, 0);
  out.write(vpRecord(track));
  endBox(out, config);
  endBox(out, at);
}

function vpRecord(track: MediaTrack): Uint8Array {
  const { description, codec } = track.config;
  return description === undefined ? vpRecordFromCodec(codec) : vpcRecordOf(description);
}

/** The record that a codec string `vp09.PP.LL.DD.CC.cp.tc.mc.FF` stands for: encoders often give nothing else. */
function vpRecordFromCodec(codec: string): Uint8Array {
  const match = /^vp09\.\d\d\.\d\d\.\d\d(\.\d\d){0,5}$/.exec(codec);
  if (match === null) throw new MediaError("unsupported", `no vpcC, and ${codec} does not stand for one`);
  const [profile = 0, level = 0, depth = 0, chroma = 1, primaries = 1, transfer = 1, matrix = 1, range = 0] =
    codec.split(".").slice(1).map(Number);
  return Uint8Array.of(
    profile,
    level,
    (depth << 4) | ((chroma & 7) << 1) | (range & 1),
    primaries,
    transfer,
    matrix,
    0, // codecInitializationDataSize: VP9 has none
    0,
  );
}

/** VisualSampleEntry, ISO/IEC 14496-12 section 12.1.3. */
function beginVisualEntry(out: ByteWriter, track: MediaTrack, type: string): number {
  const { codedWidth, codedHeight } = (track as VideoTrack).config;
  const at = beginBox(out, type);
  writeZeros(out, 6);
  out.u16(1); // data_reference_index
  writeZeros(out, 16);
  out.u16(codedWidth);
  out.u16(codedHeight);
  out.u32(0x0048_0000); // 72 dpi, in both directions
  out.u32(0x0048_0000);
  out.u32(0);
  out.u16(1); // frame_count
  writeZeros(out, 32); // compressorname
  out.u16(0x0018); // depth: colour without alpha
  out.u16(0xffff);
  return at;
}

/** AudioSampleEntry, ISO/IEC 14496-12 section 12.2.3. */
function beginAudioEntry(out: ByteWriter, track: MediaTrack, type: string): number {
  const { numberOfChannels, sampleRate } = (track as AudioTrack).config;
  if (!(sampleRate > 0)) throw new MediaError("unsupported", `${track.codec} of ${sampleRate} Hz`);
  const at = beginBox(out, type);
  writeZeros(out, 6);
  out.u16(1); // data_reference_index
  writeZeros(out, 8);
  out.u16(numberOfChannels);
  out.u16(16); // samplesize
  out.u32(0);
  // 16.16 bits. A rate that does not fit is left to the track's timescale and the decoder configuration.
  out.u16(sampleRate <= 0xffff ? sampleRate : 0);
  out.u16(0);
  return at;
}

/**
 * `mp4a` with its ES descriptor: ISO/IEC 14496-14 section 6.7 and 14496-1 section 7.2.6.5.
 *
 * @param specific the AudioSpecificConfig; absent for MP3, whose frames say it themselves
 */
function writeMpeg4AudioEntry(
  out: ByteWriter,
  track: MediaTrack,
  objectType: number,
  specific: Uint8Array | undefined,
): void {
  const at = beginAudioEntry(out, track, "mp4a");
  const esds = beginFullBox(out, "esds", 0, 0);
  const specificSize = specific === undefined ? 0 : descriptorSize(specific.length);
  const decoderSize = 13 + specificSize;
  writeDescriptorHeader(out, 0x03, 3 + descriptorSize(decoderSize) + descriptorSize(1)); // ES_Descriptor
  out.u16(0); // ES_ID: in a file the track tells
  out.u8(0);
  writeDescriptorHeader(out, 0x04, decoderSize); // DecoderConfigDescriptor
  out.u8(objectType);
  out.u8((5 << 2) | 1); // streamType audio, reserved bit
  out.u24(0); // bufferSizeDB, maxBitrate, avgBitrate: a live stream does not know
  out.u32(0);
  out.u32(0);
  if (specific !== undefined) {
    writeDescriptorHeader(out, 0x05, specific.length); // DecoderSpecificInfo
    out.write(specific);
  }
  writeDescriptorHeader(out, 0x06, 1); // SLConfigDescriptor
  out.u8(2); // predefined: MP4 file
  endBox(out, esds);
  endBox(out, at);
}

/** The length of a descriptor goes in groups of seven bits, most significant first (14496-1 section 8.3.3). */
function writeDescriptorHeader(out: ByteWriter, tag: number, length: number): void {
  out.u8(tag);
  for (let group = lengthGroups(length) - 1; group > 0; group--)
    out.u8(0x80 | ((length >>> (7 * group)) & 0x7f));
  out.u8(length & 0x7f);
}

function descriptorSize(length: number): number {
  return 1 + lengthGroups(length) + length;
}

function lengthGroups(length: number): number {
  let groups = 1;
  while (length >>> (7 * groups) > 0) groups += 1;
  return groups;
}

/** Encapsulation of Opus in ISOBMFF section 4.3.1. */
function writeOpusEntry(out: ByteWriter, track: MediaTrack): void {
  const specific = dopsOf(descriptionOf(track));
  const at = beginAudioEntry(out, track, "Opus");
  const config = beginBox(out, "dOps");
  out.write(specific);
  endBox(out, config);
  endBox(out, at);
}

function descriptionOf(track: MediaTrack): Uint8Array {
  const description = track.config.description;
  if (description === undefined || description.length === 0) {
    throw new MediaError("unsupported", `${track.codec} without a decoder configuration`);
  }
  return description;
}

import { ByteReader } from "../bytes/reader.js";
import { ByteWriter } from "../bytes/writer.js";
import { MediaError } from "../model/error.js";
import type { AudioConfig } from "../model/track.js";

/** "OpusHead" and "OpusTags". */
const MAGIC_HEAD: readonly number[] = [0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64];
const MAGIC_TAGS: readonly number[] = [0x4f, 0x70, 0x75, 0x73, 0x54, 0x61, 0x67, 0x73];

/** An AudioConfig with what only Opus has. */
export interface OpusConfig extends AudioConfig {
  readonly description: Uint8Array;
  /** Samples at 48 kHz to leave out at the start. */
  readonly preSkip: number;
  /** Hz; of the input before encoding, for information: 0 means unspecified. */
  readonly inputSampleRate: number;
}

/**
 * The decoder configuration in an OpusHead ("identification header", RFC 7845 section 5.1), which is also E-RTMP's
 * sequence header; an MP4 `dOps` body is taken too. `description` is an OpusHead in either case. The rate is always
 * 48 kHz: that is what Opus decodes to, whatever was encoded (RFC 7845 section 5.1 item 5).
 *
 * E-RTMP allows a sequence start that holds the comment header instead: see `isOpusTags`.
 *
 * @throws MediaError when the header ends early or contradicts itself
 */
export function readOpusConfig(opusHead: Uint8Array): OpusConfig {
  const description = startsWith(opusHead, MAGIC_HEAD) ? opusHead.slice() : opusHeadOf(opusHead);
  const reader = new ByteReader(description);
  reader.skip(8);
  const version = reader.u8();
  // The upper half is the major version: a reader of version 1 takes all of 0 to 15 (RFC 7845 section 5.1 item 2).
  if (version > 15) throw new MediaError("unsupported", `OpusHead version ${version}`);
  const numberOfChannels = reader.u8();
  const preSkip = u16le(reader);
  const inputSampleRate = reader.u32le();
  reader.skip(2); // output gain
  checkMapping(reader, numberOfChannels);
  return { codec: "opus", description, sampleRate: 48000, numberOfChannels, preSkip, inputSampleRate };
}

/** Whether this is a comment header (RFC 7845 section 5.2), which says nothing about decoding. */
export function isOpusTags(data: Uint8Array): boolean {
  return startsWith(data, MAGIC_TAGS);
}

/**
 * The body of MP4's `dOps` box for an OpusHead: its fields, big-endian and without its name ("Encapsulation of Opus in
 * ISOBMFF" section 4.3.2).
 *
 * @throws MediaError when it is no OpusHead, ends early or contradicts itself
 */
export function dopsOf(opusHead: Uint8Array): Uint8Array {
  if (!startsWith(opusHead, MAGIC_HEAD)) throw new MediaError("malformed", "an OpusHead without its magic");
  const { numberOfChannels, preSkip, inputSampleRate } = readOpusConfig(opusHead);
  const reader = new ByteReader(opusHead);
  reader.skip(8 + 1 + 1 + 2 + 4); // magic, version, and the three above
  const out = new ByteWriter(32);
  out.u8(0);
  out.u8(numberOfChannels);
  out.u16(preSkip);
  out.u32(inputSampleRate);
  out.u16(u16le(reader)); // output gain
  const family = reader.u8();
  out.u8(family);
  if (family !== 0) out.write(reader.rest());
  return out.finish();
}

/** The OpusHead that a `dOps` body stands for. */
export function opusHeadOf(dops: Uint8Array): Uint8Array {
  const reader = new ByteReader(dops);
  const version = reader.u8();
  if (version !== 0) throw new MediaError("unsupported", `dOps version ${version}`);
  const out = new ByteWriter(32);
  for (const byte of MAGIC_HEAD) out.u8(byte);
  out.u8(1);
  out.u8(reader.u8());
  u16leOut(out, reader.u16());
  out.u32le(reader.u32());
  u16leOut(out, reader.u16());
  out.write(reader.rest());
  return out.finish();
}

/**
 * How long a packet plays, in microseconds, from its table of contents (RFC 6716 section 3.1).
 *
 * @throws MediaError for an empty packet and for one that states no frames or more than 120 ms
 */
export function opusPacketDuration(packet: Uint8Array): number {
  const reader = new ByteReader(packet);
  const toc = reader.u8();
  const frame = frameDuration(toc >> 3);
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : reader.u8() & 0x3f;
  const duration = frames * frame;
  if (frames === 0 || duration > 120_000) {
    throw new MediaError("malformed", `an Opus packet of ${frames} frames of ${frame} microseconds`);
  }
  return duration;
}

/** Microseconds, by the 32 configurations of RFC 6716 table 2. */
function frameDuration(config: number): number {
  if (config < 12) return [10_000, 20_000, 40_000, 60_000][config & 3] as number; // SILK only
  if (config < 16) return (config & 1) === 0 ? 10_000 : 20_000; // hybrid
  return [2_500, 5_000, 10_000, 20_000][config & 3] as number; // CELT only
}

/** The channel mapping table, RFC 7845 section 5.1.1. */
function checkMapping(reader: ByteReader, channels: number): void {
  const family = reader.u8();
  const most = family === 0 ? 2 : family === 1 ? 8 : 255;
  if (channels === 0 || channels > most) {
    throw new MediaError("malformed", `Opus mapping family ${family} with ${channels} channels`);
  }
  if (family === 0) return;
  const streams = reader.u8();
  const coupled = reader.u8();
  if (streams === 0 || coupled > streams || streams + coupled > 255) {
    throw new MediaError("malformed", `${streams} Opus streams, ${coupled} of them coupled`);
  }
  if (family === 3) return; // a demixing matrix follows (RFC 8486 section 3.2)
  for (const index of reader.view(channels)) {
    if (index !== 255 && index >= streams + coupled) {
      throw new MediaError("malformed", `channel ${index} of ${streams + coupled} decoded Opus channels`);
    }
  }
}

function startsWith(data: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => data[i] === byte);
}

function u16le(reader: ByteReader): number {
  return reader.u8() + 256 * reader.u8();
}

function u16leOut(out: ByteWriter, value: number): void {
  out.u8(value & 0xff);
  out.u8(value >> 8);
}

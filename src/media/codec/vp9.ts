import { BitReader } from "../bytes/bits.js";
import { ByteReader } from "../bytes/reader.js";
import { MediaError } from "../model/error.js";
import type { VideoConfig } from "../model/track.js";

/** What a frame's uncompressed header starts with, VP9 bitstream specification section 6.2. */
export interface Vp9Header {
  readonly profile: number;
  readonly showExistingFrame: boolean;
  readonly key: boolean;
  readonly showFrame: boolean;
  /** Key frames only. */
  readonly bitDepth?: 8 | 10 | 12;
  /** Pixels; key frames only. */
  readonly width?: number;
  readonly height?: number;
}

/** Ten times the level, and what each of 30 frames a second may have, pixels: https://www.webmproject.org/vp9/levels/ */
const LEVELS: readonly (readonly [number, number])[] = [
  [10, 27_648],
  [11, 73_728],
  [20, 122_880],
  [21, 245_760],
  [30, 552_960],
  [31, 983_040],
  [40, 2_228_224],
  [50, 8_912_896],
  [60, 35_651_584],
];
/** What has more than any level allows. */
const HIGHEST_LEVEL = 62;

/**
 * The decoder configuration that a `vpcC` holds: the VPCodecConfigurationRecord alone, as in FLV, or with the box's
 * version and flags before it, as in MP4 ("VP Codec ISO Media File Format Binding"). `description` is the record
 * alone. Sizes are 0: only key frames state them, see `vp9SizeOf`.
 *
 * @throws MediaError when the record ends early or contradicts itself
 */
export function readVp9Config(vpcC: Uint8Array): VideoConfig {
  const record = vpcRecordOf(vpcC);
  const reader = new ByteReader(record);
  const profile = reader.u8();
  if (profile > 3) throw new MediaError("malformed", `VP9 profile ${profile}`);
  const level = reader.u8();
  const bitDepth = reader.u8() >> 4;
  if (bitDepth !== 8 && bitDepth !== 10 && bitDepth !== 12) {
    throw new MediaError("malformed", `a VP9 bit depth of ${bitDepth}`);
  }
  return {
    codec: vp9CodecString(profile, level, bitDepth),
    description: record.slice(),
    codedWidth: 0,
    codedHeight: 0,
    // A packet shows exactly one frame, in output order: hidden frames travel inside superframes (annex B).
    reorderDepth: 0,
  };
}

/**
 * The record in a `vpcC`, as a view: without the box's version and flags, which some hand on with it.
 *
 * @throws MediaError when its length is not the one that it states
 */
export function vpcRecordOf(vpcC: Uint8Array): Uint8Array {
  // The last field but one is the size of what follows, which tells the two forms apart.
  for (const header of [0, 4]) {
    if (vpcC.length < header + 8) continue;
    const size = (vpcC[header + 6] as number) * 256 + (vpcC[header + 7] as number);
    if (vpcC.length === header + 8 + size) return vpcC.subarray(header);
  }
  if (vpcC.length < 8) throw new MediaError("truncated", `a vpcC of ${vpcC.length} bytes`);
  throw new MediaError("malformed", "a vpcC whose size contradicts its length");
}

/**
 * A VPCodecConfigurationRecord for what a key frame's header states: 4:2:0, colours not specified. Its level is that of
 * the size at 30 frames a second, a guess: frames do not tell their rate.
 *
 * @throws MediaError for a header of no key frame, or a profile that is not 4:2:0
 */
export function vp9ConfigOf({ profile, bitDepth, width, height }: Vp9Header): Uint8Array {
  if (bitDepth === undefined || width === undefined || height === undefined)
    throw new MediaError("malformed", "a VP9 frame that is no key frame");
  if (profile % 2 === 1) throw new MediaError("unsupported", `VP9 profile ${profile}`);
  const level = LEVELS.find(([, pixels]) => width * height <= pixels)?.[0] ?? HIGHEST_LEVEL;
  // 4:2:0 with chroma beside luma, limited range.
  return Uint8Array.of(profile, level, (bitDepth << 4) | (1 << 1), 2, 2, 2, 0, 0);
}

/**
 * `vp09.PP.LL.DD`. A level of 0, which writers use for "unknown" and browsers refuse, becomes level 1: no browser
 * decides by it.
 */
export function vp9CodecString(profile: number, level: number, bitDepth: number): string {
  const fields = [profile, level === 0 ? 10 : level, bitDepth];
  return `vp09.${fields.map((field) => `${field}`.padStart(2, "0")).join(".")}`;
}

/**
 * Whether a frame or superframe starts with a key frame.
 *
 * @throws MediaError when it is empty, or its header cannot be read
 */
export function isVp9Key(frame: Uint8Array): boolean {
  const first = splitVp9(frame)[0];
  return first !== undefined && parseVp9Header(first).key;
}

/** The size in pixels that a key frame states; undefined for other frames. */
export function vp9SizeOf(keyFrame: Uint8Array): { width: number; height: number } | undefined {
  const first = splitVp9(keyFrame)[0];
  if (first === undefined) return undefined;
  const { width, height } = parseVp9Header(first);
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** The frames of a superframe as views (annex B); any other frame stands alone. */
export function splitVp9(data: Uint8Array): Uint8Array[] {
  const last = data.at(-1);
  if (last === undefined) throw new MediaError("truncated", "an empty VP9 frame");
  if ((last & 0xe0) !== 0xc0) return [data];
  const count = (last & 7) + 1;
  const sizeBytes = ((last >> 3) & 3) + 1;
  const indexSize = 2 + count * sizeBytes;
  if (data.length < indexSize || data[data.length - indexSize] !== last) return [data];
  const frames: Uint8Array[] = [];
  const end = data.length - indexSize;
  let at = 0;
  for (let i = 0; i < count; i++) {
    let size = 0;
    for (let j = 0; j < sizeBytes; j++) size += (data[end + 1 + i * sizeBytes + j] as number) * 256 ** j;
    if (size > end - at) throw new MediaError("truncated", `a VP9 frame of ${size} bytes, has ${end - at}`);
    if (size > 0) frames.push(data.subarray(at, at + size));
    at += size;
  }
  return frames;
}

/** Reads the start of a frame (not of a superframe) up to the frame size. */
export function parseVp9Header(frame: Uint8Array): Vp9Header {
  const bits = new BitReader(frame);
  if (bits.bits(2) !== 2) throw new MediaError("malformed", "a VP9 frame without its marker");
  const profile = bits.bits(1) + 2 * bits.bits(1);
  if (profile === 3 && bits.flag()) throw new MediaError("unsupported", "a VP9 profile above 3");
  if (bits.flag()) return { profile, showExistingFrame: true, key: false, showFrame: true };
  const key = bits.bits(1) === 0;
  const showFrame = bits.flag();
  bits.skip(1); // error_resilient_mode
  if (!key) return { profile, showExistingFrame: false, key, showFrame };
  if (bits.bits(24) !== 0x498342) throw new MediaError("malformed", "a VP9 key frame without its sync code");
  const bitDepth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const subsamplingStated = profile === 1 || profile === 3;
  if (bits.bits(3) === 7) {
    // CS_RGB
    if (subsamplingStated) bits.skip(1); // reserved_zero
  } else {
    bits.skip(1); // color_range
    if (subsamplingStated) bits.skip(3); // subsampling_x, subsampling_y, reserved_zero
  }
  const width = bits.bits(16) + 1;
  const height = bits.bits(16) + 1;
  return { profile, showExistingFrame: false, key, showFrame, bitDepth, width, height };
}

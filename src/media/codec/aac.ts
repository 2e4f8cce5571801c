import { BitReader, BitWriter } from "../bytes/bits.js";
import { MediaError } from "../model/error.js";
import type { AudioConfig } from "../model/track.js";
import { readPce } from "./aac-pce.js";

/** Audio object types, ISO/IEC 14496-3 table 1.17. */
export const AOT_AAC_MAIN = 1;
export const AOT_AAC_LC = 2;
export const AOT_AAC_LTP = 4;
export const AOT_SBR = 5;
export const AOT_ER_AAC_LC = 17;
export const AOT_ER_AAC_LD = 23;
export const AOT_PS = 29;

/** An AudioConfig with what only AAC has. */
export interface AacConfig extends AudioConfig {
  readonly description: Uint8Array;
  readonly samplesPerFrame: number;
  /** Of the core coder: `AOT_AAC_LC` in HE-AAC too. */
  readonly objectType: number;
  /** Hz, before SBR. */
  readonly coreSampleRate: number;
  /** Samples that the core coder makes of one frame. */
  readonly coreFrameLength: number;
  readonly channelConfiguration: number;
  /** Spectral band replication is signalled: HE-AAC. */
  readonly sbr: boolean;
  /** Parametric stereo is signalled: HE-AAC v2. */
  readonly ps: boolean;
  /**
   * Nothing is said about SBR, and the rate is low enough that the frames may bring it unannounced ("implicit
   * signalling", section 1.6.5.3). Rate and channels are given without it: they may turn out twice as high.
   */
  readonly implicitSbr: boolean;
}

/** What `writeAacConfig` needs. */
export interface AacParameters {
  /** Of the core coder, 1 to 4; LC unless given. */
  readonly objectType?: number;
  /** Hz, at the output. */
  readonly sampleRate: number;
  /** At the output: 1 to 8; eight are 7.1 with front centres (channel configuration 7), as encoders write it. */
  readonly numberOfChannels: number;
  /** HE-AAC, signalled as its own object type ("explicit hierarchical"). */
  readonly sbr?: boolean;
  /** HE-AAC v2; implies `sbr`. */
  readonly ps?: boolean;
}

/** samplingFrequencyIndex, table 1.18. */
export const AAC_SAMPLE_RATES: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];

/** Channels by channelConfiguration, table 1.19; 0 leaves it to the program config element. */
const CHANNELS: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 5],
  [6, 6],
  [7, 8],
  [11, 7],
  [12, 8],
  [13, 24],
  [14, 8],
]);

/** syncExtensionType values, section 1.6.2.1. */
const SYNC_SBR = 0x2b7;
const SYNC_PS = 0x548;

/** Hz; above it SBR would double the rate past 48 kHz, which encoders do not do unannounced. */
const MAX_IMPLICIT_CORE_RATE = 24000;

/**
 * The decoder configuration that an AudioSpecificConfig holds, ISO/IEC 14496-3 section 1.6.2.1.
 *
 * @throws MediaError when it ends early, contradicts itself, or names another coder than the AAC ones
 */
export function readAacConfig(asc: Uint8Array): AacConfig {
  const bits = new BitReader(asc);
  let objectType = readObjectType(bits);
  const coreSampleRate = readSampleRate(bits);
  const channelConfiguration = bits.bits(4);
  let ps = objectType === AOT_PS;
  let sbr = ps || objectType === AOT_SBR;
  let silent = !sbr;
  let outputRate = coreSampleRate;
  if (sbr) {
    outputRate = readSampleRate(bits);
    objectType = readObjectType(bits);
  }
  const core = readGaSpecificConfig(bits, objectType, channelConfiguration);
  if (!sbr && bits.remaining >= 16 && bits.bits(11) === SYNC_SBR && readObjectType(bits) === AOT_SBR) {
    silent = false;
    sbr = bits.flag();
    if (sbr) {
      outputRate = readSampleRate(bits);
      if (bits.remaining >= 12 && bits.bits(11) === SYNC_PS) ps = bits.flag();
    }
  }
  // SBR doubles the rate, or in its downsampled mode keeps it (section 4.6.18.4.3).
  const factor = outputRate / coreSampleRate;
  if (factor !== 1 && factor !== 2) {
    throw new MediaError("malformed", `SBR from ${coreSampleRate} Hz to ${outputRate} Hz`);
  }
  const extension = ps ? AOT_PS : sbr ? AOT_SBR : objectType;
  return {
    codec: `mp4a.40.${extension}`,
    description: asc.slice(),
    sampleRate: outputRate,
    numberOfChannels: ps && core.channels === 1 ? 2 : core.channels,
    samplesPerFrame: core.frameLength * factor,
    objectType,
    coreSampleRate,
    coreFrameLength: core.frameLength,
    channelConfiguration,
    sbr,
    ps,
    implicitSbr: silent && objectType === AOT_AAC_LC && coreSampleRate <= MAX_IMPLICIT_CORE_RATE,
  };
}

/**
 * An AudioSpecificConfig of frames of 1024 core samples.
 *
 * @throws MediaError `unsupported` for what AAC has no configuration for
 */
export function writeAacConfig(parameters: AacParameters): Uint8Array {
  const { objectType = AOT_AAC_LC, sampleRate, numberOfChannels, ps = false } = parameters;
  const sbr = ps || (parameters.sbr ?? false);
  if (objectType < AOT_AAC_MAIN || objectType > AOT_AAC_LTP) {
    throw new MediaError("unsupported", `audio object type ${objectType}`);
  }
  const coreChannels = ps ? numberOfChannels / 2 : numberOfChannels;
  const channelConfiguration = [1, 2, 3, 4, 5, 6, 11, 7][coreChannels - 1];
  if (channelConfiguration === undefined || (ps && coreChannels !== 1)) {
    throw new MediaError(
      "unsupported",
      `AAC of ${numberOfChannels} channels${ps ? " with parametric stereo" : ""}`,
    );
  }
  const bits = new BitWriter();
  bits.bits(sbr ? (ps ? AOT_PS : AOT_SBR) : objectType, 5);
  writeSampleRate(bits, sbr ? sampleRate / 2 : sampleRate);
  bits.bits(channelConfiguration, 4);
  if (sbr) {
    writeSampleRate(bits, sampleRate);
    bits.bits(objectType, 5);
  }
  bits.bits(0, 3); // frameLengthFlag, dependsOnCoreCoder, extensionFlag
  return bits.finish();
}

/** Whether this is an ADTS frame (section 1.A.2.2), which no raw AAC frame can look like: it would be an empty one. */
export function isAdts(data: Uint8Array): boolean {
  const [sync, flags, rate] = data;
  if (sync === undefined || flags === undefined || rate === undefined || data.length < 7) return false;
  return sync === 0xff && (flags & 0xf6) === 0xf0 && ((rate >> 2) & 15) < AAC_SAMPLE_RATES.length;
}

/** Whether this is LATM in its LOAS framing (AudioSyncStream, section 1.7.2), whole. */
export function isLoas(data: Uint8Array): boolean {
  const [first, second, third] = data;
  if (first !== 0x56 || second === undefined || third === undefined || (second & 0xe0) !== 0xe0) return false;
  const length = (second & 0x1f) * 256 + third; // audioMuxLengthBytes
  return length > 0 && 3 + length <= data.length;
}

interface Core {
  readonly frameLength: number;
  readonly channels: number;
}

/** GASpecificConfig, section 4.4.1, for the object types that we carry. */
function readGaSpecificConfig(bits: BitReader, objectType: number, channelConfiguration: number): Core {
  const resilient = objectType === AOT_ER_AAC_LC || objectType === AOT_ER_AAC_LD;
  if (!resilient && (objectType < AOT_AAC_MAIN || objectType > AOT_AAC_LTP)) {
    throw new MediaError("unsupported", `audio object type ${objectType}`);
  }
  const short = bits.flag(); // frameLengthFlag
  if (bits.flag()) bits.skip(14); // dependsOnCoreCoder: coreCoderDelay
  const extension = bits.flag(); // extensionFlag
  const channels = channelConfiguration === 0 ? readPce(bits) : CHANNELS.get(channelConfiguration);
  if (channels === undefined) {
    throw new MediaError("malformed", `channel configuration ${channelConfiguration} is reserved`);
  }
  if (extension) {
    if (resilient) bits.skip(3); // resilience flags
    bits.skip(1); // extensionFlag3
  }
  if (resilient) bits.skip(2); // epConfig
  const [long, shorter] = objectType === AOT_ER_AAC_LD ? [512, 480] : [1024, 960];
  return { frameLength: short ? shorter : long, channels };
}

function readObjectType(bits: BitReader): number {
  const type = bits.bits(5);
  return type === 31 ? 32 + bits.bits(6) : type;
}

function readSampleRate(bits: BitReader): number {
  const index = bits.bits(4);
  const rate = index === 15 ? bits.bits(24) : AAC_SAMPLE_RATES[index];
  if (rate === undefined || rate === 0)
    throw new MediaError("malformed", `sampling frequency index ${index}`);
  return rate;
}

function writeSampleRate(bits: BitWriter, rate: number): void {
  const index = AAC_SAMPLE_RATES.indexOf(rate);
  if (index >= 0) {
    bits.bits(index, 4);
    return;
  }
  if (!Number.isInteger(rate) || rate < 1 || rate > 0xff_ffff) {
    throw new MediaError("unsupported", `AAC of ${rate} Hz`);
  }
  bits.bits(15, 4);
  bits.bits(rate, 24);
}

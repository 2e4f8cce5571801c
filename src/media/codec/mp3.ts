import { ByteReader } from "../bytes/reader.js";
import { MediaError } from "../model/error.js";
import type { AudioConfig } from "../model/track.js";

/** What an MPEG audio frame header says, ISO/IEC 11172-3 section 2.4.1.3 and ISO/IEC 13818-3 section 2.4.2.3. */
export interface Mp3Header extends AudioConfig {
  readonly samplesPerFrame: number;
  /** 2.5 is the unofficial extension to lower rates. */
  readonly version: 1 | 2 | 2.5;
  readonly layer: 1 | 2 | 3;
  /** Bits per second; absent in free format. */
  readonly bitRate?: number;
  /** Bytes, header included; absent in free format, where only the next header would tell. */
  readonly frameSize?: number;
}

const SAMPLE_RATES: readonly number[] = [44100, 48000, 32000];

/** kbit/s by bitrate_index 1 to 14. */
const BIT_RATES_V1: Readonly<Record<1 | 2 | 3, readonly number[]>> = {
  1: [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
};
const BIT_RATES_V2_LAYER_1: readonly number[] = [
  32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
];
const BIT_RATES_V2: readonly number[] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/**
 * Reads the header that each frame starts with.
 *
 * @throws MediaError when it is none, or has reserved values
 */
export function readMp3Header(frame: Uint8Array): Mp3Header {
  const header = new ByteReader(frame).u32();
  if (header >>> 21 !== 0x7ff) throw new MediaError("malformed", "an MPEG audio frame without its sync word");
  const version = ([2.5, undefined, 2, 1] as const)[(header >>> 19) & 3];
  const layer = ([undefined, 3, 2, 1] as const)[(header >>> 17) & 3];
  const baseRate = SAMPLE_RATES[(header >>> 10) & 3];
  const bitRateIndex = (header >>> 12) & 15;
  if (version === undefined || layer === undefined || baseRate === undefined || bitRateIndex === 15) {
    throw new MediaError("malformed", "an MPEG audio frame header with reserved values");
  }
  const sampleRate = baseRate / (version === 1 ? 1 : version === 2 ? 2 : 4);
  const padding = (header >>> 9) & 1;
  const mono = ((header >>> 6) & 3) === 3;
  const samplesPerFrame = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152;
  const shared = {
    // Layers I and II have no short name of their own: object types 32 and 33 of ISO/IEC 14496-3.
    codec: layer === 3 ? "mp3" : `mp4a.40.${31 + layer}`,
    sampleRate,
    numberOfChannels: mono ? 1 : 2,
    samplesPerFrame,
    version,
    layer,
  };
  if (bitRateIndex === 0) return shared;
  const table = version === 1 ? BIT_RATES_V1[layer] : layer === 1 ? BIT_RATES_V2_LAYER_1 : BIT_RATES_V2;
  const bitRate = 1000 * (table[bitRateIndex - 1] as number);
  // Layer I counts in slots of four bytes.
  const slot = layer === 1 ? 4 : 1;
  const frameSize = slot * (Math.floor((samplesPerFrame * bitRate) / (8 * slot * sampleRate)) + padding);
  return { ...shared, bitRate, frameSize };
}

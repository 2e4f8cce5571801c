import { MediaError } from "../model/error.js";
import { AAC_SAMPLE_RATES, AOT_AAC_LTP, readAacConfig } from "./aac.js";

const HEADER_SIZE = 7;
/** aac_frame_length has 13 bits. */
const MOST = 0x1fff - HEADER_SIZE;

/** Puts AAC frames into ADTS, which needs no configuration beside it (ISO/IEC 14496-3 section 1.A.2). */
export type AdtsWriter = (frame: Uint8Array) => Uint8Array;

/**
 * SBR and parametric stereo are not signalled: decoders find them in the frames.
 *
 * @param asc AudioSpecificConfig
 * @returns makes one ADTS frame of one raw AAC frame. @throws MediaError `limit` for a frame of more than 8,184 bytes
 * @throws MediaError `unsupported` for what ADTS has no bits for, and what `readAacConfig` throws
 */
export function adtsWriter(asc: Uint8Array): AdtsWriter {
  const { objectType, coreSampleRate, coreFrameLength, channelConfiguration } = readAacConfig(asc);
  const rate = AAC_SAMPLE_RATES.indexOf(coreSampleRate);
  if (objectType > AOT_AAC_LTP || rate < 0 || coreFrameLength !== 1024) {
    throw new MediaError("unsupported", `object type ${objectType} at ${coreSampleRate} Hz in ADTS`);
  }
  // 0 would have to be followed by a program config element.
  if (channelConfiguration === 0 || channelConfiguration > 7) {
    throw new MediaError("unsupported", `channel configuration ${channelConfiguration} in ADTS`);
  }
  return (frame) => {
    if (frame.length > MOST) throw new MediaError("limit", `an AAC frame of ${frame.length} bytes in ADTS`);
    const size = HEADER_SIZE + frame.length;
    const out = new Uint8Array(size);
    // Sync word, MPEG-4, no CRC; the fullness of a variable rate; one block.
    out[0] = 0xff;
    out[1] = 0xf1;
    out[2] = ((objectType - 1) << 6) | (rate << 2) | (channelConfiguration >> 2);
    out[3] = ((channelConfiguration & 3) << 6) | (size >> 11);
    out[4] = (size >> 3) & 0xff;
    out[5] = ((size & 7) << 5) | 0x1f;
    out[6] = 0xfc;
    out.set(frame, HEADER_SIZE);
    return out;
  };
}

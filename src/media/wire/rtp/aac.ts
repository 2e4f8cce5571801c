/** AAC over RTP (RFC 3640), modes AAC-hbr and AAC-lbr. */
import { BitReader } from "../../bytes/bits.js";
import { fromHex } from "../../bytes/bytes.js";
import { ByteReader } from "../../bytes/reader.js";
import { readAacConfig } from "../../codec/aac.js";
import { MediaError } from "../../model/error.js";
import { MICROS_PER_SECOND } from "../../model/time.js";
import { AUDIO_TRACK_ID, type AudioTrack } from "../../model/track.js";
import type { SdpFormat } from "../sdp/sdp.js";
import type { Depacketizer, UnitSink } from "./depacketizer.js";

/** The largest frame that a 13-bit size can state. */
const MAX_FRAME_BYTES = 8191;

/** A frame that comes in several packets (section 3.2.3.1). */
interface Fragments {
  readonly timestamp: number;
  readonly whole: Uint8Array;
  length: number;
}

/** @throws MediaError when the description has no configuration that can be read, or another mode */
export function createAacDepacketizer(format: SdpFormat, sink: UnitSink): Depacketizer {
  const { parameters, clockRate } = format;
  const config = readConfig(parameters.get("config") ?? "");
  const { samplesPerFrame, sampleRate } = config;
  const track: AudioTrack = { id: AUDIO_TRACK_ID, kind: "audio", codec: "aac", config };
  const sizeLength = width(parameters, "sizelength", 13);
  const indexLength = width(parameters, "indexlength", 3);
  const deltaLength = width(parameters, "indexdeltalength", 3);
  if (sizeLength === 0) throw new MediaError("unsupported", "AAC without the size of its frames");
  for (const name of [
    "ctsdeltalength",
    "dtsdeltalength",
    "streamstateindication",
    "auxiliarydatasizelength",
  ]) {
    if (width(parameters, name, 0) > 0) throw new MediaError("unsupported", `AAC with ${name}`);
  }
  const duration = Math.round((samplesPerFrame * MICROS_PER_SECOND) / sampleRate);
  let fragments: Fragments | undefined;
  sink.track(track);

  function unit(timestamp: number, data: Uint8Array): void {
    if (data.length > 0) sink.unit({ track, timestamp: timestamp >>> 0, key: true, data, duration });
  }

  /** The sizes of the frames in a packet, out of its AU headers. */
  function readSizes(reader: ByteReader): number[] {
    const bitLength = reader.u16();
    const headers = new BitReader(reader.view(Math.ceil(bitLength / 8)));
    const sizes: number[] = [];
    for (let left = bitLength; left >= sizeLength; ) {
      const first = sizes.length === 0;
      const index = first ? indexLength : deltaLength;
      if (left < sizeLength + index) break;
      sizes.push(headers.bits(sizeLength));
      // Interleaved frames would have to be put in order again (section 3.2.3.2).
      const step = index === 0 ? 0 : headers.bits(index);
      if (!first && step > 0) throw new MediaError("unsupported", "interleaved AAC frames");
      left -= sizeLength + index;
    }
    return sizes;
  }

  function pushPayload(payload: Uint8Array, timestamp: number): void {
    const reader = new ByteReader(payload);
    const sizes = readSizes(reader);
    const [size = 0] = sizes;
    if (sizes.length === 1 && size > reader.remaining) {
      pushFragment(timestamp, size, reader.rest());
      return;
    }
    if (sizes.length === 1 && fragments !== undefined && fragments.timestamp === timestamp) {
      pushFragment(timestamp, fragments.whole.length, reader.rest());
      return;
    }
    fragments = undefined;
    for (const [i, each] of sizes.entries()) {
      // Frames follow each other without gaps (section 3.2.1); each timestamp is from the packet's, none from the last.
      const offset = Math.round((i * samplesPerFrame * clockRate) / sampleRate);
      unit(timestamp + offset, reader.view(each).slice());
    }
  }

  function pushFragment(timestamp: number, size: number, part: Uint8Array): void {
    if (size > MAX_FRAME_BYTES) throw new MediaError("limit", `an AAC frame of ${size} bytes`);
    if (fragments?.timestamp !== timestamp || fragments.whole.length !== size) {
      fragments = { timestamp, whole: new Uint8Array(size), length: 0 };
    }
    if (fragments.length + part.length > size)
      throw new MediaError("malformed", "fragments longer than their frame");
    fragments.whole.set(part, fragments.length);
    fragments.length += part.length;
    if (fragments.length < size) return;
    const { whole } = fragments;
    fragments = undefined;
    unit(timestamp, whole);
  }

  return {
    push({ payload, timestamp }) {
      try {
        pushPayload(payload, timestamp);
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        fragments = undefined;
        sink.dropped(error);
      }
    },
    lost() {
      fragments = undefined;
    },
  };
}

function readConfig(hex: string): ReturnType<typeof readAacConfig> {
  if (!/^([0-9a-f]{2}){2,64}$/i.test(hex)) throw new MediaError("malformed", "AAC without its config");
  return readAacConfig(fromHex(hex));
}

/** A field's width in bits. */
function width(parameters: SdpFormat["parameters"], name: string, fallback: number): number {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  if (!/^\d{1,2}$/.test(text) || Number(text) > 32)
    throw new MediaError("malformed", `AAC with ${name}=${text}`);
  return Number(text);
}

import { concatBytes } from "../../media/bytes/bytes.js";
import { adtsWriter } from "../../media/codec/adts.js";
import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack } from "../../media/model/track.js";
import type { SoundDecoder, SoundOutput } from "./sound-decoder.js";

/** Frames decoded at once. Each more costs delay, each less a call: there are 23 a second of AAC at 48 kHz. */
const FRAMES = 2;
/**
 * Frames before those, decoded once more and thrown away: an MDCT needs the one before, SBR and MP3's bit reservoir
 * (ISO/IEC 11172-3 section 2.4.3.4) some more.
 */
const PRIMING = { aac: 2, mp3: 4 };
/** Files under way; with more the browser does not keep up, and what comes is left out. */
const MAX_UNDER_WAY = 8;
/** A packet is the next of those before while it is off by less than this, microseconds. */
const SEAM_MICROS = 10_000;
/** Files in a row that could not be decoded. */
const MAX_FAILURES = 3;

/** Decodes a whole file; `BaseAudioContext.decodeAudioData`. */
type DecodeFile = (file: ArrayBuffer) => Promise<AudioBuffer>;

/** How one packet is written into a file; undefined where no file that browsers decode has its codec. */
export function fileWriter({ codec, config }: AudioTrack): ((frame: Uint8Array) => Uint8Array) | undefined {
  if (codec === "mp3") return (frame) => frame;
  if (codec !== "aac" || config.description === undefined) return undefined;
  try {
    return adtsWriter(config.description);
  } catch {
    return undefined;
  }
}

/**
 * Stands in for an AudioDecoder (Safari 16.4 to 17): small files of a few frames for `decodeAudioData`. What of a file
 * is new is counted from its end, since decoders may leave out what they take for padding at the beginning.
 */
export function createFileDecoder(
  track: AudioTrack,
  output: SoundOutput,
  failed: () => void,
  decode: DecodeFile = decodeOffline(track),
): SoundDecoder {
  const write = fileWriter(track);
  const { sampleRate, samplesPerFrame = 1024 } = track.config;
  const priming = PRIMING[track.codec === "mp3" ? "mp3" : "aac"];
  /** The newest packets, those for priming first. */
  let packets: Packet[] = [];
  let fresh = 0;
  let underWay = 0;
  let failures = 0;
  let closed = false;
  /** Files come back in the order in which they were given. */
  let queue: Promise<void> = Promise.resolve();

  async function decodeNext(file: Uint8Array, first: Packet, frames: number): Promise<void> {
    underWay += 1;
    const decoded = decode(file.buffer as ArrayBuffer).catch(() => undefined);
    const before = queue;
    await before;
    const buffer = await decoded;
    underWay -= 1;
    if (closed) return;
    if (buffer === undefined) {
      failures += 1;
      if (failures >= MAX_FAILURES) failed();
      return;
    }
    failures = 0;
    const wanted = Math.round((frames * samplesPerFrame * buffer.sampleRate) / sampleRate);
    const count = Math.min(wanted, buffer.length);
    const channels = Array.from({ length: Math.min(2, buffer.numberOfChannels) }, (_, channel) =>
      buffer.getChannelData(channel).slice(buffer.length - count),
    );
    output(first.pts + ((wanted - count) * 1_000_000) / buffer.sampleRate, channels, buffer.sampleRate);
  }

  return {
    push(packet) {
      if (write === undefined) return;
      const last = packets.at(-1);
      const frameMicros = (samplesPerFrame * 1_000_000) / sampleRate;
      if (last !== undefined && Math.abs(packet.pts - last.pts - frameMicros) > SEAM_MICROS) {
        packets = [];
        fresh = 0;
      }
      packets.push(packet);
      fresh += 1;
      // The first file is no smaller than the others: browsers do not take a frame or two for a file.
      if (fresh < FRAMES || packets.length < priming + FRAMES) return;
      const frames = fresh;
      fresh = 0;
      packets = packets.slice(-(priming + frames));
      if (underWay >= MAX_UNDER_WAY) return;
      const file = concatBytes(packets.map(({ data }) => write(data)));
      queue = decodeNext(file, packets.at(-frames) as Packet, frames);
    },
    close() {
      closed = true;
      packets = [];
    },
  };
}

/** At the track's own rate: between two files no resampling is to be heard. */
function decodeOffline({ config }: AudioTrack): DecodeFile {
  const context = new OfflineAudioContext(2, 1, config.sampleRate);
  return (file) => context.decodeAudioData(file);
}

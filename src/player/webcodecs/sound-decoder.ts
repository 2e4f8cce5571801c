import type { Packet } from "../../media/model/packet.js";
import type { AudioTrack } from "../../media/model/track.js";

/** Encoded sound that waits for the decoder; more is too late to be heard. */
const MAX_QUEUED = 100;
/**
 * Chromium's decoder counts samples from the first frame on, whatever the times of the later ones say. Where the two are
 * this far apart, after a gap or by clocks that drift, it begins anew. Microseconds.
 */
const DRIFT_MICROS = 15_000;

/** Samples of each channel, the first of which is due at a time of the media, microseconds. */
export type SoundOutput = (time: number, channels: readonly Float32Array[], sampleRate: number) => void;

/** Makes samples of one track's packets. After it failed it is of no use any more. */
export interface SoundDecoder {
  /** @throws what the browser throws */
  push(packet: Packet): void;
  close(): void;
}

/** The browser's own AudioDecoder. */
export function createNativeDecoder(
  track: AudioTrack,
  output: SoundOutput,
  failed: () => void,
): SoundDecoder {
  const { codec, description, sampleRate, numberOfChannels } = track.config;
  const decoder = new AudioDecoder({
    output(data) {
      const channels = Array.from({ length: Math.min(2, data.numberOfChannels) }, (_, planeIndex) => {
        const plane = new Float32Array(data.numberOfFrames);
        data.copyTo(plane, { planeIndex, format: "f32-planar" });
        return plane;
      });
      output(data.timestamp, channels, data.sampleRate);
      data.close();
    },
    error: failed,
  });
  const config = {
    codec,
    sampleRate,
    numberOfChannels,
    ...(description === undefined ? {} : { description: description as Uint8Array<ArrayBuffer> }),
  };
  decoder.configure(config);
  /** When the next frame is due by the decoder's count, microseconds. */
  let next: number | undefined;
  return {
    push(packet) {
      if (decoder.decodeQueueSize > MAX_QUEUED) return;
      const { pts, duration } = packet;
      if (next !== undefined && Math.abs(pts - next) > DRIFT_MICROS) {
        decoder.reset();
        decoder.configure(config);
        next = undefined;
      }
      next = duration === undefined ? undefined : (next ?? pts) + duration;
      decoder.decode(
        new EncodedAudioChunk({
          type: "key",
          timestamp: pts,
          data: packet.data as Uint8Array<ArrayBuffer>,
        }),
      );
    },
    close() {
      if (decoder.state !== "closed") decoder.close();
    },
  };
}

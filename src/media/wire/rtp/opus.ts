/** Opus over RTP (RFC 7587): a packet's payload is an Opus packet. */
import { opusHeadOf, opusPacketDuration, readOpusConfig } from "../../codec/opus.js";
import { MediaError } from "../../model/error.js";
import { AUDIO_TRACK_ID, type AudioTrack } from "../../model/track.js";
import type { SdpFormat } from "../sdp/sdp.js";
import type { Depacketizer, UnitSink } from "./depacketizer.js";

/**
 * A `dOps` body: version 0, two channels, nothing to skip, from 48 kHz, no gain, mapping family 0. RTP's Opus is always
 * described with two channels (section 4.1), and a decoder for two plays a packet of one too.
 */
const DOPS: readonly number[] = [0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0];

export function createOpusDepacketizer(_format: SdpFormat, sink: UnitSink): Depacketizer {
  const config = readOpusConfig(opusHeadOf(Uint8Array.from(DOPS)));
  const track: AudioTrack = { id: AUDIO_TRACK_ID, kind: "audio", codec: "opus", config };
  sink.track(track);
  return {
    push({ payload, timestamp }) {
      // Between talk spurts some senders send nothing (DTX).
      if (payload.length === 0) return;
      try {
        const duration = opusPacketDuration(payload);
        sink.unit({ track, timestamp, key: true, data: payload.slice(), duration });
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        sink.dropped(error);
      }
    },
    lost() {},
  };
}

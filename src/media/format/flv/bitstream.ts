import { isAdts, isLoas, readAacConfig } from "../../codec/aac.js";
import { isAv1Key, readAv1Config } from "../../codec/av1.js";
import { isAvcKey, readAvcConfig } from "../../codec/avc.js";
import { isHevcKey, readHevcConfig } from "../../codec/hevc.js";
import { readMp3Header } from "../../codec/mp3.js";
import { opusPacketDuration, readOpusConfig } from "../../codec/opus.js";
import { isVp9Key, readVp9Config } from "../../codec/vp9.js";
import { MediaError } from "../../model/error.js";
import type { AudioConfig, AudioTrack, VideoCodec, VideoConfig, VideoTrack } from "../../model/track.js";
import { isAvcRecoveryPoint } from "./random-access.js";

/** A video codec's configuration from the record in its sequence header. The record is kept: hand over a copy. */
export function readVideoConfig(codec: VideoCodec, record: Uint8Array): VideoConfig {
  switch (codec) {
    case "avc":
      return readAvcConfig(record);
    case "hevc":
      return readHevcConfig(record);
    case "av1":
      return readAv1Config(record);
    case "vp9":
      return readVp9Config(record);
  }
}

/** An audio codec's configuration from the record in its sequence header. The record is kept: hand over a copy. */
export function readAudioConfig(codec: "aac" | "opus", record: Uint8Array): AudioConfig {
  return codec === "aac" ? readAacConfig(record) : readOpusConfig(record);
}

/** MP3 has no sequence header: every frame is its own configuration. What varies from frame to frame is left out. */
export function mp3ConfigOf(frame: Uint8Array): AudioConfig {
  const { codec, sampleRate, numberOfChannels, samplesPerFrame } = readMp3Header(frame);
  return { codec, sampleRate, numberOfChannels, samplesPerFrame };
}

/**
 * Whether a frame is a random access point. The bitstream tells, not the tag: encoders mark frames that nothing can
 * begin with, and miss some that it can. The tag decides only where the bitstream is open: AVC without an IDR picture
 * (see isAvcRecoveryPoint).
 *
 * @param keyFlag what the tag says
 */
export function isKeyFrame(track: VideoTrack, data: Uint8Array, keyFlag: boolean): boolean {
  const nalLengthSize = track.config.nalLengthSize ?? 4;
  switch (track.codec) {
    case "avc":
      return isAvcKey(data, nalLengthSize) || (keyFlag && isAvcRecoveryPoint(data, nalLengthSize));
    case "hevc":
      return isHevcKey(data, nalLengthSize);
    case "av1":
      return isAv1Key(data);
    case "vp9":
      return isVp9Key(data);
  }
}

/** How long a frame plays, in microseconds. */
export function audioDurationOf(track: AudioTrack, data: Uint8Array): number | undefined {
  if (track.codec === "opus") return opusPacketDuration(data);
  const { samplesPerFrame, sampleRate } = track.config;
  return samplesPerFrame === undefined ? undefined : Math.round((samplesPerFrame * 1_000_000) / sampleRate);
}

/** FLV holds raw AAC frames (FLV specification, section E.4.2.2); ones with their own framing would play nowhere. */
export function refuseFramedAac(data: Uint8Array): void {
  if (isAdts(data)) throw new MediaError("unsupported", "AAC with ADTS headers inside FLV");
  if (isLoas(data)) throw new MediaError("unsupported", "AAC in LATM inside FLV");
}

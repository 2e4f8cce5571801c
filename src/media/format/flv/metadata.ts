import type { Metadata, MetadataValue } from "../../model/packet.js";
import type { AudioTrack, Track, VideoTrack } from "../../model/track.js";
import { codecIdOf, type FlvDialect } from "./tag-encoder.js";

/**
 * What a publisher's onMetaData says that is not true of what we send: our own fields, which are made anew, and facts
 * about a file as a whole, which a live stream and a recording that is still growing do not have.
 */
const REPLACED: ReadonlySet<string> = new Set(
  `hasVideo hasAudio width height videocodecid audiocodecid audiosamplerate audiosamplesize audiochannels stereo
  server duration filesize datasize videosize audiosize keyframes hasMetadata hasKeyframes hasCuePoints cuePoints
  canSeekToEnd lasttimestamp lastkeyframetimestamp lastkeyframelocation totalframes bytelength starttime
  totalduration totaldatarate absRecordTime`.split(/\s+/),
);
const VIDEO_ONLY: ReadonlySet<string> = new Set([
  "framerate",
  "videodatarate",
  "displayWidth",
  "displayHeight",
]);
const AUDIO_ONLY: ReadonlySet<string> = new Set(["audiodatarate", "audiodelay"]);

/** What is passed on is repeated to every reader: enough for encoders' real fields, and no more. */
const MAX_FIELDS = 64;
const MAX_TEXT = 1024;

/**
 * The fields of an onMetaData that tells the truth about these tracks; the publisher's own harmless ones (`title`,
 * `encoder`, `videodatarate`, …) follow. The `duration` is 0, as live servers have it: it is not known, but there are
 * players (Ruffle) that show no picture of a stream that says nothing of it.
 *
 * Sizes and rates come from the decoder configurations: `audiosamplerate` is the rate that is heard, for HE-AAC the one
 * after SBR (Enhanced RTMP v2, "Enhancing onMetaData": "Frequency at which the audio stream is replayed"). Only the
 * frame rate is the publisher's if it gives one: bitstreams often leave it out, or name a tick instead.
 */
export function describeStream(tracks: readonly Track[], publisher: Metadata, dialect: FlvDialect): Metadata {
  const video = tracks.find((track) => track.kind === "video");
  const audio = tracks.find((track) => track.kind === "audio");
  const fields: Record<string, MetadataValue> = {
    duration: 0,
    hasVideo: video !== undefined,
    hasAudio: audio !== undefined,
  };
  if (video !== undefined) Object.assign(fields, describeVideo(video, publisher, dialect));
  if (audio !== undefined) Object.assign(fields, describeAudio(audio, dialect));
  fields.server = "Sluice";
  let passed = 0;
  for (const [name, value] of Object.entries(publisher)) {
    if (passed === MAX_FIELDS) break;
    if (Object.hasOwn(fields, name) || REPLACED.has(name) || name === "__proto__" || name === "") continue;
    if ((VIDEO_ONLY.has(name) && video === undefined) || (AUDIO_ONLY.has(name) && audio === undefined))
      continue;
    if (!isSmall(name) || (typeof value === "object" && value !== null) || !isSmall(value)) continue;
    fields[name] = value;
    passed += 1;
  }
  return fields;
}

function describeVideo(track: VideoTrack, publisher: Metadata, dialect: FlvDialect): Metadata {
  const { codedWidth, codedHeight, frameRate } = track.config;
  const told = publisher.framerate;
  const rate = typeof told === "number" && told > 0 && told <= 1000 ? told : frameRate;
  return {
    width: codedWidth,
    height: codedHeight,
    ...(rate === undefined ? {} : { framerate: rate }),
    videocodecid: codecIdOf(track, dialect),
  };
}

function describeAudio(track: AudioTrack, dialect: FlvDialect): Metadata {
  const { sampleRate, numberOfChannels } = track.config;
  return {
    audiocodecid: codecIdOf(track, dialect),
    audiosamplerate: sampleRate,
    // Compressed formats decode to 16 bits (FLV specification, section E.4.2.1).
    audiosamplesize: 16,
    audiochannels: numberOfChannels,
    stereo: numberOfChannels > 1,
  };
}

function isSmall(value: MetadataValue | undefined): value is MetadataValue {
  return value !== undefined && !(typeof value === "string" && value.length > MAX_TEXT);
}

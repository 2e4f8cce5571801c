import { equalBytes } from "../../bytes/bytes.js";
import { isOpusTags } from "../../codec/opus.js";
import { vp9SizeOf } from "../../codec/vp9.js";
import type { DemuxerSink } from "../../model/container.js";
import { MediaError } from "../../model/error.js";
import { type Packet, sameConfig } from "../../model/packet.js";
import { MICROS_PER_MS, Unwrap } from "../../model/time.js";
import {
  AUDIO_TRACK_ID,
  type AudioCodec,
  type AudioTrack,
  DATA_TRACK_ID,
  type DataTrack,
  VIDEO_TRACK_ID,
  type VideoCodec,
  type VideoTrack,
} from "../../model/track.js";
import {
  audioDurationOf,
  isKeyFrame,
  mp3ConfigOf,
  readAudioConfig,
  readVideoConfig,
  refuseFramedAac,
} from "./bitstream.js";
import { TAG_AUDIO, TAG_SCRIPT, TAG_SCRIPT_AMF3, TAG_VIDEO } from "./constants.js";
import { readScriptBody } from "./script.js";
import { type AudioUnit, readAudioBody, readVideoBody, type TagUnit, type VideoUnit } from "./tag-body.js";

/** What the tags of one source, from a file or as RTMP messages, are fed to. */
export interface TagDecoder {
  /**
   * Takes one tag's or RTMP message's body. A body that cannot be understood goes to the sink's `dropped`.
   *
   * @param type 8 audio, 9 video, 18 script data, 15 RTMP's AMF3 data; others are dropped
   * @param timestampMs its timestamp in milliseconds, 32 bits as they stand
   * @param body borrowed for the call
   * @param receivedAt microseconds since the Unix epoch, copied to the packets
   */
  decode(type: number, timestampMs: number, body: Uint8Array, receivedAt: number): void;
}

/** Which of a source's tracks of one kind is read, and its configuration in force. */
interface Selection<T extends VideoTrack | AudioTrack> {
  trackId: number | undefined;
  track: T | undefined;
  /** It is this one, whatever others come. */
  readonly isFixed: boolean;
}

/** What of a source is read. */
export interface TagDecoderOptions {
  /** Of Multitrack only the picture with this track id; chosen by the decoder where absent. */
  readonly videoTrack?: number | undefined;
}

const DATA_TRACK: DataTrack = { id: DATA_TRACK_ID, kind: "data", codec: "amf0", config: { codec: "amf0" } };

/** Script data that speaks of one RTMP connection or command, not of the stream. */
const CONNECTION_SCRIPTS: ReadonlySet<string> = new Set(["|RtmpSampleAccess", "@clearDataFrame", "onStatus"]);

/**
 * Turns the bodies of one source's tags into tracks, packets and metadata.
 *
 * Of Multitrack it reads one track of each kind: the one whose configuration comes first, or track 0 (the default track
 * by Enhanced RTMP v2, and the one outside Multitrack) as soon as that has one. The others are left out silently.
 */
export function createTagDecoder(sink: DemuxerSink, options: TagDecoderOptions = {}): TagDecoder {
  const { videoTrack } = options;
  const clock = new Unwrap(32);
  const video: Selection<VideoTrack> = {
    trackId: videoTrack,
    track: undefined,
    isFixed: videoTrack !== undefined,
  };
  const audio: Selection<AudioTrack> = { trackId: undefined, track: undefined, isFixed: false };
  /** The last media timestamp, unwrapped. */
  let mediaMs: number | undefined;
  let dataTrackTold = false;

  /** One clock for all tracks: only media moves it, as publishers stamp configurations and script data with 0. */
  function mediaTime(timestampMs: number): number {
    const unwrapped = clock.next(timestampMs);
    mediaMs = unwrapped;
    return unwrapped * MICROS_PER_MS;
  }

  function setTrack<T extends VideoTrack | AudioTrack>(selection: Selection<T>, track: T): void {
    const known = selection.track;
    if (known !== undefined && sameConfig(known, track)) return;
    selection.track = track;
    sink.track(track);
  }

  /** VP9's record has no size (0 by 0): the track is told with a key frame, which has one. */
  function holdVp9(track: VideoTrack): void {
    const known = video.track;
    if (known !== undefined && sameConfig(known, sizedAs(track, known.config))) return;
    video.track = track;
  }

  function sizeVp9(track: VideoTrack, key: boolean, data: Uint8Array): void {
    const size = key ? vp9SizeOf(data) : undefined;
    if (size !== undefined)
      setTrack(video, sizedAs(track, { codedWidth: size.width, codedHeight: size.height }));
    else if (track.config.codedWidth === 0) {
      throw new MediaError("malformed", "vp9 frame before its first key frame");
    }
  }

  function decodeVideo(unit: VideoUnit, timestampMs: number, receivedAt: number): void {
    if (unit.codec === undefined) {
      if (isOther(unit, video)) return;
      throw new MediaError("unsupported", `video codec ${unit.codecName}`);
    }
    if (unit.part === "config") {
      if (!select(unit, video) || repeatsConfig(unit, video)) return;
      const config = readVideoConfig(unit.codec, unit.data.slice());
      video.trackId = unit.trackId;
      const track: VideoTrack = { id: VIDEO_TRACK_ID, kind: "video", codec: unit.codec, config };
      if (unit.codec === "vp9") holdVp9(track);
      else setTrack(video, track);
      return;
    }
    if (isOther(unit, video)) return;
    if (video.track === undefined || video.track.codec !== unit.codec) throw withoutConfig(unit);
    const key = isKeyFrame(video.track, unit.data, unit.keyFlag);
    if (unit.codec === "vp9") sizeVp9(video.track, key, unit.data);
    const track = video.track;
    const dts = mediaTime(timestampMs);
    const pts = dts + unit.compositionTime * MICROS_PER_MS + unit.offset;
    sink.packet({ track, dts, pts, key, data: unit.data.slice(), receivedAt });
  }

  function decodeAudio(unit: AudioUnit, timestampMs: number, receivedAt: number): void {
    if (unit.codec === undefined) {
      if (isOther(unit, audio)) return;
      throw new MediaError("unsupported", `audio codec ${unit.codecName}`);
    }
    if (unit.part === "config") {
      // MP3's frames tell all; Opus' second header holds only comments (RFC 7845, section 5.2).
      if (unit.codec === "mp3" || isOpusTags(unit.data)) return;
      if (!select(unit, audio) || repeatsConfig(unit, audio)) return;
      const config = readAudioConfig(unit.codec, unit.data.slice());
      audio.trackId = unit.trackId;
      setTrack(audio, { id: AUDIO_TRACK_ID, kind: "audio", codec: unit.codec, config });
      return;
    }
    if (isOther(unit, audio)) return;
    if (unit.codec === "mp3") {
      const config = mp3ConfigOf(unit.data);
      audio.trackId = unit.trackId;
      setTrack(audio, { id: AUDIO_TRACK_ID, kind: "audio", codec: "mp3", config });
    }
    const track = audio.track;
    if (track === undefined || track.codec !== unit.codec) throw withoutConfig(unit);
    if (unit.codec === "aac") refuseFramedAac(unit.data);
    const duration = audioDurationOf(track, unit.data);
    const dts = mediaTime(timestampMs) + unit.offset;
    const packet: Packet = { track, dts, pts: dts, key: true, data: unit.data.slice(), receivedAt };
    sink.packet(duration === undefined ? packet : { ...packet, duration });
  }

  function decodeScript(type: number, timestampMs: number, body: Uint8Array, receivedAt: number): void {
    if (body.length === 0) return;
    const script = readScriptBody(type, body);
    if (script.metadata !== undefined) {
      sink.metadata?.(script.metadata);
      return;
    }
    if (CONNECTION_SCRIPTS.has(script.name)) return;
    if (!dataTrackTold) {
      dataTrackTold = true;
      sink.track(DATA_TRACK);
    }
    const near = mediaMs ?? timestampMs >>> 0;
    const dts = (near + ((timestampMs - near) | 0)) * MICROS_PER_MS;
    sink.packet({ track: DATA_TRACK, dts, pts: dts, key: true, data: script.body.slice(), receivedAt });
  }

  function report(error: unknown): void {
    if (!(error instanceof MediaError)) throw error;
    sink.dropped?.(error);
  }

  /** A part that cannot be read takes no other with it. */
  function decodeUnits<U>(
    units: readonly U[],
    decodeUnit: (unit: U, timestampMs: number, receivedAt: number) => void,
    timestampMs: number,
    receivedAt: number,
  ): void {
    for (const unit of units) {
      try {
        decodeUnit(unit, timestampMs, receivedAt);
      } catch (error) {
        report(error);
      }
    }
  }

  return {
    decode(type, timestampMs, body, receivedAt) {
      try {
        if (type === TAG_VIDEO) decodeUnits(readVideoBody(body), decodeVideo, timestampMs, receivedAt);
        else if (type === TAG_AUDIO) decodeUnits(readAudioBody(body), decodeAudio, timestampMs, receivedAt);
        else if (type === TAG_SCRIPT || type === TAG_SCRIPT_AMF3) {
          decodeScript(type, timestampMs, body, receivedAt);
        } else throw new MediaError("unsupported", `tag type ${type}`);
      } catch (error) {
        report(error);
      }
    },
  };
}

/** Whether this is another track than the one we read. */
function isOther(unit: TagUnit<unknown>, selection: { readonly trackId: number | undefined }): boolean {
  return selection.trackId !== undefined && selection.trackId !== unit.trackId;
}

/** Whether this configuration's track is, or now becomes, the one we read. */
function select(
  unit: TagUnit<unknown>,
  selection: { readonly trackId: number | undefined; readonly isFixed: boolean },
): boolean {
  return (unit.trackId === 0 && !selection.isFixed) || !isOther(unit, selection);
}

function repeatsConfig(
  unit: TagUnit<VideoCodec | AudioCodec>,
  selection: Selection<VideoTrack> | Selection<AudioTrack>,
): boolean {
  const track = selection.track;
  if (track?.codec !== unit.codec || isOther(unit, selection)) return false;
  const known = track?.config.description;
  return known !== undefined && equalBytes(known, unit.data);
}

function sizedAs(track: VideoTrack, size: { codedWidth: number; codedHeight: number }): VideoTrack {
  const { codedWidth, codedHeight } = size;
  return { ...track, config: { ...track.config, codedWidth, codedHeight } };
}

function withoutConfig(unit: TagUnit<unknown>): MediaError {
  return new MediaError("malformed", `${unit.codecName} frame before its sequence header`);
}

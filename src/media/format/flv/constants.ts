/**
 * The numbers of FLV (Adobe Flash Video File Format Specification 10.1, Annex E) and of Enhanced RTMP v2
 * (veovera.org, "Enhanced Audio" and "Enhanced Video"). RTMP messages carry the same types and bodies.
 */

/** Tag types, section E.4.1; also RTMP's message types. */
export const TAG_AUDIO = 8;
export const TAG_VIDEO = 9;
export const TAG_SCRIPT = 18;
/** RTMP's AMF3 data message: a zero byte, then the body of a script tag. */
export const TAG_SCRIPT_AMF3 = 15;

/** Bytes of an FLV header, a tag header and a PreviousTagSize. */
export const FLV_HEADER_SIZE = 9;
export const TAG_HEADER_SIZE = 11;
export const PREVIOUS_TAG_SIZE_SIZE = 4;

/** Frame types of a video tag, section E.4.3.1. */
export const FRAME_KEY = 1;
export const FRAME_INTER = 2;
export const FRAME_COMMAND = 5;

/** Codec ids of a legacy video tag. 12 and 13 are not Adobe's: Chinese encoders and CDNs agreed on them. */
export const VIDEO_AVC = 7;
export const VIDEO_HEVC = 12;
export const VIDEO_AV1 = 13;

/** AVCPacketType, section E.4.3.1. */
export const AVC_SEQUENCE_HEADER = 0;
export const AVC_NALU = 1;
export const AVC_END_OF_SEQUENCE = 2;

/** SoundFormat of an audio tag, section E.4.2.1. 9 opens Enhanced RTMP's header. */
export const SOUND_MP3 = 2;
export const SOUND_EX_HEADER = 9;
export const SOUND_AAC = 10;
export const SOUND_MP3_8K = 14;

/** AACPacketType, section E.4.2.1. */
export const AAC_SEQUENCE_HEADER = 0;
export const AAC_RAW = 1;

/** Enhanced RTMP: the packet types that audio and video share, and those that they do not. */
export const EX_SEQUENCE_START = 0;
export const EX_CODED_FRAMES = 1;
export const EX_SEQUENCE_END = 2;
export const EX_MOD_EX = 7;
export const EX_VIDEO_CODED_FRAMES_X = 3;
export const EX_VIDEO_METADATA = 4;
export const EX_VIDEO_MPEG2TS_SEQUENCE_START = 5;
export const EX_VIDEO_MULTITRACK = 6;
export const EX_AUDIO_MULTICHANNEL_CONFIG = 4;
export const EX_AUDIO_MULTITRACK = 5;

/** Enhanced RTMP: AvMultitrackType. */
export const MULTITRACK_ONE_TRACK = 0;
export const MULTITRACK_MANY_TRACKS = 1;
export const MULTITRACK_MANY_TRACKS_MANY_CODECS = 2;

/** Enhanced RTMP: the only ModEx type so far. */
export const MOD_EX_TIMESTAMP_OFFSET_NANO = 0;

/** FourCC values, most significant byte first, as onMetaData's codec ids have them too. */
export const FOURCC_AVC = 0x61766331; // avc1
export const FOURCC_HEVC = 0x68766331; // hvc1
export const FOURCC_AV1 = 0x61763031; // av01
export const FOURCC_VP9 = 0x76703039; // vp09
export const FOURCC_AAC = 0x6d703461; // mp4a
export const FOURCC_OPUS = 0x4f707573; // Opus
export const FOURCC_MP3 = 0x2e6d7033; // .mp3

/** The four characters of a FourCC, for messages; what is no printable ASCII shows as `?`. */
export function fourCcText(fourCc: number): string {
  let text = "";
  for (const shift of [24, 16, 8, 0]) {
    const code = (fourCc >>> shift) & 0xff;
    text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "?";
  }
  return text;
}

/**
 * `sluice/media`: the media toolkit. Containers, codec headers and AMF, for Node and browsers alike: no I/O, no clock,
 * no dependencies; bytes are `Uint8Array`, times integer microseconds. Parsers throw `MediaError` and nothing else.
 *
 * ```ts
 * import { createFlvDemuxer, demuxerStream, fmp4Format, muxerStream } from "sluice/media";
 *
 * const fmp4 = (await fetch(url)).body
 *   .pipeThrough(demuxerStream(createFlvDemuxer))
 *   .pipeThrough(muxerStream(fmp4Format()));
 * ```
 */

// Bytes: what a muxer writes to.
export { ByteWriter } from "./bytes/writer.js";

// Codecs: decoder configuration records to WebCodecs-shaped configurations, for tracks made in code.
export { type AacConfig, type AacParameters, readAacConfig, writeAacConfig } from "./codec/aac.js";
export { isAv1Key, readAv1Config } from "./codec/av1.js";
export { avcConfigOf, isAvcKey, readAvcConfig } from "./codec/avc.js";
export { type AvcSps, parseAvcSps } from "./codec/avc-sps.js";
export { isHevcKey, readHevcConfig } from "./codec/hevc.js";
export { type Mp3Header, readMp3Header } from "./codec/mp3.js";
export type { NalLengthSize } from "./codec/nal.js";
export { type OpusConfig, opusPacketDuration, readOpusConfig } from "./codec/opus.js";
export { isVp9Key, readVp9Config } from "./codec/vp9.js";

// AMF: the bodies of data tracks (AMF0), and what RTMP's commands are written in.
export { decodeAmf0, encodeAmf0 } from "./format/amf/amf0.js";
export { decodeAmf3, encodeAmf3 } from "./format/amf/amf3.js";
export type { AmfLimits, AmfObject, AmfValue } from "./format/amf/value.js";

// FLV.
export { createFlvDemuxer } from "./format/flv/demuxer.js";
export { type FlvOptions, flvFormat, TRACKS_SCRIPT } from "./format/flv/muxer.js";
export { createTagDecoder, type TagDecoder } from "./format/flv/tag-decoder.js";
export type { FlvDialect } from "./format/flv/tag-encoder.js";

// Fragmented MP4.
export { mp4MimeType } from "./format/mp4/mime.js";
export { fmp4Format } from "./format/mp4/muxer.js";

// The model: tracks, packets, and what every container is made of.
export type { ContainerFormat, Demuxer, DemuxerSink, Muxer, MuxerInit } from "./model/container.js";
export { MediaError, type MediaErrorCode } from "./model/error.js";
export { type Metadata, type MetadataValue, type Packet, sameConfig } from "./model/packet.js";
export { type Baseline, MediaClock, microsOf, microsOfNtp, Unwrap } from "./model/time.js";
export {
  AUDIO_TRACK_ID,
  type AudioCodec,
  type AudioConfig,
  type AudioTrack,
  DATA_TRACK_ID,
  type DataCodec,
  type DataTrack,
  type Track,
  type TrackKind,
  VIDEO_TRACK_ID,
  type VideoCodec,
  type VideoConfig,
  type VideoTrack,
} from "./model/track.js";

// Any of them as Web TransformStreams.
export {
  type DemuxerStreamOptions,
  demuxerStream,
  type MuxerStreamOptions,
  muxerStream,
} from "./stream.js";
// RTMP without sockets: bytes in; bytes, requests and messages out. Media messages are FLV tag bodies, for
// `createTagDecoder`; `rtmpFormat` makes the messages that players get.
export type { RtmpCapabilities } from "./wire/rtmp/capabilities.js";
export type { ChunkLimits } from "./wire/rtmp/chunk-reader.js";
export { createRtmpClientConnection } from "./wire/rtmp/client.js";
export type {
  RtmpClientConnection,
  RtmpClientHandler,
  RtmpClientOptions,
  RtmpFailure,
} from "./wire/rtmp/client-types.js";
export type { DigestScheme, RtmpCrypto } from "./wire/rtmp/digest.js";
export { type RtmpFormatOptions, rtmpFormat } from "./wire/rtmp/muxer.js";
export type { StreamAddress } from "./wire/rtmp/name.js";
export { createRtmpServerConnection } from "./wire/rtmp/server.js";
export type { RtmpRequest, StopReason } from "./wire/rtmp/server-request.js";
export type {
  RtmpConnectInfo,
  RtmpServerConnection,
  RtmpServerHandler,
  RtmpServerOptions,
} from "./wire/rtmp/server-types.js";
// RTP and RTSP without sockets: a client's requests and answers, and a receiver that makes packets of a source's RTP.
export { type RtpFormat, rtpFormatOf } from "./wire/rtp/depacketizer.js";
export {
  type Arrival,
  createRtpReceiver,
  type RtpReceiver,
  type RtpReceiverHandler,
  type RtpReceiverInit,
} from "./wire/rtp/receiver.js";
export type { Alignment, RtpTimeline } from "./wire/rtp/timeline.js";
export type { RtspCredentials, RtspCrypto } from "./wire/rtsp/auth.js";
export {
  createRtspClient,
  type RtspClient,
  type RtspClientHandler,
  type RtspClientOptions,
  type RtspFailure,
  type RtspSetup,
} from "./wire/rtsp/client.js";
export type { RtspTransport, RtspTransportReply } from "./wire/rtsp/transport.js";
export { parseSdp, type SdpFormat, type SdpMedia, type SessionDescription } from "./wire/sdp/sdp.js";

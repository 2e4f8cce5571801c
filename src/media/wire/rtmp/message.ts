/**
 * RTMP messages: "Adobe's Real Time Messaging Protocol" 1.0 (2012); section numbers in this folder are its.
 */

/** Message types, sections 5.4 and 7.1. */
export const SET_CHUNK_SIZE = 1;
export const ABORT = 2;
export const ACKNOWLEDGEMENT = 3;
export const USER_CONTROL = 4;
export const WINDOW_ACKNOWLEDGEMENT_SIZE = 5;
export const SET_PEER_BANDWIDTH = 6;
export const AUDIO = 8;
export const VIDEO = 9;
export const DATA_AMF3 = 15;
export const COMMAND_AMF3 = 17;
export const DATA_AMF0 = 18;
export const COMMAND_AMF0 = 20;
export const AGGREGATE = 22;

/** User control events, section 7.1.7. */
export const EVENT_STREAM_BEGIN = 0;
export const EVENT_STREAM_EOF = 1;
export const EVENT_SET_BUFFER_LENGTH = 3;
export const EVENT_PING_REQUEST = 6;
export const EVENT_PING_RESPONSE = 7;

/** Limit types of Set Peer Bandwidth, section 5.4.5. */
export const LIMIT_HARD = 0;
export const LIMIT_SOFT = 1;
export const LIMIT_DYNAMIC = 2;

/** Chunk streams that we write on: any number will do, but these are what others use. */
export const CONTROL_CHUNK_STREAM = 2;
export const COMMAND_CHUNK_STREAM = 3;
export const AUDIO_CHUNK_STREAM = 4;
export const DATA_CHUNK_STREAM = 5;
export const VIDEO_CHUNK_STREAM = 6;

/** The chunk size in force until a Set Chunk Size, section 5.4.1. */
export const INITIAL_CHUNK_SIZE = 128;

/**
 * Where messages are handed.
 *
 * @param type the message type
 * @param timestamp raw milliseconds, unsigned 32 bits: it wraps
 * @param streamId the message stream
 * @param body a view that is only valid during the call
 */
export type MessageSink = (type: number, timestamp: number, streamId: number, body: Uint8Array) => void;

/** The chunk stream on which a message of this type is written. */
export function chunkStreamOf(type: number): number {
  switch (type) {
    case AUDIO:
      return AUDIO_CHUNK_STREAM;
    case VIDEO:
      return VIDEO_CHUNK_STREAM;
    case DATA_AMF0:
    case DATA_AMF3:
      return DATA_CHUNK_STREAM;
    case COMMAND_AMF0:
    case COMMAND_AMF3:
      return COMMAND_CHUNK_STREAM;
    default:
      return CONTROL_CHUNK_STREAM;
  }
}

/** The numbers of NUT, FFmpeg's own container: https://ffmpeg.org/~michael/nut.txt */

/** A file starts with it, a zero byte included. */
export const ID_STRING = "nut/multimedia container\0";

/** What packets other than frames begin with, as hexadecimal digits: more than a number holds. */
export const MAIN_STARTCODE = "4e4d7a561f5f04ad";
export const STREAM_STARTCODE = "4e5311405bf2f9db";
export const SYNCPOINT_STARTCODE = "4e4be4adeeca4569";
/** The first byte of all startcodes, and of no frame. */
export const STARTCODE_FIRST = 0x4e;
export const STARTCODE_SIZE = 8;

/** What a frame's header holds. */
export const FLAG_KEY = 1;
export const FLAG_CODED_PTS = 8;
export const FLAG_STREAM_ID = 16;
export const FLAG_SIZE_MSB = 32;
export const FLAG_CHECKSUM = 64;
export const FLAG_RESERVED = 128;
export const FLAG_SIDE_DATA = 256;
export const FLAG_HEADER_INDEX = 1024;
export const FLAG_MATCH_TIME = 2048;
export const FLAG_CODED = 4096;
export const FLAG_INVALID = 8192;

/** `main_version` that readers know without more. */
export const VERSION = 3;
/** A packet's header has a checksum of its own if the packet is longer; frames longer than this have no elided header. */
export const LONG_PACKET = 4096;

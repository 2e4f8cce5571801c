import { ByteWriter } from "../../bytes/writer.js";
import { describeStream } from "../../format/flv/metadata.js";
import { writeMetadataBody } from "../../format/flv/script.js";
import type { FlvDialect } from "../../format/flv/tag-encoder.js";
import {
  compositionTimeOf,
  tagTimestamp,
  tagTypeOf,
  writeConfigBody,
  writePacketHead,
} from "../../format/flv/tag-encoder.js";
import type { ContainerFormat, Muxer, MuxerInit } from "../../model/container.js";
import type { Track } from "../../model/track.js";
import type { OpenMessage } from "./chunk-writer.js";
import { openMessage, writeMessage } from "./chunk-writer.js";
import { chunkStreamOf, DATA_AMF0 } from "./message.js";

export interface RtmpFormatOptions {
  /** How codecs are written; default `standard`. */
  readonly dialect?: FlvDialect;
}

/** The message stream of everything that `rtmpFormat` writes: the first one that a connection creates. */
export const PLAY_STREAM_ID = 1;

/**
 * The messages that an RTMP player gets, in chunks of `PLAY_CHUNK_SIZE`: metadata, configurations and packets on
 * message stream 1, each with a full header, so that any of it may follow any other.
 */
export function rtmpFormat(options: RtmpFormatOptions = {}): ContainerFormat {
  const { dialect = "standard" } = options;
  return {
    key: dialect === "standard" ? "rtmp" : `rtmp+${dialect}`,
    lateTracks: true,
    // Players take a new configuration of the same codec, but none expects another codec.
    canChange: (from, to) => from.kind === to.kind && from.codec === to.codec,
    carries: () => true,
    createMuxer: (init) => createRtmpMuxer(init, dialect),
  };
}

function createRtmpMuxer(init: MuxerInit, dialect: FlvDialect): Muxer {
  /** Holds the few bytes of a body before its data. */
  const scratch = new ByteWriter(64);

  function open(type: number, at: number, out: ByteWriter): OpenMessage {
    return openMessage(out, chunkStreamOf(type), type, tagTimestamp(at, init.zero), PLAY_STREAM_ID);
  }

  function config(track: Track, at: number, out: ByteWriter): void {
    if (!writeConfigBody(track, dialect, scratch)) return;
    const message = open(tagTypeOf(track), at, out);
    message.write(scratch.finish());
    message.close();
  }

  return {
    start(tracks, at) {
      const out = new ByteWriter();
      writeMetadataBody(describeStream(tracks, init.metadata, dialect), scratch);
      // Always stamped 0: FFmpeg takes an onMetaData of any other time for subtitles, and adds a stream for them.
      writeMessage(out, chunkStreamOf(DATA_AMF0), DATA_AMF0, 0, PLAY_STREAM_ID, scratch.finish());
      for (const kind of ["video", "audio"]) {
        for (const track of tracks) if (track.kind === kind) config(track, at, out);
      }
      return out.finish();
    },
    config,
    write(packet, out) {
      const { track, data, dts } = packet;
      writePacketHead(packet, compositionTimeOf(packet, init.zero), dialect, scratch);
      const head = scratch.finish();
      // Headers and data in one step, instead of growing twice.
      out.reserve(data.length + 64);
      const message = open(tagTypeOf(track), dts, out);
      message.write(head);
      message.write(data);
      message.close();
    },
    flush() {},
  };
}

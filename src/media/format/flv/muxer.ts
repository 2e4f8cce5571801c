import { ByteWriter } from "../../bytes/writer.js";
import type { ContainerFormat, Muxer, MuxerInit } from "../../model/container.js";
import type { Metadata, Packet } from "../../model/packet.js";
import type { Track } from "../../model/track.js";
import { FLV_HEADER_SIZE, TAG_HEADER_SIZE, TAG_SCRIPT } from "./constants.js";
import { describeStream } from "./metadata.js";
import { writeMetadataBody, writeScriptBody } from "./script.js";
import {
  compositionTimeOf,
  type FlvDialect,
  tagTimestamp,
  tagTypeOf,
  writeConfigBody,
  writePacketBody,
} from "./tag-encoder.js";

/** How `flvFormat` writes. */
export interface FlvOptions {
  /** How codecs are written; `standard` by default. */
  readonly dialect?: FlvDialect;
  /**
   * Repeats onMetaData before each video key frame (off by default), with `absRecordTime`: when that key frame was
   * received, in milliseconds since the Unix epoch, so that players can tell how far behind they are. Other servers
   * and players know the field by this name.
   */
  readonly metadataAtKey?: boolean;
}

/**
 * The name of the script tag that says a track has come which the header does not announce, with `hasVideo` and
 * `hasAudio` as they are now: our player joins anew. It is not onMetaData, whose flags some players obey at once and
 * then wait for the missing track.
 */
export const TRACKS_SCRIPT = "onTracks";

/** FLV (Adobe Flash Video File Format Specification 10.1, Annex E; Enhanced RTMP v2 for codecs it does not know). */
export function flvFormat(options: FlvOptions = {}): ContainerFormat {
  const { dialect = "standard", metadataAtKey = false } = options;
  return {
    key: `flv${dialect === "standard" ? "" : `+${dialect}`}${metadataAtKey ? "+metadata" : ""}`,
    lateTracks: false,
    // Readers take a new sequence header of the same codec, but none expects another codec.
    canChange: (from, to) => from.kind === to.kind && from.codec === to.codec,
    carries: () => true,
    createMuxer: (init) => createFlvMuxer(init, dialect, metadataAtKey),
  };
}

function createFlvMuxer(init: MuxerInit, dialect: FlvDialect, metadataAtKey: boolean): Muxer {
  const announced = new Set(init.tracks.map(({ id }) => id));
  /** The announced tracks with the configurations of the newest packets. */
  let current = init.tracks;

  /** Always stamped 0: FFmpeg takes an onMetaData of any other time for subtitles, and adds a stream for them. */
  function writeMetadata(metadata: Metadata, out: ByteWriter): void {
    const tag = beginTag(TAG_SCRIPT, 0, out);
    writeMetadataBody(metadata, out);
    endTag(tag, out);
  }

  function config(track: Track, at: number, out: ByteWriter): void {
    if (track.kind === "data" || track.config.description === undefined) return;
    const tag = beginTag(tagTypeOf(track), tagTimestamp(at, init.zero), out);
    writeConfigBody(track, dialect, out);
    endTag(tag, out);
  }

  return {
    start(tracks, at) {
      const shown = tracks.filter(({ id }) => announced.has(id));
      const out = new ByteWriter();
      writeHeader(shown, out);
      writeMetadata(describeStream(shown, init.metadata, dialect), out);
      for (const kind of ["video", "audio"]) {
        for (const track of shown) if (track.kind === kind) config(track, at, out);
      }
      return out.finish();
    },
    config,
    lateTrack(track, at, out) {
      const kinds = new Set([...init.tracks, track].map(({ kind }) => kind));
      const tag = beginTag(TAG_SCRIPT, tagTimestamp(at, init.zero), out);
      writeScriptBody(TRACKS_SCRIPT, { hasVideo: kinds.has("video"), hasAudio: kinds.has("audio") }, out);
      endTag(tag, out);
    },
    write(packet, out) {
      const { track } = packet;
      if (track.kind !== "data" && !announced.has(track.id)) return;
      if (metadataAtKey && track.kind === "video" && packet.key) {
        current = current.map((known) => (known.id === track.id ? track : known));
        const metadata = describeStream(current, init.metadata, dialect);
        const absRecordTime = Math.floor(packet.receivedAt / 1000);
        writeMetadata({ ...metadata, absRecordTime }, out);
      }
      writePacket(packet, init.zero, dialect, out);
    },
    flush() {},
  };
}

/** Section E.2, and the PreviousTagSize0 behind it. */
function writeHeader(tracks: readonly Track[], out: ByteWriter): void {
  const has = (kind: Track["kind"]) => tracks.some((track) => track.kind === kind);
  out.write(Uint8Array.of(0x46, 0x4c, 0x56, 1, (has("audio") ? 4 : 0) | (has("video") ? 1 : 0)));
  out.u32(FLV_HEADER_SIZE);
  out.u32(0);
}

function writePacket(packet: Packet, zero: number, dialect: FlvDialect, out: ByteWriter): void {
  // Head, data and PreviousTagSize in one step, instead of growing twice.
  out.reserve(packet.data.length + 32);
  const tag = beginTag(tagTypeOf(packet.track), tagTimestamp(packet.dts, zero), out);
  writePacketBody(packet, compositionTimeOf(packet, zero), dialect, out);
  endTag(tag, out);
}

/** Writes a tag header (section E.4.1) of yet unknown size; the result is for `endTag`. */
function beginTag(type: number, timestamp: number, out: ByteWriter): number {
  const start = out.length;
  out.u8(type);
  out.u24(0);
  out.u24(timestamp & 0xff_ffff);
  // Division, not a shift: timestamps are wrapped to 32 bits only here.
  out.u8(Math.floor(timestamp / 0x100_0000) & 0xff);
  out.u24(0);
  return start;
}

/** Fills in the size of the tag begun at `start` and appends its PreviousTagSize. */
function endTag(start: number, out: ByteWriter): void {
  const size = out.length - start - TAG_HEADER_SIZE;
  out.setU24(start + 1, size);
  out.u32(TAG_HEADER_SIZE + size);
}

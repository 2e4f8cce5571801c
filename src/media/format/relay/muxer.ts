import { ByteWriter } from "../../bytes/writer.js";
import type { ContainerFormat, Muxer, MuxerInit } from "../../model/container.js";
import type { Packet } from "../../model/packet.js";
import type { Track } from "../../model/track.js";
import type { RelayClock } from "./clock.js";
import {
  FLAG_DATA,
  FLAG_DURATION,
  FLAG_KEY,
  PACKET_HEAD_SIZE,
  RECORD_CLOCK,
  RECORD_END,
  RECORD_HEADER_SIZE,
  RECORD_PACKET,
  RECORD_START,
  RECORD_TRACK,
  RELAY_MAGIC,
} from "./constants.js";
import { writeJson } from "./json.js";
import { writeTrack } from "./track.js";

/**
 * How one process passes a stream on to another: packets as they are on the stream's timeline, to the microsecond,
 * with everything that is known of them and of their tracks (docs/protocols.md, "Between processes"). Nothing is made
 * of `zero`: times stay those of the hub.
 *
 * @param clockAt how the timeline stands to the publisher's clock at a moment, microseconds on the timeline: told at the
 *   start and before each key frame of the picture, where a reader may begin or go on
 */
export function relayFormat(
  clockAt: (dts: number) => RelayClock | undefined = () => undefined,
): ContainerFormat {
  return {
    key: "relay/1",
    lateTracks: true,
    canChange: () => true,
    carries: () => true,
    createMuxer: (init) => createRelayMuxer(init, clockAt),
  };
}

function createRelayMuxer(init: MuxerInit, clockAt: (dts: number) => RelayClock | undefined): Muxer {
  function writeClock(at: number, out: ByteWriter): void {
    const clock = clockAt(at);
    if (clock === undefined) return;
    record(RECORD_CLOCK, out, () => {
      out.f64(clock.from);
      out.f64(clock.offset);
    });
  }

  return {
    start(tracks, at) {
      const out = new ByteWriter();
      out.write(RELAY_MAGIC);
      record(RECORD_START, out, () => {
        writeJson(init.metadata, out);
        out.u8(tracks.length);
        for (const track of tracks) writeTrack(track, out);
      });
      writeClock(at, out);
      return out.finish();
    },
    config: writeTrackRecord,
    lateTrack: writeTrackRecord,
    write(packet, out) {
      if (packet.key && packet.track.kind === "video") writeClock(packet.dts, out);
      writePacket(packet, out);
    },
    flush() {},
  };
}

/** The last record: why nothing follows. @param reason at most 64 characters of a to z and "-" */
export function encodeRelayEnd(reason: string): Uint8Array {
  const out = new ByteWriter(64);
  record(RECORD_END, out, () => out.write(new TextEncoder().encode(reason)));
  return out.finish();
}

function record(type: number, out: ByteWriter, write: () => void): void {
  out.u8(type);
  const length = out.length;
  out.u32(0);
  write();
  out.setU32(length, out.length - length - 4);
}

function writeTrackRecord(track: Track, _at: number, out: ByteWriter): void {
  record(RECORD_TRACK, out, () => writeTrack(track, out));
}

function writePacket(packet: Packet, out: ByteWriter): void {
  const { track, dts, pts, duration, data } = packet;
  const length = PACKET_HEAD_SIZE + (duration === undefined ? 0 : 8) + data.length;
  out.reserve(RECORD_HEADER_SIZE + length);
  out.u8(RECORD_PACKET);
  out.u32(length);
  out.u32(track.id);
  out.u8(
    (packet.key ? FLAG_KEY : 0) |
      (duration === undefined ? 0 : FLAG_DURATION) |
      (track.kind === "data" ? FLAG_DATA : 0),
  );
  // As doubles: whole microseconds up to 2^53, and signed.
  out.f64(dts);
  out.f64(pts - dts);
  out.f64(packet.receivedAt);
  if (duration !== undefined) out.f64(duration);
  out.write(data);
}

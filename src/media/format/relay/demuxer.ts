import { u32At } from "../../bytes/bytes.js";
import { ByteQueue } from "../../bytes/queue.js";
import { ByteReader } from "../../bytes/reader.js";
import { createSteps } from "../../bytes/steps.js";
import { MediaError } from "../../model/error.js";
import type { Metadata, Packet } from "../../model/packet.js";
import type { Track } from "../../model/track.js";
import type { RelayClock } from "./clock.js";
import {
  FLAG_DATA,
  FLAG_DURATION,
  FLAG_KEY,
  RECORD_CLOCK,
  RECORD_END,
  RECORD_HEADER_SIZE,
  RECORD_PACKET,
  RECORD_START,
  RECORD_TRACK,
} from "./constants.js";
import { readJson } from "./json.js";
import { takeMagic } from "./request.js";
import { readTrack } from "./track.js";

/** Larger than any packet that gets in by another way. */
const MAX_RECORD_BYTES = 32 * 1024 * 1024;
const MAX_TRACKS = 64;

/** Where the demuxer hands what it finds, in order: `start` first, and nothing after `end`. */
export interface RelaySink {
  start(metadata: Metadata, tracks: readonly Track[]): void;
  /** A changed track, or one that `start` did not know. */
  track(track: Track): void;
  packet(packet: Packet): void;
  /** Not told of a publication whose publisher has no clock of its own. */
  clock(clock: RelayClock): void;
  end(reason: string): void;
}

export interface RelayDemuxer {
  /**
   * Takes the next bytes; the slice is only borrowed for the call.
   *
   * @throws MediaError when they are not what a relay of a version known here writes: nothing after can be trusted
   */
  push(slice: Uint8Array): void;
}

/** Reads what `relayFormat` writes. Records of a type not known here are passed over. */
export function createRelayDemuxer(sink: RelaySink): RelayDemuxer {
  const queue = new ByteQueue();
  const tracks = new Map<number, Track>();
  let state: "magic" | "start" | "media" | "ended" = "magic";
  let record: { readonly type: number; readonly length: number } | undefined;

  function step(): boolean {
    if (state === "ended") return false;
    if (state === "magic") {
      if (!takeMagic(queue)) return false;
      state = "start";
      return true;
    }
    if (record === undefined) {
      const head = queue.take(RECORD_HEADER_SIZE);
      if (head === undefined) return false;
      record = { type: head[0] ?? 0, length: u32At(head, 1) };
      if (record.length > MAX_RECORD_BYTES)
        throw new MediaError("limit", `relay: a record of ${record.length} bytes`);
      return true;
    }
    const payload = queue.take(record.length);
    if (payload === undefined) return false;
    const { type } = record;
    record = undefined;
    read(type, payload);
    return true;
  }

  function read(type: number, payload: Uint8Array): void {
    const reader = new ByteReader(payload);
    switch (type) {
      case RECORD_START:
        if (state !== "start") throw new MediaError("malformed", "relay: a second start");
        state = "media";
        start(reader);
        break;
      case RECORD_TRACK: {
        expectMedia();
        const track = readTrack(reader);
        if (!tracks.has(track.id) && tracks.size >= MAX_TRACKS) throw tooManyTracks();
        tracks.set(track.id, track);
        sink.track(track);
        break;
      }
      case RECORD_PACKET:
        expectMedia();
        sink.packet(packet(reader));
        break;
      case RECORD_CLOCK:
        expectMedia();
        sink.clock({ from: micros(reader), offset: micros(reader) });
        break;
      case RECORD_END:
        state = "ended";
        sink.end(reason(reader));
    }
  }

  function expectMedia(): void {
    if (state !== "media") throw new MediaError("malformed", "relay: media before the start");
  }

  function start(reader: ByteReader): void {
    const metadata = readJson(reader);
    const count = reader.u8();
    if (count > MAX_TRACKS) throw tooManyTracks();
    for (let i = 0; i < count; i++) {
      const track = readTrack(reader);
      tracks.set(track.id, track);
    }
    sink.start(metadata, [...tracks.values()]);
  }

  function packet(reader: ByteReader): Packet {
    const id = reader.u32();
    const flags = reader.u8();
    const dts = micros(reader);
    const pts = dts + micros(reader);
    const receivedAt = micros(reader);
    const duration = (flags & FLAG_DURATION) === 0 ? undefined : micros(reader);
    const track: Track | undefined =
      (flags & FLAG_DATA) === 0
        ? tracks.get(id)
        : { id, kind: "data", codec: "amf0", config: { codec: "amf0" } };
    if (track === undefined)
      throw new MediaError("malformed", `relay: a packet of track ${id}, which is not known`);
    return {
      track,
      dts,
      pts,
      ...(duration !== undefined && { duration }),
      key: (flags & FLAG_KEY) !== 0,
      data: reader.rest().slice(),
      receivedAt,
    };
  }

  const steps = createSteps(queue, step);
  return {
    push(slice) {
      steps.push(slice, 0);
      if (state === "ended") queue.clear();
    },
  };
}

function micros(reader: ByteReader): number {
  const value = reader.f64();
  if (!Number.isSafeInteger(value))
    throw new MediaError("malformed", "relay: a time that is no whole microseconds");
  return value;
}

function reason(reader: ByteReader): string {
  const text = reader.remaining > 64 ? "" : String.fromCharCode(...reader.rest());
  if (!/^[a-z-]+$/.test(text)) throw new MediaError("malformed", "relay: an end for no reason");
  return text;
}

function tooManyTracks(): MediaError {
  return new MediaError("limit", `relay: more than ${MAX_TRACKS} tracks`);
}

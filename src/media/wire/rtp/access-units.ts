import { ByteWriter } from "../../bytes/writer.js";
import { isAvcKey } from "../../codec/avc.js";
import { isHevcKey } from "../../codec/hevc.js";
import { MediaError } from "../../model/error.js";
import type { VideoTrack } from "../../model/track.js";
import type { UnitSink } from "./depacketizer.js";
import { createParameterSets, type ParameterSets } from "./parameter-sets.js";

/** What no encoder makes of one picture. */
const MAX_UNIT_BYTES = 8 * 1024 * 1024;
const NAL_LENGTH_SIZE = 4;

/** Puts NAL units together to access units, and lets only those pass that can be decoded. */
export interface AccessUnits {
  readonly sets: ParameterSets;
  /** Tells the sink of the track, if the sets so far make one: viewers are told what comes as soon as it is known. */
  announce(): void;
  /** The next NAL units are of this time: if it is another than before, the access unit before has ended. */
  begin(timestamp: number): void;
  /** Adds a NAL unit. */
  nal(bytes: Uint8Array): void;
  /** Adds the first part of a NAL unit, its header rebuilt by who knows it. */
  openNal(header: Uint8Array, part: Uint8Array): void;
  /** Adds a further part; false while no NAL unit is open. */
  moreNal(part: Uint8Array): boolean;
  closeNal(): void;
  /** The access unit is complete. */
  end(): void;
  /** Part of the present access unit is missing or damaged. */
  damage(error: MediaError): void;
  /** Packets are missing: of the present access unit, of the next, or whole ones between them. */
  lost(): void;
}

interface VideoCodecRules {
  isKey(data: Uint8Array): boolean;
  /** Undefined for what is no slice; else whether it is the first of its picture. */
  firstSlice(nal: Uint8Array): boolean | undefined;
  /** Delimiters and filler, which no container wants. */
  isFiller(firstByte: number): boolean;
}

const AVC: VideoCodecRules = {
  isKey: (data) => isAvcKey(data, NAL_LENGTH_SIZE),
  firstSlice(nal) {
    const type = (nal[0] as number) & 0x1f;
    if (type === 0 || type > 5) return undefined;
    // first_mb_in_slice is 0, a single bit, in the first slice; partitions B and C have no such field.
    return type === 3 || type === 4 || ((nal[1] ?? 0) & 0x80) !== 0;
  },
  // Access unit delimiter, end of sequence and of stream, filler data.
  isFiller: (firstByte) => (firstByte & 0x1f) >= 9 && (firstByte & 0x1f) <= 12,
};

const HEVC: VideoCodecRules = {
  isKey: (data) => isHevcKey(data, NAL_LENGTH_SIZE),
  firstSlice: (nal) => ((((nal[0] as number) >> 1) & 0x3f) < 32 ? ((nal[2] ?? 0) & 0x80) !== 0 : undefined),
  isFiller: (firstByte) => ((firstByte >> 1) & 0x3f) >= 35 && ((firstByte >> 1) & 0x3f) <= 38,
};

/**
 * A damaged access unit is left out, and with it everything up to the next key frame: what follows refers to it. Nothing
 * passes before the first key frame either. A new configuration counts from the key frame on that it came with.
 */
export function createAccessUnits(codec: "avc" | "hevc", sink: UnitSink): AccessUnits {
  const rules = codec === "avc" ? AVC : HEVC;
  const sets = createParameterSets(codec);
  const out = new ByteWriter(16 * 1024);
  let timestamp: number | undefined;
  /** Where the open NAL unit's length is. */
  let open: number | undefined;
  let slices = 0;
  let damaged = false;
  /** Nothing passes but a key frame. */
  let waiting = true;
  let track: VideoTrack | undefined;

  function append(part: Uint8Array): void {
    if (out.length + part.length > MAX_UNIT_BYTES) {
      damage(new MediaError("limit", `an access unit of more than ${MAX_UNIT_BYTES} bytes`));
    }
    // Of what is damaged nothing more is kept: it would only be thrown away.
    if (!damaged) out.write(part);
  }

  function damage(error: MediaError): void {
    if (!damaged) sink.dropped(error);
    damaged = true;
    open = undefined;
  }

  function add(nal: Uint8Array): void {
    const first = nal[0];
    if (first === undefined || rules.isFiller(first)) return;
    if (sets.isSet(first)) {
      guarded(() => sets.add(nal));
      return;
    }
    if (!checkSlice(nal)) return;
    out.u32(nal.length);
    append(nal);
  }

  /** Whether the picture's beginning is there. */
  function checkSlice(nal: Uint8Array): boolean {
    const isFirst = rules.firstSlice(nal);
    if (isFirst === undefined) return !damaged;
    slices += 1;
    if (slices === 1 && !isFirst) damage(new MediaError("truncated", "a picture without its first slice"));
    return !damaged;
  }

  /** A set that cannot be read takes nothing else with it. */
  function guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      sink.dropped(error);
    }
  }

  function end(): void {
    if (open !== undefined) damage(new MediaError("truncated", "an access unit that ends inside a NAL unit"));
    const time = timestamp;
    timestamp = undefined;
    const whole = slices > 0 && !damaged;
    if (damaged) waiting = true;
    damaged = false;
    slices = 0;
    if (out.length === 0) return;
    const data = out.finish();
    if (whole && time !== undefined) guarded(() => pass(time, data));
  }

  function tellTrack(): void {
    const present = sets.track();
    if (present === undefined || present === track) return;
    track = present;
    sink.track(present);
  }

  function pass(time: number, data: Uint8Array): void {
    const key = rules.isKey(data);
    if (waiting && !key) return;
    if (key) {
      waiting = true;
      tellTrack();
      if (track === undefined) {
        throw new MediaError("malformed", "a key frame before the parameter sets that it needs");
      }
    }
    if (track === undefined) return;
    waiting = false;
    sink.unit({ track, timestamp: time, key, data });
  }

  return {
    sets,
    // Sets that are of no use may be followed by better ones.
    announce: () => guarded(tellTrack),
    begin(time) {
      if (timestamp !== undefined && time !== timestamp) end();
      timestamp = time;
    },
    nal(bytes) {
      if (open !== undefined) damage(new MediaError("truncated", "a NAL unit without its last part"));
      add(bytes);
    },
    openNal(header, part) {
      if (open !== undefined) damage(new MediaError("truncated", "a NAL unit without its last part"));
      if (damaged) return;
      open = out.length;
      out.u32(0);
      out.write(header);
      append(part);
    },
    moreNal(part) {
      if (open === undefined) return false;
      append(part);
      return true;
    },
    closeNal() {
      if (open === undefined) return;
      const at = open;
      open = undefined;
      out.setU32(at, out.length - at - NAL_LENGTH_SIZE);
      const nal = out.peek().subarray(at + NAL_LENGTH_SIZE);
      // A set in fragments stays where it is, which does no harm.
      if (sets.isSet(nal[0] as number)) guarded(() => sets.add(nal));
      else checkSlice(nal);
    },
    end,
    damage,
    lost() {
      if (timestamp !== undefined) damage(new MediaError("truncated", "packets of an access unit were lost"));
      // Whole access units may be missing too, which the next ones refer to.
      waiting = true;
    },
  };
}

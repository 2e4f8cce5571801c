import { ByteWriter } from "../../bytes/writer.js";
import type { ContainerFormat, Muxer, MuxerInit } from "../../model/container.js";
import { MediaError } from "../../model/error.js";
import { type Packet, sameConfig } from "../../model/packet.js";
import type { Track } from "../../model/track.js";
import { writeFragment } from "./fragment.js";
import { type InitTrack, writeInitSegment } from "./init.js";
import { type MediaTrack, writeSampleEntry } from "./sample-entry.js";
import { TrackRun } from "./track-run.js";

/**
 * Fragmented MP4 (ISO/IEC 14496-12 section 8.8), as Media Source Extensions and HLS take it: `start` makes the
 * initialization segment, every `flush` one fragment of all that was written since the last.
 *
 * A reader may begin with any fragment that begins with a random access point: each says its own time. A changed
 * configuration needs another initialization segment; `config` appends it, which a SourceBuffer takes at any point
 * and a plain MP4 reader does not, hence `canChange`.
 */
export function fmp4Format(): ContainerFormat {
  return {
    key: "fmp4",
    lateTracks: false,
    canChange: sameConfig,
    carries: isCarried,
    createMuxer: (init) => new FragmentMuxer(init),
  };
}

function isCarried(track: Track): track is MediaTrack {
  try {
    writeSampleEntry(new ByteWriter(256), track);
    return true;
  } catch (error) {
    if (error instanceof MediaError) return false;
    throw error;
  }
}

class FragmentMuxer implements Muxer {
  readonly #zero: number;
  #runs: readonly TrackRun[];
  #sequence = 0;

  constructor(init: MuxerInit) {
    this.#zero = init.zero;
    this.#runs = init.tracks.filter(isCarried).map((track, i) => new TrackRun(i + 1, track, init.zero));
  }

  start(tracks: readonly Track[]): Uint8Array {
    const known: InitTrack[] = [];
    for (const track of tracks) {
      const run = this.#runOf(track.id);
      if (run !== undefined && isCarried(track)) known.push({ id: run.id, track });
    }
    return writeInitSegment(known);
  }

  config(track: Track, _at: number, out: ByteWriter): void {
    const run = this.#runOf(track.id);
    if (run === undefined || sameConfig(run.track, track)) return;
    this.flush(out);
    // A track that MP4 cannot carry any more is left out from here on.
    const changed = isCarried(track) ? [new TrackRun(run.id, track, this.#zero)] : [];
    this.#runs = this.#runs.flatMap((each) => (each === run ? changed : [each]));
    out.write(writeInitSegment(this.#runs));
  }

  write(packet: Packet, out: ByteWriter): void {
    const run = this.#runOf(packet.track.id);
    if (run === undefined || run.add(packet)) return;
    this.flush(out);
    run.add(packet);
  }

  flush(out: ByteWriter): void {
    let samples = 0;
    for (const run of this.#runs) samples += run.packets.length;
    if (samples === 0) return;
    this.#sequence += 1;
    writeFragment(out, this.#sequence, this.#runs);
    for (const run of this.#runs) run.clear();
  }

  #runOf(id: number): TrackRun | undefined {
    for (const run of this.#runs) if (run.track.id === id) return run;
    return undefined;
  }
}

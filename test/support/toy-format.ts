import type { ByteWriter } from "../../src/media/bytes/writer.js";
import type { ContainerFormat } from "../../src/media/model/container.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { AudioTrack, DataTrack, Track, VideoTrack } from "../../src/media/model/track.js";

/** What the toy container says, one JSON line each. Times are microseconds from the container's zero. */
export type ToyRecord =
  | { readonly t: "start"; readonly tracks: readonly string[]; readonly at: number }
  | { readonly t: "config"; readonly track: string; readonly at: number }
  | { readonly t: "late"; readonly id: number }
  | {
      readonly t: "packet";
      readonly track: string;
      readonly dts: number;
      readonly key: boolean;
      readonly data: string;
    };

export interface ToyOptions {
  readonly key?: string;
  /** Readers take in a track that comes late. */
  readonly lateTracks?: boolean;
  /** Readers take in a changed configuration. */
  readonly canChange?: boolean;
  /** Packets are kept back until `flush`, as in fragmented MP4. */
  readonly buffered?: boolean;
  readonly carries?: (track: Track) => boolean;
}

/** A container without the bytes of a real one: for tests of what is handed to whom, and when. */
export function toyFormat(options: ToyOptions = {}): ContainerFormat {
  const { key = "toy", lateTracks = false, canChange = true, buffered = false } = options;
  const carries = options.carries ?? (() => true);
  return {
    key,
    lateTracks,
    canChange: () => canChange,
    carries,
    createMuxer(init) {
      const ids = new Set(init.tracks.map(({ id }) => id));
      let kept: Packet[] = [];
      const put = (packet: Packet, out: ByteWriter): void =>
        line(out, {
          t: "packet",
          track: name(packet.track),
          dts: packet.dts - init.zero,
          key: packet.key,
          data: text(packet.data),
        });
      return {
        start: (tracks, at) => encode({ t: "start", tracks: tracks.map(name), at: at - init.zero }),
        config(track, at, out) {
          ids.add(track.id);
          line(out, { t: "config", track: name(track), at: at - init.zero });
        },
        lateTrack: (track, _at, out) => line(out, { t: "late", id: track.id }),
        write(packet, out) {
          if (!ids.has(packet.track.id) && packet.track.kind !== "data")
            throw new Error("a track not announced");
          if (!carries(packet.track)) return;
          if (buffered) kept.push(packet);
          else put(packet, out);
        },
        flush(out) {
          for (const packet of kept) put(packet, out);
          kept = [];
        },
      };
    },
  };
}

/** What toy bytes say. */
export function readToy(bytes: Uint8Array): ToyRecord[] {
  return text(bytes)
    .split("\n")
    .filter((each) => each !== "")
    .map((each) => JSON.parse(each) as ToyRecord);
}

/** A track whose configuration is no more than a version. */
export function videoTrack(version = 0, id = 1): VideoTrack {
  const codec = `avc1.${version}`;
  return { id, kind: "video", codec: "avc", config: { codec, codedWidth: 640, codedHeight: 360 } };
}

export function audioTrack(version = 0, id = 2): AudioTrack {
  const codec = `mp4a.${version}`;
  return { id, kind: "audio", codec: "aac", config: { codec, sampleRate: 48_000, numberOfChannels: 2 } };
}

export const dataTrack: DataTrack = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };

/** How records name a track: its id and configuration. */
export function name(track: Track): string {
  return `${track.id}:${track.config.codec}`;
}

/** A packet of toy media; its data is the text. */
export function packet(track: Track, dtsMs: number, options: { key?: boolean; data?: string } = {}): Packet {
  const dts = Math.round(dtsMs * 1000);
  const data = new TextEncoder().encode(options.data ?? `${track.kind}@${dtsMs}`);
  return { track, dts, pts: dts, key: options.key ?? track.kind !== "video", data, receivedAt: dts };
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function encode(record: ToyRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record)}\n`);
}

function line(out: ByteWriter, record: ToyRecord): void {
  out.write(encode(record));
}

import { concatBytes, equalBytes } from "../../src/media/bytes/bytes.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import { encodeAmf0 } from "../../src/media/format/amf/amf0.js";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import { flvFormat } from "../../src/media/format/flv/muxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { Track } from "../../src/media/model/track.js";
import { bytesOf, CONFIGS, FRAMES, flvOf, listen, type TestTag } from "../support/flv.js";
import type { FuzzTarget, Random } from "../target.js";
import { allowMediaError } from "../target.js";

export const target: FuzzTarget = {
  name: "flv",
  cases(random) {
    const codecs = pickCodecs(random);
    const tags = Array.from({ length: 1 + random.int(12) }, () => {
      return damagedTag(random, random.chance(0.9) ? codecs : pickCodecs(random));
    });
    // Without configurations nearly everything would be dropped.
    if (random.chance(0.8)) {
      for (const kind of [VIDEO_CONFIG, AUDIO_CONFIG]) {
        const [type, body] = tag(random, codecs, kind);
        tags.unshift({ type, body });
      }
    }
    const flv = flvOf(tags, random.int(256));
    return random.chance(0.7) ? flv : random.mutate(flv);
  },
  run(bytes, random) {
    const heard = listen();
    allowMediaError(() => {
      const demuxer = createFlvDemuxer(heard.sink);
      for (const slice of random.slices(bytes)) demuxer.push(slice, 0);
      demuxer.end();
    });
    const dialect = random.pick(["standard", "codecid12", "enhanced"] as const);
    sameAgain(heard.packets, dialect);
  },
};

/** What was read must come back when it is written: the same payloads, the same entry points. */
function sameAgain(packets: readonly Packet[], dialect: "standard" | "codecid12" | "enhanced"): void {
  const tracks = new Map<number, Track>();
  for (const { track } of packets) {
    if (track.kind !== "data" && !tracks.has(track.id)) tracks.set(track.id, track);
  }
  const init = { tracks: [...tracks.values()], metadata: {}, zero: packets[0]?.dts ?? 0 };
  const muxer = flvFormat({ dialect }).createMuxer(init);
  const out = new ByteWriter();
  for (const packet of packets) {
    if (packet.track.kind !== "data" && tracks.get(packet.track.id) !== packet.track) {
      tracks.set(packet.track.id, packet.track);
      muxer.config(packet.track, packet.dts, out);
    }
    muxer.write(packet, out);
  }
  const again = listen();
  const demuxer = createFlvDemuxer(again.sink);
  demuxer.push(concatBytes([muxer.start(init.tracks, init.zero), out.finish()]), 0);
  demuxer.end();
  if (again.packets.length !== packets.length) {
    throw new Error(`${packets.length} packets were written, ${again.packets.length} read`);
  }
  for (const [i, packet] of packets.entries()) {
    const other = again.packets[i] as Packet;
    if (!equalBytes(packet.data, other.data) || packet.key !== other.key)
      throw new Error(`packet ${i} differs`);
  }
}

const CODECS = {
  video: [
    [7, "61766331", CONFIGS.avc, [FRAMES.avcKey, FRAMES.avcInter, FRAMES.avcRecovery, FRAMES.avcIntra]],
    [7, "61766331", CONFIGS.avcOther, [FRAMES.avcKey, FRAMES.avcInter]],
    [12, "68766331", CONFIGS.hevc, [FRAMES.hevcKey, FRAMES.hevcInter]],
    [13, "61763031", CONFIGS.av1, [FRAMES.av1Key, FRAMES.av1Inter]],
    [14, "76703039", CONFIGS.vp9, [FRAMES.vp9Key, FRAMES.vp9Inter]],
  ],
  audio: [
    ["af", "6d703461", CONFIGS.aac, FRAMES.aac],
    ["2f", "2e6d7033", bytesOf(""), FRAMES.mp3],
    ["90", "4f707573", CONFIGS.opus, FRAMES.opus],
  ],
} as const;
interface Codecs {
  readonly video: (typeof CODECS.video)[number];
  readonly audio: (typeof CODECS.audio)[number];
}

function pickCodecs(random: Random): Codecs {
  return { video: random.pick(CODECS.video), audio: random.pick(CODECS.audio) };
}

function damagedTag(random: Random, codecs: Codecs): TestTag {
  const [type, body] = tag(random, codecs, random.int(5));
  return {
    type: random.chance(0.01) ? random.int(256) : type,
    timestamp: random.pick([0, random.int(1000), 0xff_ffff, 0x7fff_ffff, 0xffff_ffff]),
    body: random.chance(0.4) ? random.mutate(body) : body,
    ...(random.chance(0.05) ? { streamId: 1 } : {}),
  };
}

const VIDEO_CONFIG = 0;
const VIDEO_FRAME = 1;
const AUDIO_CONFIG = 2;
const AUDIO_FRAME = 3;

/** A valid body, legacy where the codec has one and chance will. */
function tag(random: Random, codecs: Codecs, kind: number): [type: number, body: Uint8Array] {
  const n = random.int(128);
  const [id, videoFourCc, videoConfig, videoFrames] = codecs.video;
  const [flags, audioFourCc, audioConfig, audioFrame] = codecs.audio;
  if (kind === VIDEO_CONFIG || kind === VIDEO_FRAME) {
    const data = kind === VIDEO_CONFIG ? videoConfig : random.pick(videoFrames)(n);
    const frameType = random.pick([1, 2]) << 4;
    if (id < 14 && random.chance(0.5)) return [9, bytesOf(frameType | id, kind, 0, 0, n, data)];
    return [9, enhanced(random, 0x80 | frameType, kind === VIDEO_CONFIG ? 0 : 3, 6, videoFourCc, data)];
  }
  if (kind === AUDIO_CONFIG || kind === AUDIO_FRAME) {
    const data = kind === AUDIO_CONFIG ? audioConfig : audioFrame(n);
    const part = kind - AUDIO_CONFIG;
    if (flags === "af" && random.chance(0.5)) return [8, bytesOf(flags, part, data)];
    if (flags === "2f" && random.chance(0.5)) return [8, bytesOf(flags, data)];
    return [8, enhanced(random, 0x90, part, 5, audioFourCc, data)];
  }
  const name = random.pick(["onMetaData", "@setDataFrame", "onCuePoint"]);
  const value = random.pick(["onMetaData", { width: n, nested: { list: [n, null, "x"] } }]);
  return [random.pick([18, 15]), encodeAmf0([name, value])];
}

/** An enhanced body, plain or in ModEx and Multitrack. */
function enhanced(
  random: Random,
  first: number,
  packetType: number,
  multitrack: number,
  fourCc: string,
  data: Uint8Array,
): Uint8Array {
  const modEx = random.chance(0.2) ? [bytesOf(first | 7), bytesOf("02 0f423f")] : [];
  const open = (type: number) => (modEx.length === 0 ? bytesOf(first | type) : bytesOf(...modEx, type));
  const size = bytesOf(0, data.length >> 8, data.length & 0xff);
  const track = random.int(3);
  switch (random.int(5)) {
    case 0:
      return bytesOf(open(multitrack), packetType, fourCc, track, data);
    case 1:
      return bytesOf(open(multitrack), 0x10 | packetType, fourCc, track, size, data, track + 1, size, data);
    case 2:
      return bytesOf(
        open(multitrack),
        0x20 | packetType,
        fourCc,
        track,
        size,
        data,
        "76703038",
        9,
        size,
        data,
      );
    default:
      return bytesOf(open(packetType), fourCc, data);
  }
}

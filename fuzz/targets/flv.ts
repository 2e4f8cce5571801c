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
    const tags = Array.from({ length: 1 + random.int(12) }, () => damagedTag(random));
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

function damagedTag(random: Random): TestTag {
  const [type, body] = tag(random);
  return {
    type: random.chance(0.02) ? random.int(256) : type,
    timestamp: random.pick([0, random.int(1000), 0xff_ffff, 0x7fff_ffff, 0xffff_ffff]),
    body: random.chance(0.4) ? random.mutate(body) : body,
    ...(random.chance(0.05) ? { streamId: 1 } : {}),
  };
}

/** A valid body of any kind. */
function tag(random: Random): [type: number, body: Uint8Array] {
  const n = random.int(128);
  const legacy = (id: number, part: number, data: Uint8Array) =>
    bytesOf((random.pick([1, 2]) << 4) | id, part, 0, 0, random.int(256), data);
  const video = random.pick([
    [7, "61766331", CONFIGS.avc, FRAMES.avcKey(n)],
    [7, "61766331", CONFIGS.avcOther, FRAMES.avcInter(n)],
    [7, "61766331", CONFIGS.avc, FRAMES.avcRecovery(n)],
    [12, "68766331", CONFIGS.hevc, FRAMES.hevcKey(n)],
    [13, "61763031", CONFIGS.av1, FRAMES.av1Key(n)],
    [14, "76703039", CONFIGS.vp9, FRAMES.vp9Key(n)],
  ] as const);
  const audio = random.pick([
    ["af", "6d703461", CONFIGS.aac, FRAMES.aac(n)],
    ["2f", "2e6d7033", bytesOf(""), FRAMES.mp3(n)],
    ["00", "4f707573", CONFIGS.opus, FRAMES.opus(n)],
  ] as const);
  const [id, videoFourCc, videoConfig, videoFrame] = video;
  const [flags, audioFourCc, audioConfig, audioFrame] = audio;
  switch (random.int(8)) {
    case 0:
      return [9, legacy(id, 0, videoConfig)];
    case 1:
      return [9, legacy(id, 1, videoFrame)];
    case 2:
      return [9, enhanced(random, 0x80 | (random.pick([1, 2]) << 4), 0, 6, videoFourCc, videoConfig)];
    case 3:
      return [9, enhanced(random, 0x80 | (random.pick([1, 2]) << 4), 3, 6, videoFourCc, videoFrame)];
    case 4:
      return [8, bytesOf(flags, random.int(2), random.chance(0.5) ? audioConfig : audioFrame)];
    case 5:
      return [8, enhanced(random, 0x90, 0, 5, audioFourCc, audioConfig)];
    case 6:
      return [8, enhanced(random, 0x90, 1, 5, audioFourCc, audioFrame)];
    default:
      return [
        random.pick([18, 15]),
        encodeAmf0([
          random.pick(["onMetaData", "@setDataFrame", "onCuePoint"]),
          random.pick(["onMetaData", { width: n, nested: { list: [n, null, "x"] } }]),
        ]),
      ];
  }
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

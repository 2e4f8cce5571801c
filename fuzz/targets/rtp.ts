import { concatBytes } from "../../src/media/bytes/bytes.js";
import { splitNals } from "../../src/media/codec/nal.js";
import { type RtpFormat, rtpFormatOf } from "../../src/media/wire/rtp/depacketizer.js";
import { createRtpReceiver } from "../../src/media/wire/rtp/receiver.js";
import { parseSdp } from "../../src/media/wire/sdp/sdp.js";
import {
  AVC,
  aacPayload,
  aggregate,
  avcSlice,
  bye,
  cameraSdp,
  fragment,
  HEVC,
  hevcSlice,
  rtpPacket,
  senderReport,
} from "../support/rtp.js";
import type { FuzzTarget, Random } from "../target.js";

const OTHER_SDP =
  "m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\nm=audio 0 RTP/AVP 97\na=rtpmap:97 OPUS/48000/2\n";
const CAMERAS = [cameraSdp(), OTHER_SDP].map((sdp) =>
  parseSdp(sdp).media.map((media) => rtpFormatOf(media) as RtpFormat),
);

/** A case is a list of datagrams: the way (RTP or RTCP of a track), the length in two bytes, the bytes. */
export const target: FuzzTarget = {
  name: "rtp",
  cases(random) {
    const hevc = random.chance(0.5);
    const datagrams: Uint8Array[] = [];
    const sequences = [random.int(2 ** 16), random.int(2 ** 16)];
    for (let i = random.int(25); i >= 0; i--) {
      const index = random.int(2);
      const ssrc = random.chance(0.05) ? 9 : index + 1;
      const timestamp = random.chance(0.1) ? random.int(2 ** 32) : i * 3000;
      if (random.chance(0.15)) {
        const rtcp = random.chance(0.8)
          ? senderReport(ssrc, random.chance(0.1) ? 0 : 1_764_000_000_000_000 + i, timestamp)
          : bye(ssrc);
        datagrams.push(datagram(2 * index + 1, random.chance(0.2) ? random.mutate(rtcp) : rtcp));
        continue;
      }
      const payloads = index === 0 ? picture(random, hevc) : [sound(random, hevc)];
      for (const [j, payload] of payloads.entries()) {
        const sequence = (sequences[index] as number)++;
        if (random.chance(0.05)) continue;
        const packet = rtpPacket({
          sequence: random.chance(0.05) ? random.int(2 ** 16) : sequence,
          timestamp,
          payload: random.chance(0.1) ? random.mutate(payload) : payload,
          marker: j === payloads.length - 1,
          payloadType: 96 + index,
          ssrc,
        });
        datagrams.push(datagram(2 * index, random.chance(0.05) ? random.mutate(packet) : packet));
      }
    }
    return concatBytes([Uint8Array.of(hevc ? 1 : 0), ...datagrams]);
  },
  run(bytes, random) {
    let told = 0;
    const last = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const receiver = createRtpReceiver(
      { formats: CAMERAS[(bytes[0] ?? 0) & 1] as RtpFormat[], ssrc: 1, cname: "c" },
      {
        track: () => {
          told += 1;
        },
        packet({ track, dts, pts, data, key }) {
          if (told === 0) throw new Error("a packet before its track");
          if (!Number.isSafeInteger(dts) || !Number.isSafeInteger(pts))
            throw new Error("a time that is none");
          const index = track.kind === "video" ? 0 : 1;
          if (last[index] === Number.NEGATIVE_INFINITY && !key) throw new Error("begun without a key frame");
          last[index] = dts;
          // What is handed on can be taken apart.
          if (track.kind === "video" && splitNals(data, 4).length === 0) throw new Error("an empty picture");
        },
        dropped() {},
        lost() {},
        ended() {},
      },
    );
    if (random.chance(0.3)) receiver.timeline.inform([random.int(2 ** 32), random.int(2 ** 32)]);
    let now = 0;
    for (let at = 1; at + 3 <= bytes.length; ) {
      const way = bytes[at] as number;
      const length = (bytes[at + 1] as number) * 256 + (bytes[at + 2] as number);
      const data = bytes.slice(at + 3, at + 3 + length);
      at += 3 + length;
      now += random.int(100_000);
      const arrival = { now, wall: 1_764_000_000_000_000 + now };
      if ((way & 1) === 1) receiver.rtcp((way >> 1) & 1, data, arrival);
      else receiver.rtp((way >> 1) & 1, data, arrival);
      if (random.chance(0.1)) receiver.expire(arrival);
      if (random.chance(0.1)) receiver.report(0, arrival);
      data.fill(0xee);
    }
  },
};

function datagram(way: number, data: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(way, data.length >> 8, data.length & 0xff), data]);
}

function picture(random: Random, hevc: boolean): Uint8Array[] {
  const key = random.chance(0.4);
  const codec = hevc ? "hevc" : "avc";
  const slice = hevc ? hevcSlice(key, random.int(256), 400) : avcSlice(key, random.int(256), 400);
  const sets = hevc ? [HEVC.vps, HEVC.sps, HEVC.pps] : [AVC.sps, random.pick([AVC.pps, AVC.sei])];
  const nals = [...(random.chance(0.5) ? sets : []), slice];
  return random.chance(0.3) ? [aggregate(nals, codec)] : nals.flatMap((nal) => fragment(nal, codec, 150));
}

function sound(random: Random, opus: boolean): Uint8Array {
  if (opus) return Uint8Array.of(random.int(256), ...random.bytes(random.int(20)));
  const frames = Array.from({ length: 1 + random.int(3) }, () => random.bytes(random.int(40)));
  return random.chance(0.2) ? aacPayload([frames[0] as Uint8Array], 100) : aacPayload(frames);
}

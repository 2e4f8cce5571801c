import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AVC,
  aacPayload,
  aggregate,
  avcSlice,
  cameraSdp,
  fragment,
  HEVC,
  hevcSlice,
  type RtpFields,
  rtpPacket,
} from "../../../../fuzz/support/rtp.js";
import { toBase64 } from "../../bytes/base64.js";
import { splitNals } from "../../codec/nal.js";
import { MediaError } from "../../model/error.js";
import type { AudioTrack, VideoTrack } from "../../model/track.js";
import { parseSdp, type SdpMedia } from "../sdp/sdp.js";
import { type Depacketizer, type RtpUnit, rtpFormatOf } from "./depacketizer.js";
import { parseRtp } from "./packet.js";

interface Listening {
  readonly tracks: (VideoTrack | AudioTrack)[];
  readonly units: RtpUnit[];
  readonly problems: string[];
  readonly depacketizer: Depacketizer;
  /** Packets one after another, the last one with the marker. */
  unit(timestamp: number, payloads: readonly Uint8Array[]): void;
  packet(fields: Partial<RtpFields> & { readonly payload: Uint8Array }): void;
}

function mediaOf(...lines: string[]): SdpMedia {
  return parseSdp(lines.join("\r\n")).media[0] as SdpMedia;
}

const H264 = (parameters = ""): SdpMedia =>
  mediaOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", `a=fmtp:96 packetization-mode=1;${parameters}`);
const H265 = (parameters = ""): SdpMedia =>
  mediaOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", `a=fmtp:96 ${parameters}`);
const SPROP = `sprop-parameter-sets=${toBase64(AVC.sps)},${toBase64(AVC.pps)}`;

function listen(media: SdpMedia): Listening {
  const format = rtpFormatOf(media);
  if (format === undefined) throw new Error("no format of ours");
  const tracks: (VideoTrack | AudioTrack)[] = [];
  const units: RtpUnit[] = [];
  const problems: string[] = [];
  const depacketizer = format.create({
    track: (track) => tracks.push(track),
    unit: (unit) => units.push(unit),
    dropped: ({ message }) => problems.push(message),
  });
  let sequence = 0;
  const packet: Listening["packet"] = (fields) => {
    const bytes = rtpPacket({ sequence: sequence++, timestamp: 0, ...fields });
    depacketizer.push(parseRtp(bytes));
    // The slice was borrowed for the call.
    bytes.fill(0xee);
  };
  return {
    tracks,
    units,
    problems,
    depacketizer,
    packet,
    unit(timestamp, payloads) {
      for (const [i, payload] of payloads.entries()) {
        packet({ timestamp, payload, marker: i === payloads.length - 1 });
      }
    },
  };
}

const nalsOf = ({ data }: RtpUnit): Uint8Array[] => splitNals(data, 4);

describe("H.264", () => {
  it("knows its track from the description", () => {
    const { tracks } = listen(H264(SPROP));
    expect(tracks).toMatchObject([
      { kind: "video", codec: "avc", config: { codec: "avc1.640028", codedWidth: 1920, codedHeight: 1080 } },
    ]);
  });

  it("puts single units, aggregates and fragments together, whatever their sizes (property)", () => {
    const picture = fc.record({
      slices: fc.array(fc.integer({ min: 3, max: 400 }), { minLength: 1, maxLength: 4 }),
      aud: fc.boolean(),
      sei: fc.boolean(),
      together: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.array(picture, { maxLength: 8 }), (mtu, pictures) => {
        const { unit, units, problems } = listen(H264(SPROP));
        const expected = pictures.map(({ slices, sei }, i) => [
          ...(sei ? [AVC.sei] : []),
          ...slices.map((length, j) => {
            const nal = avcSlice(i === 0, i + 1, length);
            // Only a picture's first slice has first_mb_in_slice 0.
            if (j > 0) nal[1] = 0x40;
            return nal;
          }),
        ]);
        for (const [i, nals] of expected.entries()) {
          const all = pictures[i]?.aud ? [AVC.aud, ...nals] : nals;
          const small = all.filter((nal) => nal.length < 60);
          const payloads =
            pictures[i]?.together && small.length === all.length
              ? [aggregate(all, "avc")]
              : all.flatMap((nal) => fragment(nal, "avc", mtu));
          unit(3000 * i, payloads);
        }
        expect(problems).toEqual([]);
        expect(units.map(nalsOf)).toEqual(expected);
        expect(units.map(({ timestamp }) => timestamp)).toEqual(pictures.map((_, i) => 3000 * i));
        expect(units.map(({ key }) => key)).toEqual(pictures.map((_, i) => i === 0));
      }),
      { seed: 6, numRuns: 60 },
    );
  });

  it("takes parameter sets out of the stream: a new configuration counts from its key frame on", () => {
    const { unit, units, tracks } = listen(H264());
    unit(0, [avcSlice(true, 1)]);
    expect(units).toEqual([]);
    // A marker behind the sets is wrong, and common.
    unit(3000, [AVC.sps]);
    unit(3000, [AVC.pps]);
    unit(3000, [avcSlice(true, 2)]);
    unit(6000, [AVC.otherSps, avcSlice(false, 3)]);
    unit(9000, [aggregate([AVC.otherSps, AVC.pps, avcSlice(true, 4)], "avc")]);
    unit(12_000, [avcSlice(true, 5)]);
    expect(tracks.map(({ config }) => (config as VideoTrack["config"]).codedWidth)).toEqual([1920, 176]);
    expect(units.map(({ track, timestamp }) => [tracks.indexOf(track), timestamp])).toEqual([
      [0, 3000],
      [0, 6000],
      [1, 9000],
      [1, 12_000],
    ]);
    expect(units.map((each) => nalsOf(each).length)).toEqual([1, 1, 1, 1]);
  });

  it("ends an access unit by the next one's time where no marker says so", () => {
    const { packet, units } = listen(H264(SPROP));
    for (const timestamp of [0, 3000, 6000]) packet({ timestamp, payload: avcSlice(timestamp === 0, 7) });
    expect(units.map(({ timestamp }) => timestamp)).toEqual([0, 3000]);
  });

  it("leaves a damaged picture out, and what refers to it", () => {
    const { unit, units, depacketizer, packet, problems } = listen(H264(SPROP));
    const large = fragment(avcSlice(false, 3, 300), "avc", 100);
    unit(0, [avcSlice(true, 1)]);
    unit(3000, [avcSlice(false, 2)]);
    packet({ timestamp: 6000, payload: large[0] as Uint8Array });
    depacketizer.lost();
    packet({ timestamp: 6000, payload: large[3] as Uint8Array, marker: true });
    unit(9000, [avcSlice(false, 4)]);
    unit(12_000, [avcSlice(true, 5)]);
    unit(15_000, [avcSlice(false, 6)]);
    expect(units.map(({ timestamp }) => timestamp)).toEqual([0, 3000, 12_000, 15_000]);
    expect(problems).toHaveLength(1);
  });

  it("waits for a key frame when whole pictures are missing, and takes one that lost nothing but its delimiter", () => {
    const { unit, units, depacketizer, packet } = listen(H264(SPROP));
    unit(0, [avcSlice(true, 1)]);
    depacketizer.lost();
    unit(6000, [avcSlice(false, 2)]);
    depacketizer.lost();
    unit(9000, [avcSlice(true, 3)]);
    depacketizer.lost();
    // A key frame whose first slice is among what was lost.
    const second = avcSlice(true, 4);
    second[1] = 0x40;
    packet({ timestamp: 12_000, payload: second, marker: true });
    unit(15_000, [avcSlice(false, 5)]);
    expect(units.map(({ timestamp }) => timestamp)).toEqual([0, 9000]);
  });

  it("names what it does not carry", () => {
    expect(() => listen(H264("packetization-mode=2"))).toThrow(/packetization mode 2/);
    expect(() => listen(H264("sprop-parameter-sets=A"))).toThrow(MediaError);
    const { unit, problems } = listen(H264(SPROP));
    for (const type of [25, 26, 27, 29, 30, 0]) unit(3000 * type, [Uint8Array.of(type, 1, 2, 3)]);
    expect(problems).toHaveLength(6);
  });
});

describe("H.265", () => {
  const sprop = `sprop-vps=${toBase64(HEVC.vps)}; sprop-sps=${toBase64(HEVC.sps)}; sprop-pps=${toBase64(HEVC.pps)}`;

  it("knows its track from the description, and makes hvcC that can be read", () => {
    const { tracks } = listen(H265(sprop));
    expect(tracks).toMatchObject([
      {
        codec: "hevc",
        config: { codec: "hvc1.1.6.L93.90", codedWidth: 1280, codedHeight: 720, nalLengthSize: 4 },
      },
    ]);
  });

  it("puts single units, aggregates and fragments together", () => {
    const { unit, units, tracks, problems } = listen(H265());
    unit(0, [
      aggregate([HEVC.vps, HEVC.sps, HEVC.pps], "hevc"),
      ...fragment(hevcSlice(true, 1, 500), "hevc", 90),
    ]);
    unit(3000, [hevcSlice(false, 2)]);
    unit(6000, [aggregate([hevcSlice(false, 3, 10), Uint8Array.of(0x4e, 0x01, 5)], "hevc")]);
    expect(problems).toEqual([]);
    expect(tracks).toHaveLength(1);
    expect(units.map(nalsOf)).toEqual([
      [hevcSlice(true, 1, 500)],
      [hevcSlice(false, 2)],
      [hevcSlice(false, 3, 10), Uint8Array.of(0x4e, 0x01, 5)],
    ]);
    expect(units.map(({ key }) => key)).toEqual([true, false, false]);
  });

  it("leaves a damaged picture out, and what refers to it", () => {
    const { unit, units, depacketizer, packet } = listen(H265(sprop));
    const parts = fragment(hevcSlice(false, 2, 300), "hevc", 100);
    unit(0, [hevcSlice(true, 1)]);
    packet({ timestamp: 3000, payload: parts[0] as Uint8Array });
    depacketizer.lost();
    unit(6000, [hevcSlice(false, 3)]);
    unit(9000, [hevcSlice(true, 4)]);
    expect(units.map(({ timestamp }) => timestamp)).toEqual([0, 9000]);
  });

  it("names what it does not carry", () => {
    expect(() => listen(H265("sprop-max-don-diff=2"))).toThrow(/decoding order/);
    const { unit, problems } = listen(H265(sprop));
    unit(0, [Uint8Array.of(50 << 1, 1, 0, 0)]);
    expect(problems).toEqual(["an H.265 payload of type 50"]);
  });
});

describe("AAC", () => {
  const media = (): SdpMedia => parseSdp(cameraSdp()).media[1] as SdpMedia;
  const frame = (fill: number, length = 20): Uint8Array => new Uint8Array(length).fill(fill);

  it("takes several frames out of a packet, each with its own time", () => {
    const { packet, units, tracks } = listen(media());
    expect(tracks).toMatchObject([{ codec: "aac", config: { sampleRate: 48_000, numberOfChannels: 2 } }]);
    packet({ timestamp: 0xffff_ff00, payload: aacPayload([frame(1), frame(2, 9), frame(3)]) });
    expect(units.map(({ timestamp, data, duration }) => [timestamp, data, duration])).toEqual([
      [0xffff_ff00, frame(1), 21_333],
      [0x300, frame(2, 9), 21_333],
      [0x700, frame(3), 21_333],
    ]);
  });

  it("puts a frame in fragments together, unless one is missing", () => {
    const { packet, units, depacketizer } = listen(media());
    const whole = frame(5, 1000);
    const parts = [0, 400, 800].map((at) => aacPayload([whole.subarray(at, at + 400)], 1000));
    for (const payload of parts) packet({ timestamp: 0, payload });
    expect(units.map(({ data }) => data)).toEqual([whole]);
    packet({ timestamp: 1024, payload: parts[0] as Uint8Array });
    depacketizer.lost();
    packet({ timestamp: 1024, payload: parts[2] as Uint8Array });
    packet({ timestamp: 2048, payload: aacPayload([frame(6)]) });
    expect(units).toHaveLength(2);
  });

  it("leaves out what it cannot read, and goes on", () => {
    const { packet, units, problems } = listen(media());
    const interleaved = aacPayload([frame(1), frame(2)]);
    interleaved[5] = (interleaved[5] as number) | 1;
    packet({ payload: interleaved });
    packet({ payload: Uint8Array.of(0xff, 0xff, 0) });
    packet({ payload: aacPayload([frame(3)]) });
    expect(problems).toHaveLength(2);
    expect(units).toHaveLength(1);
  });

  it("refuses a description without a configuration", () => {
    const without = cameraSdp((lines) => lines.map((line) => line.replace(/config=\w+;/, "")));
    expect(() => listen(parseSdp(without).media[1] as SdpMedia)).toThrow(/without its config/);
    const lbr = cameraSdp((lines) =>
      lines.map((line) => line.replace("sizeLength=13", "constantSize=8;sizeLength=0")),
    );
    expect(() => listen(parseSdp(lbr).media[1] as SdpMedia)).toThrow(MediaError);
  });
});

describe("Opus", () => {
  it("takes a packet for what it is", () => {
    const opus = mediaOf("m=audio 0 RTP/AVP 97", "a=rtpmap:97 OPUS/48000/2");
    const { packet, units, tracks, problems } = listen(opus);
    expect(tracks).toMatchObject([{ codec: "opus", config: { sampleRate: 48_000, numberOfChannels: 2 } }]);
    packet({ timestamp: 960, payload: Uint8Array.of(0xfc, 1, 2, 3) });
    packet({ timestamp: 1920, payload: new Uint8Array(0) });
    packet({ timestamp: 2880, payload: Uint8Array.of(0xff, 0) });
    expect(units.map(({ timestamp, duration, data }) => [timestamp, duration, data])).toEqual([
      [960, 20_000, Uint8Array.of(0xfc, 1, 2, 3)],
    ]);
    expect(problems).toHaveLength(1);
  });
});

describe("rtpFormatOf", () => {
  it("takes the first format that is carried, over a profile that is", () => {
    const media = mediaOf("m=video 0 RTP/AVP 26 98 96", "a=rtpmap:96 H264/90000", "a=rtpmap:98 H265/90000");
    expect(rtpFormatOf(media)).toMatchObject({ payloadType: 98, clockRate: 90_000, kind: "video" });
    expect(rtpFormatOf(mediaOf("m=video 0 RTP/SAVP 96", "a=rtpmap:96 H264/90000"))).toBeUndefined();
    expect(rtpFormatOf(mediaOf("m=audio 0 RTP/AVP 0"))).toBeUndefined();
    expect(rtpFormatOf(mediaOf("m=audio 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"))).toBeUndefined();
  });
});

import { describe, expect, it } from "vitest";
import {
  aacPayload,
  avcSlice,
  bye,
  cameraSdp,
  rtpPacket,
  senderReport,
} from "../../../../fuzz/support/rtp.js";
import type { Packet } from "../../model/packet.js";
import type { AudioTrack, VideoTrack } from "../../model/track.js";
import { parseSdp } from "../sdp/sdp.js";
import { type RtpFormat, rtpFormatOf } from "./depacketizer.js";
import { createRtpReceiver, type RtpReceiver } from "./receiver.js";

const WALL = 1_764_000_000_000_000;
const VIDEO = 0;
const AUDIO = 1;
const SSRCS = [0x11111111, 0x22222222];

interface Stage {
  readonly receiver: RtpReceiver;
  readonly tracks: (VideoTrack | AudioTrack)[];
  readonly packets: Packet[];
  readonly problems: string[];
  readonly ends: number;
  /** A picture of this time on the camera's clock, that comes so much later; microseconds. */
  video(micros: number, options?: { late?: number; key?: boolean; sequence?: number; ssrc?: number }): void;
  audio(micros: number, options?: { late?: number }): void;
  report(track: number, micros: number, late?: number): void;
}

function stage(): Stage {
  const formats = parseSdp(cameraSdp()).media.map((media) => rtpFormatOf(media) as RtpFormat);
  const tracks: (VideoTrack | AudioTrack)[] = [];
  const packets: Packet[] = [];
  const problems: string[] = [];
  let ends = 0;
  const receiver = createRtpReceiver(
    { formats, ssrc: 1, cname: "c" },
    {
      track: (track) => tracks.push(track),
      packet: (packet) => packets.push(packet),
      dropped: ({ message }) => problems.push(message),
      lost: (index, count) => problems.push(`${index} lost ${count}`),
      ended: () => {
        ends += 1;
      },
    },
  );
  const sequences: [number, number] = [0, 0];
  const at = (micros: number, late = 0) => ({ now: micros + late, wall: WALL + micros + late });
  return {
    receiver,
    tracks,
    packets,
    problems,
    get ends() {
      return ends;
    },
    video(micros, { late, key = false, sequence, ssrc = SSRCS[VIDEO] as number } = {}) {
      const payload = avcSlice(key, packets.length & 0xff);
      const timestamp = 1_000_000 + Math.round(micros * 0.09);
      if (sequence !== undefined) sequences[VIDEO] = sequence;
      const bytes = rtpPacket({ sequence: sequences[VIDEO]++, timestamp, payload, marker: true, ssrc });
      receiver.rtp(VIDEO, bytes, at(micros, late));
    },
    audio(micros, { late } = {}) {
      const timestamp = 77 + Math.round(micros * 0.048);
      const payload = aacPayload([new Uint8Array(10).fill(1)]);
      const fields = { payloadType: 97, marker: true, ssrc: SSRCS[AUDIO] as number };
      receiver.rtp(
        AUDIO,
        rtpPacket({ sequence: sequences[AUDIO]++, timestamp, payload, ...fields }),
        at(micros, late),
      );
    },
    report(track, micros, late) {
      const timestamp = track === VIDEO ? 1_000_000 + micros * 0.09 : 77 + micros * 0.048;
      receiver.rtcp(
        track,
        senderReport(SSRCS[track] as number, WALL + micros, Math.round(timestamp)),
        at(micros, late),
      );
    },
  };
}

/** By kind, in milliseconds. */
function timesOf(packets: readonly Packet[], kind: string): number[] {
  return packets.filter(({ track }) => track.kind === kind).map(({ pts }) => pts / 1000);
}

describe("createRtpReceiver", () => {
  it("knows its tracks from the start, and sends nothing before it knows where it belongs", () => {
    const { tracks, packets, video, audio, report } = stage();
    expect(tracks.map(({ codec }) => codec)).toEqual(["avc", "aac"]);
    video(0, { key: true });
    // The sound of the same moment comes 300 ms later.
    audio(0, { late: 300_000 });
    video(40_000);
    expect(packets).toEqual([]);
    report(VIDEO, 100_000);
    report(AUDIO, 100_000, 300_000);
    expect(timesOf(packets, "video")).toEqual([0, 40]);
    expect(timesOf(packets, "audio")).toEqual([0]);
    audio(500_000, { late: 300_000 });
    expect(timesOf(packets, "audio")).toEqual([0, 500]);
  });

  it("waits for reports no longer than a second, and puts the tracks in step when they come", () => {
    const { receiver, packets, video, audio, report } = stage();
    video(0, { key: true });
    audio(0, { late: 300_000 });
    receiver.expire({ now: 1_100_000, wall: WALL + 1_100_000 });
    expect(timesOf(packets, "audio")).toEqual([300]);
    report(VIDEO, 1_200_000);
    report(AUDIO, 1_200_000);
    video(1_300_000);
    audio(1_300_000);
    expect(timesOf(packets, "video")).toEqual([0, 1300]);
    expect(timesOf(packets, "audio")).toEqual([300, 1300]);
  });

  it("goes by RTP-Info where the server has told", () => {
    const { receiver, packets, video, audio } = stage();
    receiver.timeline.inform([1_000_000, 77]);
    audio(0, { late: 300_000 });
    video(0, { key: true });
    audio(20_000, { late: 300_000 });
    expect(timesOf(packets, "audio")).toEqual([0, 20]);
    expect(timesOf(packets, "video")).toEqual([0]);
    expect(packets[0]).toMatchObject({ receivedAt: WALL + 300_000, duration: 21_333, key: true });
  });

  it("follows a source that is replaced, and no stray packet", () => {
    const { receiver, packets, video, problems } = stage();
    receiver.timeline.inform([1_000_000, 77]);
    video(0, { key: true });
    video(20_000, { ssrc: 9, sequence: 500 });
    video(40_000, { sequence: 1 });
    video(60_000, { ssrc: 8, sequence: 900, key: true });
    video(80_000, { ssrc: 8, key: true });
    video(100_000, { ssrc: 8 });
    expect(timesOf(packets, "video")).toEqual([0, 40, 80, 100]);
    expect(problems).toEqual([]);
  });

  it("puts datagrams in order, says what is missing, and begins again at a key frame", () => {
    const { receiver, packets, video, problems } = stage();
    receiver.timeline.inform([1_000_000, 77]);
    video(0, { key: true, sequence: 10 });
    video(80_000, { sequence: 12 });
    video(40_000, { sequence: 11 });
    video(160_000, { sequence: 14 });
    receiver.expire({ now: 1_000_000, wall: WALL + 1_000_000 });
    video(200_000, { sequence: 15, key: true });
    expect(timesOf(packets, "video")).toEqual([0, 40, 80, 200]);
    expect(problems).toEqual(["0 lost 1"]);
  });

  it("reports on its sources, and ends when all have said goodbye", () => {
    const running = stage();
    const { receiver, video, audio } = running;
    const at = { now: 0, wall: WALL };
    expect(receiver.report(VIDEO, at)[1]).toBe(201);
    video(0, { key: true });
    audio(0);
    expect(receiver.report(VIDEO, at)[0]).toBe(0x81);
    receiver.rtcp(VIDEO, bye(SSRCS[VIDEO] as number), at);
    receiver.rtcp(VIDEO, bye(SSRCS[VIDEO] as number), at);
    receiver.rtcp(AUDIO, bye(1234), at);
    expect(running.ends).toBe(0);
    receiver.rtcp(AUDIO, bye(SSRCS[AUDIO] as number), at);
    expect(running.ends).toBe(1);
  });

  it("leaves out what is no RTP, no RTCP, or no format of ours", () => {
    const { receiver, packets, problems } = stage();
    const at = { now: 0, wall: WALL };
    receiver.rtp(VIDEO, Uint8Array.of(1, 2, 3), at);
    receiver.rtcp(VIDEO, Uint8Array.of(0x80, 200, 9, 9), at);
    receiver.rtp(
      VIDEO,
      rtpPacket({ sequence: 1, timestamp: 1, payload: avcSlice(true, 1), payloadType: 100 }),
      at,
    );
    expect(problems).toHaveLength(2);
    expect(packets).toEqual([]);
  });
});

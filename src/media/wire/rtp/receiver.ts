/** The receiving end of one RTP session, without sockets: RTP and RTCP in, packets on one timeline and reports out. */
import { MediaError } from "../../model/error.js";
import type { Packet } from "../../model/packet.js";
import type { AudioTrack, VideoTrack } from "../../model/track.js";
import { DecodeTimes } from "./decode-times.js";
import type { Depacketizer, RtpFormat, RtpUnit } from "./depacketizer.js";
import { parseRtp, type RtpPacket } from "./packet.js";
import { Reception } from "./reception.js";
import { ReorderBuffer } from "./reorder.js";
import { readRtcp, type SenderReport, writeReceiverReport } from "./rtcp.js";
import { RtpTimeline } from "./timeline.js";

/** How long the first packets wait for the reports that place them, where PLAY's answer did not: microseconds, bytes. */
const MAX_HOLD_MICROS = 1_000_000;
const MAX_HOLD_BYTES = 8 * 1024 * 1024;
/** What a unit takes beside its bytes, roughly. */
const UNIT_BYTES = 256;
/** A sound that steps back by less than this overlaps what was there: it is left out. Beyond, the clock has jumped. */
const MAX_OVERLAP_MICROS = 1_000_000;

/** When something came, on two clocks of ours. */
export interface Arrival {
  /** One that never steps back, microseconds. */
  readonly now: number;
  /** Microseconds since the Unix epoch. */
  readonly wall: number;
}

export interface RtpReceiverInit {
  /** One for each track; at most one of each kind is meant. */
  readonly formats: readonly RtpFormat[];
  /** Our own, in reports: random. */
  readonly ssrc: number;
  /** Our name in reports: random too, so that it says nothing of the machine (RFC 7022). */
  readonly cname: string;
}

export interface RtpReceiverHandler {
  /** A track's first or changed configuration, ahead of its packets. */
  track(track: VideoTrack | AudioTrack): void;
  packet(packet: Packet): void;
  /** Media or a report that could not be understood, and was left out. */
  dropped(error: MediaError): void;
  /** So many packets of a track did not arrive. */
  lost(index: number, count: number): void;
  /** All sources have said that they end. */
  ended(): void;
}

/** Tracks are told apart by their index in `formats`. */
export interface RtpReceiver {
  readonly timeline: RtpTimeline;
  /** Takes an RTP packet; borrowed for the call. */
  rtp(index: number, bytes: Uint8Array, at: Arrival): void;
  /** Takes a compound RTCP packet. */
  rtcp(index: number, bytes: Uint8Array, at: Arrival): void;
  /** Gives up what has waited for too long; to be called now and then, about once a second. */
  expire(at: Arrival): void;
  /** What to tell the sender of a track, as a compound RTCP packet: every few seconds. */
  report(index: number, at: Arrival): Uint8Array;
}

/** One track's way from packets to units. */
interface Source {
  readonly format: RtpFormat;
  readonly depacketizer: Depacketizer;
  readonly order: ReorderBuffer;
  readonly decodeTimes: DecodeTimes;
  ssrc: number | undefined;
  /** Another source's, once one packet of it has come. */
  otherSsrc: number | undefined;
  reception: Reception | undefined;
  ended: boolean;
  lastPts: number | undefined;
}

/** @throws MediaError when what the description says of a format cannot be read */
export function createRtpReceiver(init: RtpReceiverInit, handler: RtpReceiverHandler): RtpReceiver {
  const { formats, ssrc: own, cname } = init;
  const lead = Math.max(
    0,
    formats.findIndex(({ kind }) => kind === "video"),
  );
  const timeline = new RtpTimeline(
    formats.map(({ clockRate }) => clockRate),
    lead,
  );
  /** Units that wait until it is known where they belong; undefined once it is. */
  let held:
    | { readonly source: Source; readonly index: number; readonly unit: RtpUnit; readonly wall: number }[]
    | undefined = [];
  let heldBytes = 0;
  let heldSince: number | undefined;
  let present: Arrival = { now: 0, wall: 0 };

  const sources = formats.map((format, index): Source => {
    const depacketizer = format.create({
      track: (track) => handler.track(track),
      unit: (unit) => take(index, unit),
      dropped: (error) => handler.dropped(error),
    });
    const order = new ReorderBuffer({
      packet(packet) {
        timeline.see(index, packet.timestamp, present.wall);
        depacketizer.push(packet);
      },
      lost(count) {
        depacketizer.lost();
        handler.lost(index, count);
      },
    });
    return {
      format,
      depacketizer,
      order,
      decodeTimes: new DecodeTimes(),
      ssrc: undefined,
      otherSsrc: undefined,
      reception: undefined,
      ended: false,
      lastPts: undefined,
    };
  });

  function take(index: number, unit: RtpUnit): void {
    const source = sources[index] as Source;
    if (held === undefined) {
      place(source, index, unit, present.wall);
      return;
    }
    held.push({ source, index, unit, wall: present.wall });
    heldBytes += unit.data.length + UNIT_BYTES;
    heldSince ??= present.now;
    releaseIfDue();
  }

  function releaseIfDue(): void {
    if (held === undefined || heldSince === undefined) return;
    const waited = present.now - heldSince >= MAX_HOLD_MICROS || heldBytes > MAX_HOLD_BYTES;
    if (!timeline.settled && !waited) return;
    const units = held;
    held = undefined;
    for (const { source, index, unit, wall } of units) place(source, index, unit, wall);
  }

  function place(source: Source, index: number, unit: RtpUnit, receivedAt: number): void {
    const { track, key, data, duration } = unit;
    const pts = timeline.at(index, unit.timestamp);
    if (track.kind === "video") {
      const dts = source.decodeTimes.next(pts, track);
      handler.packet({ track, dts, pts, key, data, receivedAt });
      return;
    }
    const { lastPts } = source;
    if (lastPts !== undefined && pts < lastPts && lastPts - pts < MAX_OVERLAP_MICROS) return;
    source.lastPts = pts;
    const packet: Packet = { track, dts: pts, pts, key, data, receivedAt };
    handler.packet(duration === undefined ? packet : { ...packet, duration });
  }

  /** Whether a packet belongs to the source that is read. Two in a row of another one mean that it has taken its place. */
  function isOurs(source: Source, index: number, { ssrc }: RtpPacket): boolean {
    if (source.ssrc === undefined || source.ssrc === ssrc) {
      source.otherSsrc = undefined;
    } else if (source.otherSsrc !== ssrc) {
      source.otherSsrc = ssrc;
      return false;
    } else {
      source.order.reset();
      source.depacketizer.lost();
      source.reception = undefined;
      source.ended = false;
      timeline.restart(index);
    }
    source.ssrc = ssrc;
    return true;
  }

  function senderReport(source: Source, index: number, report: SenderReport): void {
    // One that comes before the first packet tells whose packets will.
    if (source.ssrc !== undefined && report.ssrc !== source.ssrc) return;
    source.reception?.senderReport(report, present.now);
    if (report.wall !== undefined) timeline.report(index, report.wall, report.timestamp);
    releaseIfDue();
  }

  function guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      handler.dropped(error);
    }
  }

  return {
    timeline,
    rtp(index, bytes, at) {
      const source = sources[index] as Source;
      present = at;
      guarded(() => {
        const packet = parseRtp(bytes);
        if (packet.payloadType !== source.format.payloadType || !isOurs(source, index, packet)) return;
        source.reception ??= new Reception(packet.ssrc, source.format.clockRate);
        source.reception.packet(packet, at.now);
        source.order.push(packet, at.now);
      });
    },
    rtcp(index, bytes, at) {
      const source = sources[index] as Source;
      present = at;
      guarded(() =>
        readRtcp(bytes, {
          senderReport: (report) => senderReport(source, index, report),
          bye(ssrc) {
            if (ssrc !== source.ssrc || source.ended) return;
            source.ended = true;
            if (sources.every(({ ended }) => ended)) handler.ended();
          },
        }),
      );
    },
    expire(at) {
      present = at;
      for (const { order } of sources) order.expire(at.now);
      releaseIfDue();
    },
    report(index, at) {
      return writeReceiverReport(own, cname, (sources[index] as Source).reception?.report(at.now));
    },
  };
}

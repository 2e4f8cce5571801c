import type { MediaError } from "../../model/error.js";
import type { AudioTrack, VideoTrack } from "../../model/track.js";
import type { SdpMedia } from "../sdp/sdp.js";
import { createAacDepacketizer } from "./aac.js";
import { createH264Depacketizer } from "./h264.js";
import { createH265Depacketizer } from "./h265.js";
import { createOpusDepacketizer } from "./opus.js";
import type { RtpPacket } from "./packet.js";

/** An access unit or an audio frame, whole. */
export interface RtpUnit {
  readonly track: VideoTrack | AudioTrack;
  /** In ticks of the payload's clock, 32 bits: when it is to be presented. */
  readonly timestamp: number;
  readonly key: boolean;
  /** As in Packet; its own. */
  readonly data: Uint8Array;
  /** Microseconds, where known. */
  readonly duration?: number;
}

/** Where a depacketizer hands what it finds. */
export interface UnitSink {
  /** What the units that follow are encoded with: at first, and after each change. */
  track(track: VideoTrack | AudioTrack): void;
  unit(unit: RtpUnit): void;
  /** Media that was left out, and why. */
  dropped(error: MediaError): void;
}

/** Puts the payloads of one source together. */
export interface Depacketizer {
  /** Takes the next packet, in the order of the sequence numbers; its payload is borrowed for the call. */
  push(packet: RtpPacket): void;
  /** Says that packets before the next one are missing. */
  lost(): void;
}

/** How one medium comes: one of the formats that its section of the description offers. */
export interface RtpFormat {
  readonly kind: "video" | "audio";
  readonly payloadType: number;
  readonly clockRate: number;
  /** @throws MediaError when what the description says of the format cannot be read */
  create(sink: UnitSink): Depacketizer;
}

const CREATE = {
  "video H264": createH264Depacketizer,
  "video H265": createH265Depacketizer,
  "audio MPEG4-GENERIC": createAacDepacketizer,
  "audio OPUS": createOpusDepacketizer,
} as const;

/** The first of the formats offered that we carry; undefined where there is none. */
export function rtpFormatOf({ kind, protocol, formats }: SdpMedia): RtpFormat | undefined {
  if (!/^RTP\/AVPF?(\/(TCP|UDP))?$/.test(protocol) || (kind !== "video" && kind !== "audio"))
    return undefined;
  for (const format of formats) {
    const name = `${kind} ${format.encoding}`;
    if (format.clockRate === 0 || !Object.hasOwn(CREATE, name)) continue;
    const create = CREATE[name as keyof typeof CREATE];
    const { payloadType, clockRate } = format;
    return { kind, payloadType, clockRate, create: (sink) => create(format, sink) };
  }
  return undefined;
}

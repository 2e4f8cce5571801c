import { createHash } from "node:crypto";
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input, type InputTrack } from "mediabunny";

// A reader of MP4, Matroska and MPEG-TS that shares no line with FFmpeg or with us.

export interface ReadPacket {
  /** Microseconds. */
  readonly pts: number;
  readonly duration: number;
  readonly key: boolean;
  /** As ffprobe writes it. */
  readonly hash: string;
}

export interface ReadTrack {
  readonly kind: string;
  /** As in a MIME type: `avc1.4d400b`. */
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly rotation?: number;
  readonly hdr?: boolean;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** All of them, in decoding order. */
  readonly packets: readonly ReadPacket[];
}

/** What mediabunny reads in a file: its MIME type, and every packet of every track in the file's order. */
export async function readWithMediabunny(
  file: string,
): Promise<{ readonly mime: string; readonly tracks: readonly ReadTrack[] }> {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(file) });
  try {
    const tracks: ReadTrack[] = [];
    for (const track of await input.getTracks()) tracks.push(await readTrack(track));
    return { mime: await input.getMimeType(), tracks };
  } finally {
    input.dispose();
  }
}

async function readTrack(track: InputTrack): Promise<ReadTrack> {
  const packets: ReadPacket[] = [];
  for await (const packet of new EncodedPacketSink(track).packets()) {
    packets.push({
      pts: packet.microsecondTimestamp,
      duration: packet.microsecondDuration,
      key: packet.type === "key",
      hash: `MD5:${createHash("md5").update(packet.data).digest("hex")}`,
    });
  }
  const codec = (await track.getCodecParameterString()) ?? "";
  if (track.isVideoTrack()) {
    const size = { width: await track.getCodedWidth(), height: await track.getCodedHeight() };
    const [rotation, hdr] = [await track.getRotation(), await track.hasHighDynamicRange()];
    return { kind: "video", codec, ...size, rotation, hdr, packets };
  }
  if (!track.isAudioTrack()) return { kind: track.type, codec, packets };
  const [sampleRate, channels] = [await track.getSampleRate(), await track.getNumberOfChannels()];
  return { kind: "audio", codec, sampleRate, channels, packets };
}

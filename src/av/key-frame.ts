import { ByteWriter } from "../media/bytes/writer.js";
import { fmp4Format } from "../media/format/mp4/muxer.js";
import type { Packet } from "../media/model/packet.js";
import { chooseEngine } from "./engine.js";
import { AvError } from "./error.js";
import { createJobDesk, type JobLog } from "./job.js";
import type { AvOptions } from "./options.js";
import type { FrameSize, Limits } from "./task.js";
import { hdrColorOf } from "./track-color.js";

/** Makes pictures of single key frames, beside other work. */
export interface KeyFrameEncoder {
  /**
   * @param packet a key frame, with the track that it was encoded with
   * @returns a JPEG file @throws AvError
   */
  jpeg(packet: Packet, signal: AbortSignal): Promise<Uint8Array>;
  /** Ends what is going on; settles when it is gone. */
  close(): Promise<void>;
}

export interface KeyFrameEncoderOptions extends Pick<AvOptions, "engine" | "ffmpeg" | "ffprobe"> {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  readonly size?: FrameSize;
  readonly log?: JobLog;
}

const LIMITS: Limits = { timeoutMs: 10_000, stallTimeoutMs: 0, memoryBytes: 1024 * 1024 * 1024 };
const QUALITY = 80;

export function createKeyFrameEncoder(options: KeyFrameEncoderOptions): KeyFrameEncoder {
  const { maxRunning, maxWaiting, size, log } = options;
  const desk = createJobDesk({ maxRunning, maxWaiting, ...(log ? { log } : {}) });

  async function encode(packet: Packet, signal: AbortSignal): Promise<Uint8Array> {
    const engine = await chooseEngine(options);
    const task = {
      source: { kind: "bytes", format: "mp4" },
      select: { kind: "all", limit: 1 },
      size,
      toneMap: packet.track.kind === "video" ? hdrColorOf(packet.track) : undefined,
    } as const;
    const io = { signal, limits: LIMITS, background: true };
    for await (const frame of engine.frames(task, { ...io, input: once(keyFrameFile(packet)) })) {
      const { width, height, data } = frame;
      return await engine.image({ format: "jpeg", quality: QUALITY, width, height }, data, io);
    }
    throw new AvError("corrupt", "the key frame cannot be decoded");
  }

  return {
    jpeg: (packet, signal) => desk.start("snapshot", (job) => encode(packet, job.signal), signal).done,
    close: () => desk.close(),
  };
}

/**
 * One packet as a file of its own: fragmented MP4, which has a place for every codec that we carry (FFmpeg reads others
 * than H.264 from FLV only since 6.1).
 *
 * @throws AvError `unsupported`
 */
export function keyFrameFile(packet: Packet): Uint8Array {
  const { track } = packet;
  const format = fmp4Format();
  if (track.kind !== "video" || !format.carries(track)) {
    throw new AvError("unsupported", `no picture can be made of ${track.config.codec}`);
  }
  const muxer = format.createMuxer({ tracks: [track], metadata: {}, zero: packet.dts });
  const out = new ByteWriter(packet.data.length + 4096);
  out.write(muxer.start([track], packet.dts));
  muxer.write(packet, out);
  muxer.flush(out);
  return out.finish();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

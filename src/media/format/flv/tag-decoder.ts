import type { DemuxerSink } from "../../model/container.js";

/** What the pieces of a source's tags (or RTMP messages) are fed to. */
export interface TagDecoder {
  /**
   * Takes one tag's or RTMP message's body. A body that cannot be understood goes to the sink's `dropped`.
   *
   * @param type 8 audio, 9 video, 18 script data, 15 RTMP's AMF3 data; others are dropped
   * @param timestampMs its timestamp in milliseconds, 32 bits as they stand
   * @param body borrowed for the call
   * @param receivedAt microseconds since the Unix epoch, copied to the packets
   */
  decode(type: number, timestampMs: number, body: Uint8Array, receivedAt: number): void;
}

export function createTagDecoder(_sink: DemuxerSink): TagDecoder {
  throw new Error("not written yet");
}

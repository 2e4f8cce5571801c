import type { KeyFrameEncoder } from "../av/key-frame.js";
import type { Logger } from "./contract/logger.js";

/** Snapshots of all streams: a decoder must not take a core from the viewers for longer than it can help. */
const BOUNDS = { maxRunning: 2, maxWaiting: 16 };

/** Pictures of key frames by FFmpeg, whose room is loaded with the first that somebody wants. */
export function lazyKeyFrames(log: Logger): KeyFrameEncoder {
  let loading: Promise<KeyFrameEncoder> | undefined;
  // A line for each picture is no news.
  const quiet = { info: (fields: object, message: string): void => log.debug(fields, message) };
  return {
    async jpeg(packet, signal) {
      loading ??= import("../av/key-frame.js").then(({ createKeyFrameEncoder }) =>
        createKeyFrameEncoder({ ...BOUNDS, log: quiet }),
      );
      return (await loading).jpeg(packet, signal);
    },
    close: async () => (await loading)?.close(),
  };
}

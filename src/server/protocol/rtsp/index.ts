import type { Protocol, ProtocolContext } from "../../contract/protocol.js";
import type { SessionReason } from "../../contract/session.js";
import { parseStreamKey, type StreamName } from "../../net/stream-name.js";
import type { PullSource } from "./options.js";
import { pullRtsp } from "./pull.js";
import type { RtspTiming } from "./session.js";
import { parseRtspUrl, type RtspUrl } from "./url.js";

const TIMING: RtspTiming = {
  answerTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  reportMs: 5_000,
  sweepMs: 1_000,
};

/** What is to be fetched. */
export interface RtspPull {
  /** `rtsp://`, with user and password where they are needed. */
  readonly url: string;
  readonly place: StreamName;
  readonly transport: "tcp" | "udp";
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

export interface RtspProtocol extends Protocol {
  /**
   * Fetches a source until the signal fires, somebody ends its stream, or the server is closed.
   *
   * @throws TypeError for an address that is none; PullError when it is of no use to ask again
   */
  pull(pull: RtspPull): Promise<void>;
}

function parseUrl(url: string): RtspUrl {
  try {
    return parseRtspUrl(url);
  } catch (error) {
    throw new TypeError(`url: ${(error as Error).message}`);
  }
}

/** RTSP as a source: nobody connects to us, so it listens to nothing; the sources in the configuration begin with it. */
export function createRtspProtocol(
  sources: readonly PullSource[],
  context: ProtocolContext,
  timing: Partial<RtspTiming> = {},
): RtspProtocol {
  const { log } = context;
  const closing = new AbortController();
  const running = new Set<Promise<void>>();

  async function pull({ url, place, transport, signal }: RtspPull): Promise<void> {
    const parsed = parseUrl(url);
    const stop = new AbortController();
    const onClose = (): void => stop.abort(closing.signal.reason);
    const onAbort = (): void => stop.abort("aborted" satisfies SessionReason);
    if (closing.signal.aborted) onClose();
    if (signal?.aborted) onAbort();
    closing.signal.addEventListener("abort", onClose);
    signal?.addEventListener("abort", onAbort);
    const init = { url: parsed, place, transport, timing: { ...TIMING, ...timing }, signal: stop.signal };
    const run = pullRtsp(init, context);
    running.add(run);
    try {
      await run;
    } finally {
      running.delete(run);
      closing.signal.removeEventListener("abort", onClose);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  return {
    name: "rtsp",
    async listen() {
      for (const { url, stream, transport } of sources) {
        const place = parseStreamKey(stream);
        // The schema has looked at it.
        if (place === undefined) continue;
        pull({ url, place, transport }).catch((error: unknown) => {
          const problem = error instanceof Error ? error.message : String(error);
          log.error({ stream, problem }, "the RTSP source is given up");
        });
      }
      return [];
    },
    async close(reason) {
      closing.abort(reason);
      await Promise.allSettled(running);
    },
    pull,
  };
}

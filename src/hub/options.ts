/** How the hub treats streams and readers; every bound has a default. */
export interface HubOptions {
  /** What happens when a name in use is published: `reject` refuses unless the present publisher is idle. */
  readonly duplicate: "reject" | "takeover";
  /** A publisher that has sent no media for this long no longer blocks its name, milliseconds. */
  readonly publisherIdleMs: number;
  /** How long viewers wait for the next publisher after one has gone, milliseconds. */
  readonly keepViewersMs: number;
  /** How long to wait for all tracks before the set is announced, milliseconds. */
  readonly tracksTimeoutMs: number;
  /** The cached group of pictures: at most this long, milliseconds; 0 switches it off. */
  readonly gopCacheMs: number;
  /** The cached group of pictures: at most this large, bytes. */
  readonly gopCacheBytes: number;
  /** A reader further behind than this skips to a key frame, milliseconds. */
  readonly maxLagMs: number;
  /** The same in bytes. */
  readonly maxLagBytes: number;
  /** A reader that takes nothing for this long is closed, milliseconds. */
  readonly stallTimeoutMs: number;
  /** Milliseconds to gather before a batch is cut; 0 cuts at the end of every turn. */
  readonly mergeMs: number;
  /** Whether readers may be moved from one stream to another: see CutOrder for what that costs. */
  readonly moves: boolean;
  /** Whether streams that come at the same times are of one clock, though their sound does not say so: see `shiftBetween`. */
  readonly sameClock: boolean;
  /** How many variants (formats, selections, generations) one stream may be packaged in at once. */
  readonly maxVariants: number;
}

export const HUB_DEFAULTS: HubOptions = {
  duplicate: "reject",
  publisherIdleMs: 3_000,
  keepViewersMs: 10_000,
  tracksTimeoutMs: 1_000,
  gopCacheMs: 10_000,
  gopCacheBytes: 16 * 1024 * 1024,
  maxLagMs: 3_000,
  maxLagBytes: 8 * 1024 * 1024,
  stallTimeoutMs: 10_000,
  mergeMs: 0,
  moves: false,
  sameClock: false,
  maxVariants: 32,
};

/** What a packet, or a batch, takes beside its payload, roughly: bytes. Bounds count it, or tiny packets would pass them. */
export const OBJECT_BYTES = 256;

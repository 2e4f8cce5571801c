/**
 * The ways from an FLV stream to the screen, in the order in which they are tried:
 *
 * - `mse-worker`: Media Source Extensions, fetched and remuxed in a worker
 * - `mse`: the same in the page's own thread
 * - `managed-mse`: ManagedMediaSource, the only one on iPhones (iOS 17.1)
 * - `webcodecs`: decoded by WebCodecs, shown in a canvas, heard through an AudioWorklet: the least delay of all
 * - `hls`: the browser's own HLS, with seconds of delay
 * - `flash`: a SWF for browsers that have nothing else
 */
export type PlayerPath = "mse-worker" | "mse" | "managed-mse" | "webcodecs" | "hls" | "flash";

/** All of them, the preferred first. */
export const PATHS: readonly PlayerPath[] = ["mse-worker", "mse", "managed-mse", "webcodecs", "hls", "flash"];

/** What a browser can do, as far as the choice of a path needs it. Plain data: it can be logged and tested. */
export interface Capabilities {
  /** WebCodecs and AudioWorklet exist only on https and localhost. */
  readonly isSecureContext: boolean;
  readonly mediaSource: boolean;
  /** `MediaSource.canConstructInDedicatedWorker`, and module workers. */
  readonly mediaSourceInWorker: boolean;
  readonly managedMediaSource: boolean;
  readonly videoDecoder: boolean;
  readonly audioDecoder: boolean;
  /** `AudioContext.decodeAudioData`: it stands in for an AudioDecoder that is not there (Safari 16.4 to 17). */
  readonly decodeAudioData: boolean;
  readonly audioWorklet: boolean;
  /** The browser plays HLS by itself. */
  readonly nativeHls: boolean;
  /** Whether the server has the stream as HLS; false after its 404. */
  readonly serverHls: boolean;
  /** Flash, or Ruffle in its place. */
  readonly flash: boolean;
  /** Why a path turned out not to play this stream, such as `does not play hvc1.1.6.L93.90`. */
  readonly refused?: Readonly<Partial<Record<PlayerPath, string>>>;
}

/** Why a path was taken or passed over. */
export interface PathStep {
  readonly path: PlayerPath;
  readonly taken: boolean;
  readonly reason: string;
}

export interface PathChoice {
  /** Undefined where no path is left. */
  readonly path: PlayerPath | undefined;
  /** One for each path that was looked at. */
  readonly steps: readonly PathStep[];
}

/**
 * Chooses the first path that works.
 *
 * @param wanted paths in the order of preference; all by default
 */
export function choosePath(can: Capabilities, wanted: readonly PlayerPath[] = PATHS): PathChoice {
  const steps: PathStep[] = [];
  for (const path of wanted) {
    const problem = missing(path, can) ?? can.refused?.[path];
    steps.push({ path, taken: problem === undefined, reason: problem ?? REASONS[path] });
    if (problem === undefined) return { path, steps };
  }
  return { path: undefined, steps };
}

/** The choice in one line, for logs and for the error where nothing is left. */
export function explainChoice({ steps }: PathChoice): string {
  return steps.map(({ path, taken, reason }) => `${path}: ${taken ? "taken, " : ""}${reason}`).join("; ");
}

const REASONS: Readonly<Record<PlayerPath, string>> = {
  "mse-worker": "media sources work in workers",
  mse: "there are Media Source Extensions",
  "managed-mse": "there is ManagedMediaSource",
  webcodecs: "there is WebCodecs",
  hls: "the browser plays HLS",
  flash: "there is Flash",
};

/** What a path needs and is not there. */
function missing(path: PlayerPath, can: Capabilities): string | undefined {
  switch (path) {
    case "mse-worker":
      if (!can.mediaSource) return "no Media Source Extensions";
      return can.mediaSourceInWorker ? undefined : "no media source in workers";
    case "mse":
      return can.mediaSource ? undefined : "no Media Source Extensions";
    case "managed-mse":
      return can.managedMediaSource ? undefined : "no ManagedMediaSource";
    case "webcodecs":
      return missingForWebCodecs(can);
    case "hls":
      if (!can.nativeHls) return "the browser plays no HLS";
      return can.serverHls ? undefined : "the server has no HLS of it";
    case "flash":
      return can.flash ? undefined : "no Flash";
  }
}

function missingForWebCodecs(can: Capabilities): string | undefined {
  if (!can.isSecureContext) return "WebCodecs needs https or localhost";
  if (!can.videoDecoder) return "no VideoDecoder";
  if (!can.audioDecoder && !can.decodeAudioData) return "no AudioDecoder, and nothing in its place";
  return can.audioWorklet ? undefined : "no AudioWorklet";
}

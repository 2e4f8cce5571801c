/** The video codecs that a rendition can have. */
export type Codec = "h264" | "hevc" | "vp9" | "av1";

/** One of several encodings of the same programme. */
export interface Rendition {
  /** Such as `480p`: beside the stream NAME it is the stream NAME_480p. */
  readonly name: string;
  /** Of picture and sound together, bits per second. */
  readonly bitrate: number;
  /** `h264` by default. */
  readonly codec?: Codec | undefined;
  /** Of the picture, pixels: with it, a screen gets no more pixels than it has. */
  readonly width?: number | undefined;
  /** The stream NAME is this one itself: there is no NAME_x for it. */
  readonly source?: boolean | undefined;
}

/** A request's headers: the Fetch API's `Headers`, or an object as Node has it, its names in lower case. */
export type RequestHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What sort of screen it is. `tv` covers consoles and set-top boxes. */
export type DeviceClass = "mobile" | "tablet" | "desktop" | "tv" | "unknown";

/** Who asks, as far as it says. */
export interface Client {
  readonly device: DeviceClass;
  /** Such as `android`, `ios` or `windows`. An iPad's Safari says that it is a Mac. */
  readonly os: string | undefined;
  /** `blink`, `webkit`, `gecko`, `trident`, `edgehtml` or `presto`; of iOS always `webkit`. */
  readonly engine: string | undefined;
}

/** What one class of devices gets. */
export interface TableRow {
  /** The last row also serves `tv` and `unknown`. */
  readonly device: "mobile" | "tablet" | "desktop";
  /** The widest viewport that this row is for, CSS pixels. */
  readonly maxWidth: number;
  /** What may be sent at most, the preferred codec first, bits per second. */
  readonly choices: readonly { readonly codec: Codec; readonly bitrate: number }[];
}

export interface NegotiateOptions {
  /** The request's query: `rendition` and `codecs` count. */
  readonly query?: { get(name: string): string | null } | undefined;
  /** DEFAULT_TABLE by default; the smallest screens first, and at least one row. */
  readonly table?: readonly TableRow[] | undefined;
  /** Somebody makes renditions in HEVC, VP9 and AV1 on demand: they need not be in the list. */
  readonly allowHeavyCodecs?: boolean | undefined;
}

/** What was decided, and by what. */
export interface Decision<R extends Rendition = Rendition> {
  /** Undefined where none fits: play the stream itself. */
  readonly rendition: R | undefined;
  /** The rendition's own; another one only with `allowHeavyCodecs`, and then it has to be made. */
  readonly codec: Codec;
  readonly client: Client;
  /** In the order in which they counted; words of ours, never text from the request. */
  readonly reasons: readonly string[];
  /**
   * The headers that were looked at for it, as `Vary` names them. Those that were not there are among them: with them
   * the decision could have been another. Any header that is not in this list changes nothing.
   */
  readonly vary: readonly string[];
}

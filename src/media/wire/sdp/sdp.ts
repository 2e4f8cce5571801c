/** SDP (RFC 8866) as RTSP's DESCRIBE answers it: what is needed to set media up, and nothing else. */
import { MediaError } from "../../model/error.js";

const MAX_LENGTH = 65_536;
const MAX_MEDIA = 32;
const MAX_FORMATS = 64;
const MAX_RATE = 2 ** 32 - 1;

/** How a payload type is encoded: `a=rtpmap` and `a=fmtp`. */
export interface SdpFormat {
  readonly payloadType: number;
  /** In capitals, such as `H264`; empty where no `a=rtpmap` names it. */
  readonly encoding: string;
  /** Ticks of its RTP timestamps a second; 0 where it is not given. */
  readonly clockRate: number;
  /** 1 unless given. */
  readonly channels: number;
  /** `a=fmtp`, the names in lower case; a parameter without a value has an empty one. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** One `m=` section. */
export interface SdpMedia {
  /** `video`, `audio`, `application`, … */
  readonly kind: string;
  /** Such as `RTP/AVP`. */
  readonly protocol: string;
  /** In the order of preference. */
  readonly formats: readonly SdpFormat[];
  /** `a=control`; undefined where there is none. */
  readonly control: string | undefined;
}

/** A presentation. */
export interface SessionDescription {
  /** `s=`. */
  readonly name: string;
  /** The aggregate's `a=control`; undefined where there is none. */
  readonly control: string | undefined;
  readonly media: readonly SdpMedia[];
}

interface OpenMedia {
  readonly kind: string;
  readonly protocol: string;
  readonly formats: Map<number, OpenFormat>;
  control: string | undefined;
}

interface OpenFormat {
  readonly payloadType: number;
  encoding: string;
  clockRate: number;
  channels: number;
  parameters: Map<string, string>;
}

/** Payload types that need no `a=rtpmap` (RFC 3551 section 6), of those that cameras send without one. */
const STATIC: ReadonlyMap<number, readonly [encoding: string, clockRate: number]> = new Map([
  [0, ["PCMU", 8000]],
  [8, ["PCMA", 8000]],
  [14, ["MPA", 90_000]],
  [26, ["JPEG", 90_000]],
  [32, ["MPV", 90_000]],
  [33, ["MP2T", 90_000]],
]);

/**
 * Reads a description. Lines that are not understood are passed over, as devices write many.
 *
 * @throws MediaError `malformed` when it has no `m=` line that can be read, `limit` when it is too large
 */
export function parseSdp(text: string): SessionDescription {
  if (text.length > MAX_LENGTH) throw new MediaError("limit", `SDP of ${text.length} characters`);
  let name = "";
  let control: string | undefined;
  const media: OpenMedia[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const value = line.slice(2).trim();
    const current = media.at(-1);
    if (line.startsWith("m=")) {
      if (media.length === MAX_MEDIA) throw new MediaError("limit", `SDP with more than ${MAX_MEDIA} media`);
      media.push(readMedia(value));
    } else if (line.startsWith("a=control:")) {
      const given = value.slice("control:".length).trim();
      if (current === undefined) control = given;
      else current.control = given;
    } else if (line.startsWith("a=") && current !== undefined) readAttribute(value, current);
    else if (line.startsWith("s=")) name = value;
  }
  if (media.length === 0) throw new MediaError("malformed", "SDP without media");
  return {
    name,
    control,
    media: media.map(({ formats, ...rest }) => ({ ...rest, formats: [...formats.values()] })),
  };
}

/** `video 0 RTP/AVP 96 97` */
function readMedia(value: string): OpenMedia {
  const [kind = "", , protocol = "", ...types] = value.split(/\s+/);
  if (kind === "" || protocol === "") throw new MediaError("malformed", "an m= line without its parts");
  const formats = new Map<number, OpenFormat>();
  for (const type of types.slice(0, MAX_FORMATS)) {
    if (!/^\d{1,3}$/.test(type) || Number(type) > 127) continue;
    const payloadType = Number(type);
    const [encoding, clockRate] = STATIC.get(payloadType) ?? ["", 0];
    formats.set(payloadType, { payloadType, encoding, clockRate, channels: 1, parameters: new Map() });
  }
  return { kind: kind.toLowerCase(), protocol: protocol.toUpperCase(), formats, control: undefined };
}

/** `rtpmap:96 H264/90000` and `fmtp:96 name=value; name=value` */
function readAttribute(attribute: string, media: OpenMedia): void {
  const [, name, type, rest] = /^(rtpmap|fmtp):(\d{1,3})\s+(.*)$/.exec(attribute) ?? [];
  const format = media.formats.get(Number(type));
  if (name === undefined || rest === undefined || format === undefined) return;
  if (name === "fmtp") {
    format.parameters = readParameters(rest);
    return;
  }
  const [encoding = "", rate = "", channels = "1"] = rest.trim().split("/");
  format.encoding = encoding.toUpperCase();
  format.clockRate = wholeNumber(rate, MAX_RATE);
  format.channels = wholeNumber(channels, 255) || 1;
}

function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== "") parameters.set(name, equals < 0 ? "" : part.slice(equals + 1).trim());
  }
  return parameters;
}

/** 0 for what is none, or too large. */
function wholeNumber(text: string, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return value <= most ? value : 0;
}

import { parseBitrate } from "../abr/bitrate.js";
import type { Codec, Rendition } from "../abr/types.js";

/** What the worker is bound to: variables, as text or as JSON. */
export interface EdgeEnv {
  /** Where the streams come from: `https://origin.example.com`, with a path where they are mounted below one. */
  readonly ORIGIN?: unknown;
  /** The ladder, as in docs/abr.md: a list, or its JSON as text. */
  readonly RENDITIONS?: unknown;
}

/** The same, checked. */
export interface EdgeSettings {
  readonly origin: URL;
  readonly renditions: readonly Rendition[];
}

const MAX_RENDITIONS = 16;
const MAX_NAME_LENGTH = 32;
const NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
const CODECS: readonly Codec[] = ["h264", "hevc", "vp9", "av1"];
const FIELDS: readonly string[] = ["name", "bitrate", "codec", "width", "source"];

/** @throws TypeError that names the variable and what is wrong with it */
export function readSettings(env: EdgeEnv): EdgeSettings {
  if (typeof env !== "object" || env === null) throw new TypeError("env: not an object");
  return { origin: readOrigin(env.ORIGIN), renditions: readRenditions(env.RENDITIONS) };
}

function readOrigin(value: unknown): URL {
  const origin = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  if (origin === undefined || !["http:", "https:"].includes(origin.protocol)) {
    throw new TypeError("ORIGIN: must be an http or https address");
  }
  if (origin.username !== "" || origin.password !== "" || origin.search !== "" || origin.hash !== "") {
    throw new TypeError("ORIGIN: must have no user, query or fragment");
  }
  return origin;
}

function readRenditions(value: unknown): readonly Rendition[] {
  const list = typeof value === "string" ? parseJson(value) : value;
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_RENDITIONS) {
    throw new TypeError(`RENDITIONS: must be a list of 1 to ${MAX_RENDITIONS} renditions, or its JSON`);
  }
  const renditions = list.map((entry: unknown, i) => readRendition(entry, `RENDITIONS[${i}]`));
  if (new Set(renditions.map(({ name }) => name)).size < renditions.length) {
    throw new TypeError("RENDITIONS: must not have a name twice");
  }
  return renditions;
}

function readRendition(entry: unknown, place: string): Rendition {
  if (typeof entry !== "object" || entry === null) throw new TypeError(`${place}: must be an object`);
  const unknown = Object.keys(entry).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) throw new TypeError(`${place}: has an unknown key`);
  const { name, bitrate, codec, width, source } = entry as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !isName(name)) {
    throw new TypeError(`${place}.name: must be 1 to ${MAX_NAME_LENGTH} letters, digits, dots, - and _`);
  }
  const bitsPerSecond = typeof bitrate === "string" ? parseBitrate(bitrate) : bitrate;
  if (typeof bitsPerSecond !== "number" || !(bitsPerSecond > 0) || !Number.isSafeInteger(bitsPerSecond)) {
    throw new TypeError(`${place}.bitrate: must be bits per second, or such as 800k and 1.2M`);
  }
  if (codec !== undefined && !CODECS.includes(codec as Codec)) {
    throw new TypeError(`${place}.codec: must be one of ${CODECS.join(", ")}`);
  }
  if (width !== undefined && !(Number.isSafeInteger(width) && (width as number) > 0)) {
    throw new TypeError(`${place}.width: must be a number of pixels`);
  }
  if (source !== undefined && typeof source !== "boolean") {
    throw new TypeError(`${place}.source: must be true or false`);
  }
  return {
    name,
    bitrate: bitsPerSecond,
    codec: codec as Codec | undefined,
    width: width as number | undefined,
    source,
  };
}

function isName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME_LENGTH) return false;
  return [...name].every((character) => NAME_CHARACTERS.includes(character));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

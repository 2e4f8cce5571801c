import type { ByteReader } from "../../bytes/reader.js";
import type { ByteWriter } from "../../bytes/writer.js";
import { MediaError } from "../../model/error.js";
import type { AudioCodec, Track, VideoCodec } from "../../model/track.js";
import { type JsonObject, readJson, writeJson } from "./json.js";

const VIDEO_CODECS: readonly unknown[] = ["avc", "hevc", "av1", "vp9"] satisfies VideoCodec[];
const AUDIO_CODECS: readonly unknown[] = ["aac", "opus", "mp3"] satisfies AudioCodec[];
/** No decoder configuration comes near it. */
const MAX_DESCRIPTION_BYTES = 1024 * 1024;
const MAX_NUMBER = 2 ** 32;

/** A track as JSON, and its decoder configuration behind it as the bytes that it is. */
export function writeTrack(track: Track, out: ByteWriter): void {
  const description = track.kind === "data" ? undefined : track.config.description;
  const { description: _bytes, ...config } = { description, ...track.config };
  writeJson({ id: track.id, kind: track.kind, codec: track.codec, config }, out);
  out.u32(description === undefined ? 0 : description.length + 1);
  if (description === undefined) return;
  // One more than there are: a description of no bytes is not the same as none.
  out.u8(0);
  out.write(description);
}

/** @throws MediaError */
export function readTrack(reader: ByteReader): Track {
  const said = readJson(reader);
  const length = reader.u32();
  if (length > MAX_DESCRIPTION_BYTES)
    throw new MediaError("limit", "relay: a decoder configuration too large");
  const description = length === 0 ? undefined : reader.view(length).slice(1);
  const id = uint(said, "id");
  const config = objectOf(said, "config");
  const shared = { codec: text(config, "codec"), ...(description !== undefined && { description }) };
  if (said.kind === "video" && VIDEO_CODECS.includes(said.codec)) {
    const nalLengthSize = optional(config, "nalLengthSize");
    if (nalLengthSize !== undefined && ![1, 2, 4].includes(nalLengthSize)) throw wrong("nalLengthSize");
    return {
      id,
      kind: "video",
      codec: said.codec as VideoCodec,
      config: {
        ...shared,
        codedWidth: uint(config, "codedWidth"),
        codedHeight: uint(config, "codedHeight"),
        ...given("frameRate", optional(config, "frameRate")),
        ...given("nalLengthSize", nalLengthSize as 1 | 2 | 4 | undefined),
        ...given("reorderDepth", optional(config, "reorderDepth")),
      },
    };
  }
  if (said.kind === "audio" && AUDIO_CODECS.includes(said.codec)) {
    return {
      id,
      kind: "audio",
      codec: said.codec as AudioCodec,
      config: {
        ...shared,
        sampleRate: uint(config, "sampleRate"),
        numberOfChannels: uint(config, "numberOfChannels"),
        ...given("samplesPerFrame", optional(config, "samplesPerFrame")),
      },
    };
  }
  throw new MediaError("unsupported", "relay: a track of a kind or codec that is not known here");
}

function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}

function wrong(name: string): MediaError {
  return new MediaError("malformed", `relay: a track's ${name} is not what it should be`);
}

function objectOf(of: JsonObject, name: string): JsonObject {
  const value = of[name];
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(name);
  return value as JsonObject;
}

function text(of: JsonObject, name: string): string {
  const value = of[name];
  if (typeof value !== "string" || value.length > 256) throw wrong(name);
  return value;
}

function optional(of: JsonObject, name: string): number | undefined {
  const value = of[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || value < 0 || value >= MAX_NUMBER) throw wrong(name);
  return value;
}

function uint(of: JsonObject, name: string): number {
  const value = optional(of, name);
  if (value === undefined || !Number.isInteger(value)) throw wrong(name);
  return value;
}

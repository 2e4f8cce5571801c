import { describe, expect, it } from "vitest";
import type { Track } from "../../model/track.js";
import { mp4MimeType } from "./mime.js";

const video = (codec: "avc" | "hevc", string: string): Track => ({
  id: 1,
  kind: "video",
  codec,
  config: { codec: string, codedWidth: 1280, codedHeight: 720 },
});
const audio = (codec: "aac" | "mp3" | "opus", string: string): Track => ({
  id: 2,
  kind: "audio",
  codec,
  config: { codec: string, sampleRate: 48_000, numberOfChannels: 2 },
});
const data: Track = { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } };

describe("mp4MimeType", () => {
  it.each([
    [[video("avc", "avc1.64001f"), audio("aac", "mp4a.40.2")], 'video/mp4; codecs="avc1.64001f,mp4a.40.2"'],
    [[video("avc", "avc3.64001f")], 'video/mp4; codecs="avc1.64001f"'],
    [[video("hevc", "hev1.1.6.L93.B0"), data], 'video/mp4; codecs="hvc1.1.6.L93.B0"'],
    [[audio("opus", "opus")], 'audio/mp4; codecs="opus"'],
    [[audio("mp3", "mp3")], 'audio/mp4; codecs="mp4a.6B"'],
  ])("of %j", (tracks, expected) => {
    expect(mp4MimeType(tracks)).toBe(expected);
  });
});

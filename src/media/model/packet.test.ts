import { describe, expect, it } from "vitest";
import { fromHex } from "../bytes/bytes.js";
import { sameConfig } from "./packet.js";
import {
  AUDIO_TRACK_ID,
  type AudioTrack,
  DATA_TRACK_ID,
  type DataTrack,
  VIDEO_TRACK_ID,
  type VideoTrack,
} from "./track.js";

function video(config: Partial<VideoTrack["config"]> = {}, track: Partial<VideoTrack> = {}): VideoTrack {
  const description = fromHex("0164001f");
  return {
    id: VIDEO_TRACK_ID,
    kind: "video",
    codec: "avc",
    config: { codec: "avc1.64001f", codedWidth: 1280, codedHeight: 720, description, ...config },
    ...track,
  };
}

function audio(config: Partial<AudioTrack["config"]> = {}): AudioTrack {
  return {
    id: AUDIO_TRACK_ID,
    kind: "audio",
    codec: "mp3",
    config: { codec: "mp3", sampleRate: 44100, numberOfChannels: 2, ...config },
  };
}

describe("sameConfig", () => {
  it("compares descriptions by their bytes", () => {
    expect(sameConfig(video(), video())).toBe(true);
    expect(sameConfig(video(), video({ description: fromHex("0164001e") }))).toBe(false);
    expect(sameConfig(video(), video({ description: fromHex("0164001f00") }))).toBe(false);
    expect(sameConfig(audio(), audio())).toBe(true);
    expect(sameConfig(audio(), audio({ description: fromHex("1210") }))).toBe(false);
    expect(sameConfig(audio({ description: fromHex("1210") }), audio())).toBe(false);
  });

  it("compares what a decoder is set up with", () => {
    expect(sameConfig(video(), video({ codedWidth: 1920 }))).toBe(false);
    expect(sameConfig(video(), video({ codedHeight: 1080 }))).toBe(false);
    expect(sameConfig(video(), video({ codec: "avc1.4d401f" }))).toBe(false);
    expect(sameConfig(video(), video({}, { codec: "hevc" }))).toBe(false);
    expect(sameConfig(video(), video({}, { id: 7 }))).toBe(false);
    expect(sameConfig(audio(), audio({ sampleRate: 48000 }))).toBe(false);
    expect(sameConfig(audio(), audio({ numberOfChannels: 1 }))).toBe(false);
    expect(sameConfig(video(), audio())).toBe(false);
    // The frame rate is no decoder's business.
    expect(sameConfig(video(), video({ frameRate: 25 }))).toBe(true);
  });

  it("takes data tracks of one id for the same", () => {
    const data: DataTrack = { id: DATA_TRACK_ID, kind: "data", codec: "amf0", config: { codec: "amf0" } };
    expect(sameConfig(data, data)).toBe(true);
    expect(sameConfig(data, { ...data })).toBe(true);
    expect(sameConfig(data, { ...data, id: 4 })).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { canHold, containerFor, refuseUnheld } from "./container.js";
import { AvError } from "./error.js";

function refusal(...args: Parameters<typeof refuseUnheld>): string {
  try {
    refuseUnheld(...args);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(AvError);
    expect((error as AvError).code).toBe("unsupported");
    return (error as AvError).message;
  }
}

const video = (codec: string, index = 0) => ({ kind: "video" as const, codec, index });
const audio = (codec: string, index = 1) => ({ kind: "audio" as const, codec, index });

describe("a container", () => {
  it("is told by the output's name", () => {
    expect(containerFor("a/b.MP4", undefined, false)).toBe("mp4");
    expect(containerFor("b.m2ts", undefined, false)).toBe("mpegts");
    expect(containerFor("b.mp4", undefined, true)).toBe("fmp4");
    expect(containerFor("b", "flv", false)).toBe("flv");
    expect(() => containerFor("b.xyz", undefined, false)).toThrow(
      /\.xyz is no container that we write; use one of .*\.mkv/,
    );
    expect(() => containerFor("dir.mp4/b", undefined, false)).toThrow(/has no extension/);
    expect(() => containerFor("b.__proto__", undefined, false)).toThrow(AvError);
    expect(() => containerFor("b.flv", undefined, true)).toThrow(/only MP4 has fragments/);
  });

  it("refuses what it cannot hold, by the codec's name, and says what can", () => {
    expect(refusal("mp4", [video("h264"), audio("aac")], "5.1.6")).toBe("");
    expect(refusal("flv", [video("h264"), audio("opus")], "5.1.6")).toMatch(
      /^FLV cannot hold opus \(audio, track 1\); MP4, Matroska, WebM, MPEG-TS can/,
    );
    expect(refusal("webm", [video("h264")], "8.1")).toContain("WebM cannot hold h264 (video, track 0)");
    expect(refusal("mpegts", [video("vp9")], "8.1")).toContain("MPEG-TS cannot hold vp9");
    expect(refusal("avi", [video("hevc")], "8.1")).toContain("AVI cannot hold hevc");
    expect(refusal("mkv", [video("prores"), audio("pcm_s24le")], "5.1")).toBe("");
  });

  it("of FLV holds HEVC, AV1 and VP9 where FFmpeg writes them", () => {
    expect(canHold("flv", "video", "hevc", "5.1.6")).toBe(false);
    expect(canHold("flv", "video", "hevc", "6.0")).toBe(false);
    expect(canHold("flv", "video", "hevc", "6.1")).toBe(true);
    expect(canHold("flv", "video", "av1", "8.1")).toBe(true);
  });

  it("refuses more tracks than it has room for, and lists them", () => {
    expect(refusal("flv", [video("h264"), audio("aac", 1), audio("mp3", 2)], "5.1")).toBe(
      "FLV holds 1 audio track, the input has 2: 1 (aac), 2 (mp3); choose with tracks",
    );
  });
});

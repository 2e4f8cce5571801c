import { describe, expect, it } from "vitest";
import { codecAdvice } from "./advice.js";

describe("what is said of a codec that is not played", () => {
  it.each([
    [
      "avc1.640028",
      "H.264 video (avc1.640028): publish 4:2:0 with 8 bits (-pix_fmt yuv420p), or use another browser",
    ],
    ["hvc1.1.6.L93.90", "HEVC video (hvc1.1.6.L93.90): publish H.264, or use Safari, or Chrome or Edge"],
    ["hev1.1.6.L93.90", "HEVC video (hev1.1.6.L93.90): publish H.264"],
    ["av01.0.05M.08", "AV1 video (av01.0.05M.08): publish H.264, or use Chrome, Edge or Firefox"],
    ["vp09.00.10.08", "VP9 video (vp09.00.10.08): publish H.264"],
    ["mp4a.40.5", "AAC sound (mp4a.40.5): publish AAC-LC"],
    ["mp4a.40.34", "MP3 sound (mp4a.40.34): publish AAC"],
    ["mp4a.6b", "MP3 sound (mp4a.6b): publish AAC"],
    ["mp3", "MP3 sound (mp3): publish AAC"],
    ["opus", "Opus sound (opus): publish AAC, or use Chrome, Edge, Firefox, or Safari from 17"],
    ["flac", "FLAC sound (flac): publish AAC"],
    ["xyz1", "xyz1: publish H.264 and AAC, or use another browser"],
  ])("%s", (codec, said) => {
    expect(codecAdvice(codec)).toContain(`this browser does not play ${said}`);
  });
});

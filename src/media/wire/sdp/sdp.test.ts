import { describe, expect, it } from "vitest";
import { cameraSdp } from "../../../../fuzz/support/rtp.js";
import { MediaError } from "../../model/error.js";
import { baseUrl, controlUrl } from "./control.js";
import { parseSdp } from "./sdp.js";

describe("parseSdp", () => {
  it("reads what a camera says", () => {
    const { name, control, media } = parseSdp(cameraSdp());
    expect({ name, control }).toEqual({ name: "Camera", control: "*" });
    expect(media.map(({ kind, protocol, control }) => [kind, protocol, control])).toEqual([
      ["video", "RTP/AVP", "track1"],
      ["audio", "RTP/AVP", "track2"],
    ]);
    const [video, audio] = media.map(({ formats }) => formats[0]);
    expect(video).toMatchObject({ payloadType: 96, encoding: "H264", clockRate: 90_000, channels: 1 });
    expect(video?.parameters.get("packetization-mode")).toBe("1");
    expect(audio).toMatchObject({
      payloadType: 97,
      encoding: "MPEG4-GENERIC",
      clockRate: 48_000,
      channels: 2,
    });
    // Names in lower case, whatever the device writes; values as they are.
    expect(audio?.parameters.get("sizelength")).toBe("13");
    expect(audio?.parameters.get("mode")).toBe("AAC-hbr");
  });

  it("reads lines that end as they like, in any order, and passes over the rest", () => {
    const text = [
      "m=application 0 RTP/AVP 107",
      "a=rtpmap:107 vnd.onvif.metadata/90000",
      "garbage",
      "a=fmtp:300 x=y",
      "a=rtpmap:nonsense",
      "m=video 1234 RTP/AVP 96 200 x 97",
      "a=fmtp:97 sprop-vps=AAAA;sprop-sps; =odd",
      "a=rtpmap:97  H265/90000 ",
      "a=rtpmap:96 H264/4294967296/900",
      "a=control:rtsp://host/x",
    ].join("\n");
    const [data, video] = parseSdp(text).media;
    expect(data).toMatchObject({ kind: "application", control: undefined });
    expect(video?.formats.map(({ encoding, clockRate }) => [encoding, clockRate])).toEqual([
      ["H264", 0],
      ["H265", 90_000],
    ]);
    expect([...(video?.formats[1]?.parameters ?? [])]).toEqual([
      ["sprop-vps", "AAAA"],
      ["sprop-sps", ""],
    ]);
  });

  it("knows the payload types that need no name", () => {
    const [audio] = parseSdp("m=audio 0 RTP/AVP 0 8\r\n").media;
    expect(audio?.formats.map(({ encoding }) => encoding)).toEqual(["PCMU", "PCMA"]);
  });

  it("refuses what is none, or too much", () => {
    expect(() => parseSdp("v=0\r\ns=nothing\r\n")).toThrow(MediaError);
    expect(() => parseSdp("m=\r\n")).toThrow(MediaError);
    expect(() => parseSdp("m=video 0 RTP/AVP 96\n".repeat(33))).toThrow(/more than 32/);
    expect(() => parseSdp("x".repeat(70_000))).toThrow(/70000 characters/);
  });
});

describe("controlUrl", () => {
  it.each([
    ["rtsp://host/cam", undefined, "rtsp://host/cam"],
    ["rtsp://host/cam/", "*", "rtsp://host/cam/"],
    ["rtsp://host/cam", "track1", "rtsp://host/cam/track1"],
    ["rtsp://host/cam/", "track1", "rtsp://host/cam/track1"],
    ["rtsp://host/cam/", "/track1", "rtsp://host/cam/track1"],
    ["rtsp://host/cam?a=b", "trackID=1", "rtsp://host/cam?a=b/trackID=1"],
    ["rtsp://host/cam", "RTSP://other:8554/x", "RTSP://other:8554/x"],
  ])("%s and %s make %s", (base, control, url) => {
    expect(controlUrl(base, control)).toBe(url);
  });

  it("lets nobody end the request line", () => {
    for (const control of ["a b", "a\r\nTEARDOWN", "\u00e4", "rtsp://h/ x"]) {
      expect(() => controlUrl("rtsp://host/", control)).toThrow(MediaError);
    }
    expect(() => controlUrl("rtsp://host/", "x".repeat(3000))).toThrow(MediaError);
  });

  it("is relative to what the server says, else to what was asked for", () => {
    const asked = "rtsp://host/cam";
    expect(baseUrl(asked, "rtsp://host/cam/ ", "rtsp://x/")).toBe("rtsp://host/cam/");
    expect(baseUrl(asked, undefined, "rtsp://x/")).toBe("rtsp://x/");
    expect(baseUrl(asked, "/cam/", undefined)).toBe(asked);
  });
});

import { describe, expect, it } from "vitest";
import { parseRtmpUrl } from "./url.js";

describe("parseRtmpUrl", () => {
  it("takes app, instance, name and query apart", () => {
    expect(parseRtmpUrl("rtmp://h/app/instance/stream?k=v&w=%2F")).toEqual({
      host: "h",
      port: 1935,
      app: "app/instance",
      tcUrl: "rtmp://h/app/instance",
      streamName: "stream?k=v&w=%2F",
    });
  });

  it("takes ports, also http's, and IPv6 addresses", () => {
    expect(parseRtmpUrl("rtmp://h:1936/a/b")).toMatchObject({ port: 1936, tcUrl: "rtmp://h:1936/a" });
    expect(parseRtmpUrl("RTMP://h:80/a/b")).toMatchObject({ port: 80, tcUrl: "rtmp://h:80/a" });
    expect(parseRtmpUrl("rtmp://[::1]:99/a/b")).toMatchObject({
      host: "::1",
      port: 99,
      tcUrl: "rtmp://[::1]:99/a",
    });
    expect(parseRtmpUrl("rtmp://[::1]/a/b")).toMatchObject({
      host: "::1",
      port: 1935,
      tcUrl: "rtmp://[::1]/a",
    });
  });

  it("decodes what is percent-encoded in the path", () => {
    expect(parseRtmpUrl("rtmp://h/a%20b/%E7%9B%B4%E6%92%AD")).toMatchObject({
      app: "a b",
      streamName: "直播",
    });
  });

  it.each([
    ["h/a/b", "not a URL"],
    ["rtmps://h/a/b", "rtmps is not supported"],
    ["http://h/a/b", "http is not supported"],
    ["rtmp://h:99999/a/b", "not a valid URL"],
    ["rtmp:///", "not a valid URL"],
    ["rtmp://h", "needs an app and a stream name"],
    ["rtmp://h/live", "needs an app and a stream name: rtmp://h/APP/NAME"],
    ["rtmp://h/live/", "needs an app and a stream name"],
  ])("refuses %s: %s", (text, problem) => {
    expect(() => parseRtmpUrl(text)).toThrow(problem);
    expect(() => parseRtmpUrl(text)).toThrow(TypeError);
  });
});

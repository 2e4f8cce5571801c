import { describe, expect, it } from "vitest";
import { parseRtspUrl } from "./url.js";

describe("parseRtspUrl", () => {
  it("takes an address apart, and keeps its secrets apart", () => {
    expect(parseRtspUrl("rtsp://host/cam")).toEqual({
      host: "host",
      port: 554,
      url: "rtsp://host/cam",
      credentials: undefined,
    });
    expect(parseRtspUrl("RTSP://user:p%40ss@[::1]:8554/a/b?c=d")).toEqual({
      host: "::1",
      port: 8554,
      url: "rtsp://[::1]:8554/a/b?c=d",
      credentials: { username: "user", password: "p@ss" },
    });
    // An @ that should have been written as %40 can mean nothing else.
    expect(parseRtspUrl("rtsp://user:p@ss@host:80")).toEqual({
      host: "host",
      port: 80,
      url: "rtsp://host:80/",
      credentials: { username: "user", password: "p@ss" },
    });
    expect(parseRtspUrl("rtsp://user@host/x").credentials).toEqual({ username: "user", password: "" });
    expect(parseRtspUrl("rtsp://host/a b\r\nX: y").url).toBe("rtsp://host/a%20b%0D%0AX:%20y");
  });

  it("says what is wrong, never the password", () => {
    expect(() => parseRtspUrl("host/cam")).toThrow(/must look like rtsp:/);
    expect(() => parseRtspUrl("rtsps://host/cam")).toThrow("rtsps is not supported here, only rtsp");
    for (const text of ["rtsp://user:hidden@", "rtsp://user:hid/den@host/cam", "http://user:hidden@host/"]) {
      expect(() => parseRtspUrl(text)).toThrow(TypeError);
      expect(() => parseRtspUrl(text)).not.toThrow(/hid/);
    }
  });
});

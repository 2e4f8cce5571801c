import { describe, expect, it } from "vitest";
import { explain } from "./explain.js";

const end = (stderr: string, signal: NodeJS.Signals | null = null) => ({
  code: signal ? null : 1,
  signal,
  stderr,
});

// As FFmpeg 5.1 and 8.1 say it.
describe("what FFmpeg complains about", () => {
  it.each([
    [
      "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x55d0] moov atom not found\nfile:a.mp4: Invalid data found when processing input",
      "corrupt",
    ],
    ["file:a.txt: Invalid data found when processing input", "not-media"],
    ["[hls @ 0x5581] Format not on whitelist 'mov,mp4'\nfile:a.m3u8: Invalid argument", "unsupported"],
    ["[tty @ 0x5581] Format not on whitelist 'mov,mp4'\nfile:a.txt: Invalid argument", "not-media"],
    ["[http @ 0x55] Protocol 'file' not on whitelist 'http,https'!", "denied"],
    ["file:gone.mp4: No such file or directory", "not-found"],
    ["[http @ 0x7f] HTTP error 404 Not Found\nhttp://h/a.flv: Server returned 404 Not Found", "not-found"],
    ["[http @ 0x7f] HTTP error 403 Forbidden", "denied"],
    ["[http @ 0x7f] HTTP error 503 Service Unavailable", "unreachable"],
    ["[tcp @ 0x55] Connection to tcp://127.0.0.1:1 failed: Connection refused", "unreachable"],
    ["[tcp @ 0x55] Failed to resolve hostname nowhere: Name or service not known", "unreachable"],
    ["[tcp @ 0x5] Connection to tcp://h:1?timeout=0 failed: Connection refused", "unreachable"],
    ["rtsp://h/a: Connection timed out", "timeout"],
    ["Stream map '0:V:0' matches no streams.\nTo ignore this, add a trailing '?' to the map.", "not-media"],
    ["Unknown encoder 'libwebp'", "unsupported"],
    ["something new", "failed"],
    ["", "failed"],
  ])("%j", (stderr, code) => {
    const error = explain(end(stderr), "a.mp4");
    expect(error).toMatchObject({ name: "AvError", code });
    expect(error.message.startsWith("a.mp4: ")).toBe(true);
    expect(error.message).not.toMatch(/0x[0-9a-f]+|\n/);
  });

  it("may be nothing at all, when it dies", () => {
    expect(explain(end("", "SIGSEGV"), "a.mp4")).toMatchObject({ code: "corrupt", message: /SIGSEGV/ });
  });

  it("keeps no secrets of addresses", () => {
    const stderr = "rtmp://me:word@host/live/a?key=secret: Connection refused";
    const { message } = explain(end(stderr), "a");
    expect(message).toContain("rtmp://host/live/a");
    expect(message).not.toMatch(/word|secret/);
  });

  it("brings no control characters to a terminal", () => {
    const { message } = explain(end("title: \x1b[2J\x07 gone"), "a");
    expect(message).not.toMatch(/\p{Cc}/u);
  });
});

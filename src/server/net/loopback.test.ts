import { describe, expect, it } from "vitest";
import { isLoopbackAddress, isLoopbackHost } from "./loopback.js";

describe("isLoopbackAddress", () => {
  it.each(["127.0.0.1", "127.9.8.7", "::1", "::ffff:127.0.0.1"])("takes %s", (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
  });
  it.each(["", "10.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "localhost", "127.1"])(
    "not %s",
    (address) => {
      expect(isLoopbackAddress(address)).toBe(false);
    },
  );
});

describe("isLoopbackHost", () => {
  it.each(["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:9999"])(
    "takes %s",
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );
  it.each([
    undefined,
    "",
    "example.com",
    "localhost.example.com",
    "127.0.0.1.nip.io:8080",
    "localhost:8080@evil.com",
    "evil.com#localhost",
    "10.0.0.1:80",
    "[::2]",
    "::1",
    "localhost:",
    "localhost localhost",
  ])("not %s", (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../support/otlp.js";
import { testBrowser } from "./chromium.js";
import { type Clip, makeClip, play, publish, startServer, type TestServer } from "./harness.js";

// From the request to the pixels: the last span of a viewer's trace is the browser's.

const VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT";

let browser: Browser;
let server: TestServer;
let clip: Clip;
let collector: OtlpReceiver;
beforeAll(async () => {
  collector = await startOtlpReceiver();
  process.env[VARIABLE] = collector.endpoint;
  clip = makeClip("320x180");
  [browser, server] = await Promise.all([testBrowser(), startServer()]);
});
afterAll(async () => {
  delete process.env[VARIABLE];
  await server?.live.close();
  collector?.close();
});

const spanOf = (stream: string, name: string): ReceivedSpan | undefined => {
  const play = collector.spans.find(
    (span) => span.attributes["sluice.stream"] === stream && span.name === "play",
  );
  if (name === "play") return play;
  return collector.spans.find((span) => span.traceId === play?.traceId && span.name === name);
};

it.each(["fetch", "ws"] as const)("closes the trace that the server began, over %s", async (transport) => {
  const stream = `live/first-${transport}`;
  publish(server.live, stream, clip);
  const page = await play(browser, server.base, `/${stream}.flv`, { transport });
  // It has told: over fetch that is after two seconds.
  await page.waitForFunction(() => window.player.stats().receivedFrames > 75);
  await page.evaluate(() => window.player.destroy());
  await expect.poll(() => spanOf(stream, "first frame rendered")).toBeDefined();
  await expect.poll(() => spanOf(stream, "play")).toBeDefined();
  const root = spanOf(stream, "play")!;
  const frame = spanOf(stream, "first frame rendered")!;
  expect(frame.parentSpanId).toBe(root.spanId);
  expect(frame.attributes["sluice.path"]).toBe("mse-worker");
  // It was asked for before the server heard of it, and shown after the first byte had left.
  const byte = spanOf(stream, "first byte")!;
  expect(BigInt(frame.endNanos)).toBeGreaterThan(BigInt(byte.endNanos));
  expect(BigInt(frame.endNanos)).toBeLessThan(BigInt(root.endNanos));
  expect(Number(BigInt(frame.endNanos) - BigInt(frame.startNanos)) / 1e6).toBeLessThan(10_000);
  expect(root.links).toHaveLength(1);
  expect(collector.refused).toEqual([]);
});

import { readdirSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { createFlvDemuxer } from "../src/media/format/flv/demuxer.js";
import {
  type Example,
  endProcesses,
  startExample,
  startExampleWithRunTs,
  startPush,
  textOf,
} from "../test/support/example.js";
import { until } from "../test/support/until.js";
import { type Viewer, watchHttp, watchWebSocket } from "../test/support/viewers.js";

afterAll(endProcesses);

/**
 * Waits until a picture has come, and sound, and a second of both. Asks again while there is no stream: its publisher is a
 * process of its own, which a busy machine takes longer to start than a viewer is kept waiting.
 */
async function plays(watch: () => Viewer): Promise<Viewer> {
  for (;;) {
    const viewer = watch();
    const failure = await second(viewer);
    if (failure === undefined) return viewer;
    expect(failure.message).toMatch(/404$/);
  }
}

/** @returns why it ended before a second of both has come */
async function second(viewer: Viewer): Promise<Error | undefined> {
  const kinds = new Set<string>();
  let last = 0;
  let read = 0;
  const demuxer = createFlvDemuxer({
    track: ({ kind }) => kinds.add(kind),
    packet: ({ dts }) => {
      last = dts;
    },
  });
  let failure: Error | undefined;
  viewer.ended.catch((error: Error) => {
    failure = error;
  });
  await until(() => {
    if (failure !== undefined) return true;
    const { bytes } = viewer;
    demuxer.push(bytes.subarray(read), 0);
    read = bytes.length;
    return last >= 1_000_000;
  });
  if (failure === undefined) expect([...kinds].sort()).toEqual(["audio", "video"]);
  return failure;
}

/** HTTP-FLV and WS-FLV at this address, and what an orderly end is for who still watches. */
async function servesStreams(example: Example, base: string, rtmpPort: number): Promise<void> {
  // The handshake comes first: no request has shown yet where the streams are mounted.
  const waiting = plays(() => watchWebSocket(`ws://${base}/live/mine.flv`));
  startPush(rtmpPort, "live/mine");
  (await waiting).leave();
  const overHttp = await plays(() => watchHttp(`http://${base}/live/mine.flv`));
  expect(await textOf(`http://${base}/api/v1/public/streams`)).toContain('"name":"mine"');
  expect(await textOf(`http://${base}/`)).toContain("<title>");
  expect(await example.stop()).toBe(0);
  await overHttp.ended;
}

it("all examples are tested here", () => {
  const names = readdirSync("examples").filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  expect(names.map((name) => name.replace(/\.ts$/, "")).sort()).toEqual([
    "express",
    "fastify",
    "hono",
    "plain-http",
    "publish-from-code",
    "subscribe",
    "three-lines",
  ]);
});

// Each mostly waits: for Node to start, and for a second of media.
describe.concurrent("a server of your own", () => {
  it.each([
    ["plain-http", "/hello", "Yours: /hello\n"],
    ["express", "/hello", "Hello from Express\n"],
    ["fastify", "/hello", "Hello from Fastify\n"],
    ["hono", "/hello", "Hello from Hono\n"],
  ])("%s keeps its routes and serves streams below /media", async (name, path, answer) => {
    const example = await startExample(name);
    const port = await example.port(3000);
    expect(await textOf(`http://127.0.0.1:${port}${path}`)).toBe(answer);
    await servesStreams(example, `127.0.0.1:${port}/media`, await example.port(1935));
  });
});

describe.concurrent("a server by itself", () => {
  it("three-lines is a whole server, run as on Node 20", async () => {
    const example = startExampleWithRunTs("three-lines");
    const port = await example.port(8080);
    startPush(await example.port(1935), "live/mine");
    (await plays(() => watchHttp(`http://127.0.0.1:${port}/live/mine.flv`))).leave();
    expect(await textOf(`http://127.0.0.1:${port}/watch/live/mine`)).toContain("<video");
    // It has no listener for it.
    expect(await example.stop()).toBe(143);
  });

  it("publish-from-code is a publisher", async () => {
    const example = await startExample("publish-from-code");
    const port = await example.port(8080);
    const viewer = await plays(() => watchHttp(`http://127.0.0.1:${port}/live/code.flv`));
    expect(await example.stop()).toBe(0);
    await viewer.ended;
  });

  it("subscribe gets every frame", async () => {
    const example = await startExample("subscribe");
    startPush(await example.port(1935), "live/mine");
    await until(() => example.stdout.split(" key ").length > 50);
    expect(example.stdout).toContain("on air: live/mine\n");
    expect(example.stdout).toMatch(/^avc1\.\w+ dts 0 us cts \d+ us key \d+ bytes$/m);
    expect(example.stdout).toMatch(/^mp4a\.40\.2 dts \d+ us cts 0 us key \d+ bytes$/m);
    expect(await example.stop()).toBe(0);
  });
});

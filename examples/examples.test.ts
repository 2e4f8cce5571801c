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

/** Waits until a picture has come, and sound, and a second of both. */
async function plays(viewer: Viewer): Promise<void> {
  const kinds = new Set<string>();
  let last = 0;
  let read = 0;
  const demuxer = createFlvDemuxer({
    track: ({ kind }) => kinds.add(kind),
    packet: ({ dts }) => {
      last = dts;
    },
  });
  let failure: unknown;
  viewer.ended.catch((error: unknown) => {
    failure = error;
  });
  await until(() => {
    const { bytes } = viewer;
    demuxer.push(bytes.subarray(read), 0);
    read = bytes.length;
    return last >= 1_000_000 || failure !== undefined;
  });
  expect(failure).toBeUndefined();
  expect([...kinds].sort()).toEqual(["audio", "video"]);
}

/** HTTP-FLV and WS-FLV at this address, and what an orderly end is for who still watches. */
async function servesStreams(example: Example, base: string, rtmpPort: number): Promise<void> {
  // The handshake comes first: no request has shown yet where the streams are mounted.
  const overWebSocket = watchWebSocket(`ws://${base}/live/mine.flv`);
  startPush(rtmpPort, "live/mine");
  await plays(overWebSocket);
  overWebSocket.leave();
  const overHttp = watchHttp(`http://${base}/live/mine.flv`);
  await plays(overHttp);
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
    const viewer = watchHttp(`http://127.0.0.1:${port}/live/mine.flv`);
    await plays(viewer);
    viewer.leave();
    expect(await textOf(`http://127.0.0.1:${port}/watch/live/mine`)).toContain("<video");
    // It has no listener for it.
    expect(await example.stop()).toBe(143);
  });

  it("publish-from-code is a publisher", async () => {
    const example = await startExample("publish-from-code");
    const viewer = watchHttp(`http://127.0.0.1:${await example.port(8080)}/live/code.flv`);
    await plays(viewer);
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

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CONFIGS, FRAMES } from "../../fuzz/support/flv.js";
import { readAvcConfig } from "../../src/media/codec/avc.js";
import { VIDEO_TRACK_ID, type VideoTrack } from "../../src/media/model/track.js";
import { framehash, makeClip, publishWithFfmpeg } from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { documentedConfig, type Nginx, startNginx } from "../support/nginx.js";
import { killPrograms } from "../support/program.js";
import { until } from "../support/until.js";
import { watchHttp, watchWebSocket } from "../support/viewers.js";

/** Debian's nginx before the server, with the configuration from docs/proxies.md: the document is what is tested. */

const track: VideoTrack = {
  id: VIDEO_TRACK_ID,
  kind: "video",
  codec: "avc",
  config: readAvcConfig(CONFIGS.avc),
};

let folder = "";
let server: LiveTestServer;
/** As documented. */
let nginx: Nginx;
const others: Nginx[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-nginx-"));
  server = await startLiveServer({ waitForPublisherMs: 20_000, keepViewersMs: 200, stallTimeoutMs: 1_000 });
  // Buffering is left on, as it is by default: what switches it off is our header.
  expect(documentedConfig()).not.toMatch(/^\s*(proxy_buffering|proxy_ignore_headers)/m);
  nginx = await start("documented", []);
});

afterAll(async () => {
  await Promise.all([nginx, ...others].map((each) => each?.stop()));
  await killPrograms();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Uncomments the line that must never be: nginx does not obey our header then. */
const DISOBEY = ["# proxy_ignore_headers", "proxy_ignore_headers"] as const;
/** What nginx speaks by default: then it cannot tell a chunk's end, and holds what does not fill a buffer. */
const HTTP_1_0 = ["proxy_http_version 1.1;", ""] as const;

function start(name: string, changes: readonly (readonly [string, string])[]): Promise<Nginx> {
  return startNginx(path.join(folder, name), (port) => {
    const ports = [
      ["listen 80;", `listen 127.0.0.1:${port};`],
      ["server 127.0.0.1:8080;", `server 127.0.0.1:${server.httpPort};`],
    ] as const;
    return [...ports, ...changes].reduce((config, [from, to]) => {
      const parts = config.split(from);
      if (parts.length !== 2)
        throw new Error(`docs/proxies.md must have "${from}" once in nginx's configuration`);
      return parts.join(to);
    }, documentedConfig());
  });
}

it("passes every frame on as it comes, because our header says so", async () => {
  const [obedient, deaf] = await Promise.all([
    start("old", [HTTP_1_0]),
    start("old-deaf", [HTTP_1_0, DISOBEY]),
  ]);
  others.push(obedient, deaf);
  const writer = server.live.publish("live/trickle", [track]);
  writer.write({ track: VIDEO_TRACK_ID, dts: 0, key: true, data: FRAMES.avcKey(0) });

  const direct = watchHttp(server.http("trickle.flv"));
  const proxied = [
    watchHttp(`http://127.0.0.1:${nginx.port}/live/trickle.flv`),
    watchWebSocket(`ws://127.0.0.1:${nginx.port}/live/trickle.flv`),
    watchHttp(`http://127.0.0.1:${obedient.port}/live/trickle.flv`),
  ];
  const held = watchHttp(`http://127.0.0.1:${deaf.port}/live/trickle.flv`);
  await until(() => server.live.streams()[0]?.viewers === 5);
  for (let i = 1; i <= 5; i++) {
    const before = direct.length;
    writer.write({ track: VIDEO_TRACK_ID, dts: i * 40_000, data: FRAMES.avcInter(i) });
    // The next frame is not sent before this one has come through: nothing pushes it out but nginx itself.
    await until(() => direct.length > before && proxied.every(({ length }) => length === direct.length));
  }
  // The proof that it is the header: where it is ignored, the same frames wait for a full buffer.
  expect(held.length).toBe(0);

  writer.end();
  await Promise.all([direct, ...proxied, held].map(({ ended }) => ended));
  for (const viewer of [...proxied, held]) expect(viewer.bytes.equals(direct.bytes)).toBe(true);
});

it("lets the server see a viewer that does not read, because our header says so", async () => {
  const deaf = await start("deaf", [DISOBEY]);
  others.push(deaf);
  const stopped: string[] = [];
  server.live.on("stop", ({ userAgent, reason }) => stopped.push(`${userAgent}: ${reason}`));
  const writer = server.live.publish("live/flood", [track]);
  const frame = (i: number): void => {
    const key = i % 10 === 0;
    const [head, length] = [key ? FRAMES.avcKey(i) : FRAMES.avcInter(i), FLOOD_FRAME_BYTES];
    const data = new Uint8Array(length);
    data.set(head);
    new DataView(data.buffer).setUint32(0, length - 4);
    writer.write({ track: VIDEO_TRACK_ID, dts: i * 40_000, key, data });
  };
  frame(0);
  const sockets = [
    stare("obeyed", nginx.port, "/live/flood.flv"),
    stare("ignored", deaf.port, "/live/flood.flv"),
  ];
  await until(() => server.live.streams()[0]?.viewers === 2);
  for (let i = 1; stopped.length === 0; i++) {
    frame(i);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  // nginx holds no more than a buffer, so the server noticed; the other takes all there is and writes it to disk.
  expect(stopped).toEqual(["obeyed: too-slow"]);
  expect(server.live.streams()[0]?.viewers).toBe(1);
  for (const socket of sockets) socket.destroy();
  writer.end();
});

const FLOOD_FRAME_BYTES = 65_536;

/** Asks for a stream and reads nothing of it. */
function stare(userAgent: string, port: number, url: string): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(`GET ${url} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${userAgent}\r\n\r\n`);
  return socket.pause();
}

it("carries what FFmpeg publishes, byte for byte, over HTTP and WebSocket", async () => {
  const clip = path.join(folder, "clip.flv");
  const codecs = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "2", "-c:a", "aac"];
  await makeClip(clip, 3, codecs);
  const direct = watchHttp(server.http("clip.flv"));
  const proxied = [
    watchHttp(`http://127.0.0.1:${nginx.port}/live/clip.flv`),
    watchWebSocket(`ws://127.0.0.1:${nginx.port}/live/clip.flv`),
  ];
  await publishWithFfmpeg(clip, server.rtmp("clip")).output;
  await Promise.all([direct, ...proxied].map(({ ended }) => ended));
  for (const viewer of proxied) expect(viewer.bytes.equals(direct.bytes)).toBe(true);

  const got = path.join(folder, "got.flv");
  writeFileSync(got, direct.bytes);
  const hashes = async (file: string) =>
    (await framehash(file)).packets.map(({ kind, hash }) => `${kind} ${hash}`);
  expect((await hashes(got)).sort()).toEqual((await hashes(clip)).sort());
});

it("passes on answers that are no streams: what is missing, preflights, the streams' list", async () => {
  const base = `http://127.0.0.1:${nginx.port}`;
  const list = await fetch(`${base}/api/v1/public/streams`);
  expect(await list.json()).toHaveProperty("streams");
  const preflight = await fetch(`${base}/live/x.flv`, { method: "OPTIONS" });
  expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
  const missing = await fetch(`${base}/live/missing.flv`, { method: "HEAD" });
  expect(missing.status).toBe(404);
});

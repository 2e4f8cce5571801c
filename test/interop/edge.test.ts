import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import {
  AUDIO,
  firstPackets,
  open,
  openRaw,
  readAll,
  type Source,
  startLive,
  startSource,
  type TestLive,
} from "../support/synthetic-live.js";
import { until } from "../support/until.js";
import { startWorkerd, type Workerd } from "../support/workerd.js";

// examples/edge in Cloudflare's own runtime, before a server that knows nothing of renditions.

const PHONE = { "user-agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36" };
const DESKTOP = { "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36" };

let origin: TestLive;
let edge: Workerd;
let sources: Source[];

beforeAll(async () => {
  origin = await startLive({ keepViewersMs: 0 });
  sources = ["live/room", "live/room_480p", "live/alone"].map((name) =>
    startSource(origin.live, name, { tracks: [AUDIO] }),
  );
  for (const source of sources) source.run();
  await until(() => origin.live.streams().every(({ live }) => live));
  edge = await startWorkerd("examples/edge", { ORIGIN: origin.url("") });
});
afterAll(async () => {
  await edge.close();
  for (const source of sources) source.stop();
  await origin.live.close();
});

const at = (path: string): string => `http://127.0.0.1:${edge.port}${path}`;
const viewersOf = (key: string): number | undefined =>
  origin.live.streams().find((stream) => stream.key === key)?.viewers;

it("answers with the rendition, and ends at the origin when the client leaves", async () => {
  const answer = await open(at("/live/room.flv?token=a"), PHONE);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    "content-type": "video/x-flv",
    "x-adapted-bitrate": "1200000",
    "content-location": "room_480p.flv",
    "accept-ch": expect.stringContaining("Sec-CH-Viewport-Width") as string,
    "cache-control": "no-store",
  });
  expect(answer.headers.vary?.split(", ")).toContain("User-Agent");
  expect(answer.headers["access-control-expose-headers"]).toMatch(/X-Sluice-Session.*X-Adapted-Bitrate/);
  // The stream goes on while it is read: nothing is gathered.
  await until(() => viewersOf("live/room_480p") === 1);
  expect(await firstPackets(answer, 30)).toHaveLength(30);
  await until(() => viewersOf("live/room_480p") === 0);
});

it("answers with the stream itself where that is the rendition, or where there is none", async () => {
  const desktop = await open(at("/live/room.flv"), DESKTOP);
  expect(desktop.headers).toMatchObject({ "x-adapted-bitrate": "4000000", "content-location": "room.flv" });
  desktop.destroy();
  const alone = await open(at("/live/alone.mp4"), PHONE);
  expect(alone.statusCode).toBe(200);
  expect(alone.headers["content-type"]).toBe("video/mp4");
  expect(alone.headers["x-adapted-bitrate"]).toBeUndefined();
  alone.destroy();
  const named = await open(at("/live/room.flv?rendition=480p"), DESKTOP);
  expect(named.headers["content-location"]).toBe("room_480p.flv");
  named.destroy();
  await until(() => viewersOf("live/room") === 0 && viewersOf("live/alone") === 0);
});

it("passes on what is no stream, and refusals, as they are", async () => {
  const rendition = await open(at("/live/room_480p.flv"), DESKTOP);
  expect(rendition.headers["x-adapted-bitrate"]).toBeUndefined();
  rendition.destroy();
  expect((await open(at("/live/none.flv"), PHONE)).statusCode).toBe(404);
  expect((await open(at("//elsewhere.invalid/live/room.flv"), PHONE)).statusCode).toBe(404);
  const streams = await open(at("/api/v1/public/streams"));
  expect((await readAll(streams)).toString()).toContain("room_480p");
  expect((await open(at("/live/room.flv"), {}, "OPTIONS")).statusCode).toBe(204);
  expect((await open(at("/live/room.flv"), {}, "DELETE")).statusCode).toBe(405);
  expect((await open(at("/live/room.flv"), PHONE, "HEAD")).headers["content-location"]).toBe("room_480p.flv");
});

it("carries WebSocket through, from the rendition", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${edge.port}/live/room.flv`, { headers: PHONE });
  const [data] = (await once(socket, "message")) as [Buffer];
  expect(data.toString("latin1", 0, 3)).toBe("FLV");
  expect(viewersOf("live/room_480p")).toBe(1);
  socket.close();
  await until(() => viewersOf("live/room_480p") === 0);
});

it("says what is wrong with its settings, and when the origin is not there", async () => {
  const wrong = await startWorkerd("examples/edge", { ORIGIN: "ftp://a" });
  const answer = await open(`http://127.0.0.1:${wrong.port}/live/room.flv`);
  expect(answer.statusCode).toBe(500);
  expect((await readAll(answer)).toString()).toContain("ORIGIN: must be an http or https address");
  await wrong.close();

  const gone = createServer();
  await once(gone.listen(0, "127.0.0.1"), "listening");
  const { port } = gone.address() as AddressInfo;
  gone.close();
  const nowhere = await startWorkerd("examples/edge", { ORIGIN: `http://127.0.0.1:${port}` });
  expect((await open(`http://127.0.0.1:${nowhere.port}/live/room.flv`)).statusCode).toBe(502);
  await nowhere.close();
});

it("leaves the origin when the client leaves before the answer has begun", async () => {
  const asked: IncomingMessage[] = [];
  const silent = createServer((request: IncomingMessage, _response: ServerResponse) => asked.push(request));
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const { port } = silent.address() as AddressInfo;
  const waiting = await startWorkerd("examples/edge", { ORIGIN: `http://127.0.0.1:${port}` });
  const staying = openRaw(waiting.port, ["GET /live/room.flv HTTP/1.1", "Host: a"]);
  await until(() => asked.length === 1);
  const client = openRaw(waiting.port, ["GET /live/room.flv HTTP/1.1", "Host: a"]);
  await until(() => asked.length === 2);
  const closed = once(asked[1]!.socket, "close");
  // An orderly end would be half of one to workerd: who has sent all may still read.
  client.socket.resetAndDestroy();
  await closed;
  // The other came first: no time-out has ended this one.
  expect(asked[0]!.socket.destroyed).toBe(false);
  staying.socket.destroy();
  await waiting.close();
  silent.close();
});

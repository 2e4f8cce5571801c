import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ServerOptions, SessionInfo } from "../../src/server/index.js";
import {
  AUDIO,
  firstPackets,
  open,
  type Source,
  startLive,
  startSource,
  type TestLive,
} from "../support/synthetic-live.js";
import { until } from "../support/until.js";

const PHONE = { "user-agent": "Mozilla/5.0 (Linux; Android 10; K) Chrome/131.0.0.0 Mobile Safari/537.36" };
const DESKTOP = { "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36" };
const LADDER = {
  renditions: [
    { name: "1080p", bitrate: "4M", source: true },
    { name: "720p", bitrate: 2_500_000 },
    { name: "480p", bitrate: "1.2M" },
    { name: "480p-av1", bitrate: "800k", codec: "av1" },
  ],
} as const satisfies ServerOptions;

const running: TestLive[] = [];
const sources: Source[] = [];
afterEach(async () => {
  for (const source of sources.splice(0)) source.stop();
  for (const { live } of running.splice(0)) await live.close();
});

async function start(options: ServerOptions = LADDER): Promise<TestLive> {
  const server = await startLive(options);
  running.push(server);
  return server;
}

/** Sound alone: which stream it is is told by its length. */
function publish(server: TestLive, ...names: readonly string[]): void {
  for (const name of names) {
    const source = startSource(server.live, `live/${name}`, { tracks: [AUDIO] });
    source.run();
    sources.push(source);
  }
}

async function ask(
  server: TestLive,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingHttpHeaders> {
  const answer = await open(server.url(path), headers);
  expect(answer.statusCode).toBe(200);
  answer.destroy();
  return answer.headers;
}

describe("a ladder that an encoder sends", () => {
  it("is answered by what the request says, and the answer says what was decided by what", async () => {
    const server = await start();
    publish(server, "room", "room_720p", "room_480p");
    const played: SessionInfo[] = [];
    server.live.on("play", (session) => played.push(session));
    await until(() => server.live.streams().filter(({ live }) => live).length === 3);

    const answer = await open(server.url("/live/room.flv?token=a"), PHONE);
    expect(answer.headers).toMatchObject({
      "x-adapted-bitrate": "1200000",
      "content-location": "room_480p.flv",
      vary: "Save-Data, Sec-CH-Viewport-Width, Viewport-Width, Sec-CH-UA-Form-Factors, Sec-CH-UA-Mobile, User-Agent",
      "accept-ch": expect.stringContaining("Sec-CH-Viewport-Width") as string,
      "access-control-expose-headers": expect.stringMatching(
        /X-Sluice-Session.*X-Adapted-Bitrate, Content-Location$/,
      ) as string,
    });
    expect(await firstPackets(answer, 5)).toHaveLength(5);

    const adapted = {
      asked: "room",
      rendition: "480p",
      bitrate: 1_200_000,
      device: "mobile",
      reasons: ["mobile: User-Agent", "480p: 1.2 Mbit/s"],
    };
    expect(played).toMatchObject([{ app: "live", name: "room_480p", adapted }]);
    const begun = server.lines.find(({ message }) => message === "play begun");
    expect(begun?.fields).toMatchObject({ name: "room_480p", adapted });

    expect(await ask(server, "/live/room.flv", DESKTOP)).toMatchObject({
      "x-adapted-bitrate": "4000000",
      "content-location": "room.flv",
    });
    expect(await ask(server, "/live/room.mp4", { ...DESKTOP, downlink: "4" })).toMatchObject({
      "content-location": "room_720p.mp4",
      "content-type": "video/mp4",
      vary: expect.stringMatching(/User-Agent, Downlink, RTT$/) as string,
    });
    const named = await ask(server, "/live/room.flv?rendition=720p", PHONE);
    expect(named).toMatchObject({ "x-adapted-bitrate": "2500000", "content-location": "room_720p.flv" });
    expect(named.vary).toBeUndefined();
  });

  it("takes a codec only where it is named and live", async () => {
    const server = await start();
    const accept = { ...PHONE, accept: 'video/mp4;codecs="av01.0.05M.08", */*;q=0.5' };
    publish(server, "room", "room_480p");
    await until(() => server.live.streams().filter(({ live }) => live).length === 2);
    expect((await ask(server, "/live/room.flv", accept))["content-location"]).toBe("room_480p.flv");
    publish(server, "room_480p-av1");
    await until(() => server.live.streams().filter(({ live }) => live).length === 3);
    const heavy = await ask(server, "/live/room.flv", accept);
    expect(heavy).toMatchObject({ "content-location": "room_480p-av1.flv", "x-adapted-bitrate": "800000" });
    expect(heavy.vary).toMatch(/, Accept$/);
    expect((await ask(server, "/live/room.flv", PHONE))["content-location"]).toBe("room_480p.flv");
    const query = await ask(server, "/live/room.flv?codecs=av01.0.05M.08,avc1.64001f", PHONE);
    expect(query["content-location"]).toBe("room_480p-av1.flv");
    expect(query.vary).not.toContain("Accept");
  });

  it("falls back on the stream itself, and claims nothing then", async () => {
    const server = await start();
    publish(server, "room");
    const answer = await ask(server, "/live/room.flv", PHONE);
    expect(answer["x-adapted-bitrate"]).toBeUndefined();
    expect(answer["content-location"]).toBeUndefined();
    expect(answer.vary).toContain("User-Agent");
    const begun = server.lines.find(({ message }) => message === "play begun");
    expect(begun?.fields).toMatchObject({
      name: "room",
      adapted: { reasons: ["mobile: User-Agent", "480p: 1.2 Mbit/s", "not live: the stream itself"] },
    });
  });

  it("is chosen from alone where the stream itself is not live", async () => {
    const server = await start();
    publish(server, "room_720p");
    await until(() => server.live.streams()[0]?.live === true);
    expect((await ask(server, "/live/room.flv", PHONE))["content-location"]).toBe("room_720p.flv");
    expect((await open(server.url("/live/other.flv"), PHONE)).statusCode).toBe(404);
  });

  it("leaves the address of a rendition alone, and asks authorize for the name in the address", async () => {
    const asked: string[] = [];
    const server = await start({
      ...LADDER,
      authorize({ action, name }) {
        if (action === "play") asked.push(name);
        return true;
      },
    });
    publish(server, "room_720p", "room", "room_480p");
    await until(() => server.live.streams().filter(({ live }) => live).length === 3);
    const answer = await ask(server, "/live/room_720p.flv", PHONE);
    for (const header of ["x-adapted-bitrate", "content-location", "vary", "accept-ch"])
      expect(answer[header]).toBeUndefined();
    await ask(server, "/live/room.flv", PHONE);
    expect(asked).toEqual(["room_720p", "room"]);
  });

  it("is there for who comes before the publisher, and for who only asks", async () => {
    const server = await start({ ...LADDER, waitForPublisherMs: 60_000 });
    const early = open(server.url("/live/room.flv"), PHONE);
    // A second request is answered while the first waits.
    expect((await open(server.url("/nothing"))).statusCode).toBe(404);
    publish(server, "room_480p", "room");
    const answer = await early;
    expect(answer.headers["content-location"]).toBe("room_480p.flv");
    answer.destroy();
    const head = await open(server.url("/live/room.flv"), PHONE, "HEAD");
    expect(head.headers).toMatchObject({
      "content-location": "room_480p.flv",
      "x-adapted-bitrate": "1200000",
    });
  });

  it("is answered over WebSocket, from the handshake's headers", async () => {
    const server = await start();
    publish(server, "room", "room_480p");
    await until(() => server.live.streams().filter(({ live }) => live).length === 2);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/live/room.flv`, { headers: PHONE });
    const [upgrade] = (await once(socket, "upgrade")) as [{ headers: IncomingHttpHeaders }];
    expect(upgrade.headers).toMatchObject({
      "x-adapted-bitrate": "1200000",
      "content-location": "room_480p.flv",
    });
    const [data] = (await once(socket, "message")) as [Buffer];
    expect(data.toString("latin1", 0, 3)).toBe("FLV");
    socket.close();
    await once(socket, "close");
  });

  it("asks browsers for hints on the pages, where they listen", async () => {
    const server = await start();
    expect((await ask(server, "/watch/live/room"))["accept-ch"]).toContain("Sec-CH-Viewport-Width");
  });
});

it("without renditions nothing is looked at and nothing is added", async () => {
  const server = await start({});
  publish(server, "room", "room_480p");
  await until(() => server.live.streams().filter(({ live }) => live).length === 2);
  const answer = await ask(server, "/live/room.flv?rendition=480p", PHONE);
  for (const header of ["x-adapted-bitrate", "content-location", "vary", "accept-ch"])
    expect(answer[header]).toBeUndefined();
  expect(answer["access-control-expose-headers"]).not.toContain("X-Adapted-Bitrate");
  expect((await ask(server, "/"))["accept-ch"]).toBeUndefined();
  const begun = server.lines.find(({ message }) => message === "play begun");
  expect(begun?.fields).toMatchObject({ name: "room" });
  expect(begun?.fields).not.toHaveProperty("adapted");
});

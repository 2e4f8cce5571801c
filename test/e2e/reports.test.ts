import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import type { SessionInfo } from "sluice";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import type { PlayerReport } from "../../src/player/telemetry/report.js";
import { advance, type Clip, makeClip, openBlank, play, publish, useStage } from "./harness.js";

/** Who asks for reports, of a page and its workers. */
function reportsOf(page: Page): PlayerReport[] {
  const reports: PlayerReport[] = [];
  page.context().on("request", (request) => {
    if (request.url().endsWith("/reports") && request.method() === "POST")
      reports.push(JSON.parse(request.postData() ?? "") as PlayerReport);
  });
  return reports;
}

describe("the player's reports", () => {
  const stage = useStage();
  let clip: Clip;
  const stopped: SessionInfo[] = [];

  beforeAll(() => {
    clip = makeClip("320x180");
    stage.server.live.on("stop", (session) => stopped.push(session));
  });

  const stopOf = (name: string): SessionInfo | undefined => stopped.find((session) => session.name === name);

  it("come to the server by themselves, with the figures that the player has", async () => {
    publish(stage.server.live, "live/told", clip);
    const page = await openBlank(stage.browser, stage.server.base);
    const reports = reportsOf(page);
    const statuses: number[] = [];
    page.context().on("response", (response) => {
      if (response.url().endsWith("/reports")) statuses.push(response.status());
    });
    await page.evaluate(() => {
      const video = document.querySelector("video") as HTMLVideoElement;
      window.player = window.createPlayer(video, "/live/told.flv");
    });
    await expect.poll(() => statuses.length).toBeGreaterThan(1);
    expect(statuses.every((status) => status === 204)).toBe(true);
    const [first, second] = reports;
    expect(first).toMatchObject({ v: 2, sn: 0, st: "ll", sta: "p", "sluice-path": "mse-worker" });
    expect(first).not.toHaveProperty("sluice-rtt");
    expect(second?.["sluice-rtt"]).toBeGreaterThanOrEqual(0);
    expect(second?.["sluice-received"]).toBeGreaterThan(first?.["sluice-received"] ?? 0);
    expect(second?.sid).toBe(first?.sid);
    await page.evaluate(() => window.player.destroy());
    await expect.poll(() => reports.at(-1)?.sta).toBe("q");
    await expect.poll(() => stopOf("told")).toBeDefined();
    const { id, report } = stopOf("told") as SessionInfo;
    expect(id).toBe(first?.sid);
    expect(report).toMatchObject({ path: "mse-worker", errors: [], reconnects: 0 });
    for (const figure of ["bufferMs", "latencyMs", "targetLatencyMs", "bitrate", "decodedFrames"] as const)
      expect(report?.[figure], figure).toBeGreaterThan(0);
  });

  it.each(["mse-worker", "mse", "webcodecs"] as const)(
    "go over the stream's own WebSocket: %s",
    async (path) => {
      publish(stage.server.live, `live/ws-${path}`, clip);
      const page = await openBlank(stage.browser, stage.server.base);
      const posted = reportsOf(page);
      await page.evaluate((path) => {
        const video = document.querySelector("video") as HTMLVideoElement;
        window.player = window.createPlayer(video, `/live/ws-${path}.flv`, {
          transport: "ws",
          paths: [path],
        });
      }, path);
      await page.waitForFunction(() => window.player.stats().receivedFrames > 75);
      expect(posted).toEqual([]);
      await page.evaluate(() => window.player.destroy());
      await expect.poll(() => posted.length).toBe(1);
      expect(posted[0]).toMatchObject({ sta: "q", "sluice-path": path });
      expect(posted[0]?.["sluice-rtt"]).toBeGreaterThanOrEqual(0);
      await expect.poll(() => stopOf(`ws-${path}`)).toBeDefined();
      const { id, protocol, report } = stopOf(`ws-${path}`) as SessionInfo;
      expect([id, protocol]).toEqual([posted[0]?.sid, "ws-flv"]);
      // What the WebSocket carried, or the beacon, if that came before its end.
      expect(report?.path).toBe(path);
      expect(report?.sequence).toBeGreaterThan(0);
      expect(report?.receivedFrames).toBeGreaterThan(0);
    },
  );

  it("are not sent where nobody wants them, and no more where the server takes none", async () => {
    publish(stage.server.live, "live/quiet", clip);
    const off = await play(stage.browser, stage.server.base, "/live/quiet.flv", { reports: false });
    const offReports = reportsOf(off);
    const elsewhere = await play(stage.browser, stage.server.base, "/live/quiet.flv", {
      reports: "/nowhere/reports",
    });
    const refused = reportsOf(elsewhere);
    await expect.poll(() => refused.length).toBe(1);
    await advance(elsewhere, 2.5);
    expect([offReports.length, refused.length]).toEqual([0, 1]);
  });

  describe("on a server of another kind", () => {
    let other: Server;
    let base: string;
    const handshakes: (string | undefined)[] = [];
    beforeAll(async () => {
      // It speaks WebSocket, without any subprotocol, and passes on what ours has.
      const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => false });
      other = createServer((request, response) => {
        response.writeHead(request.method === "HEAD" ? 405 : 200, { "content-type": "text/html" });
        response.end("<!doctype html>");
      });
      other.on("upgrade", (request, socket, head) => {
        handshakes.push(request.headers["sec-websocket-protocol"]);
        sockets.handleUpgrade(request, socket, head, async (viewer) => {
          const answer = await fetch(`${stage.server.base}${request.url}`);
          for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) viewer.send(chunk);
        });
      });
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      base = `ws://127.0.0.1:${(other.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      other.closeAllConnections();
      other.close();
    });

    it("are offered, not taken, and the stream plays without", async () => {
      publish(stage.server.live, "live/other", clip);
      const page = await play(stage.browser, stage.server.base, `${base}/live/other.flv`);
      await advance(page, 1);
      expect(handshakes).toEqual(["sluice.v1", undefined]);
      const { reconnects } = await page.evaluate(() => window.player.stats());
      expect([reconnects, await page.evaluate(() => window.errors)]).toEqual([0, []]);
    });
  });
});

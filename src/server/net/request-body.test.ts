import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { until } from "../../../test/support/until.js";
import { BodyError } from "../contract/body-error.js";
import { createHttpEntry } from "./http-entry.js";

const LIMITS = { maxBytes: 10, timeoutMs: 5_000 };
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function stage() {
  const scheduler = createFakeScheduler();
  const outcomes: string[] = [];
  let asked = 0;
  const route: Parameters<typeof createHttpEntry>[0]["route"] = (exchange) => {
    asked += 1;
    exchange.body(LIMITS).then(
      (bytes) => {
        outcomes.push(Buffer.from(bytes).toString());
        exchange.reply(200, {}, bytes);
      },
      (error: unknown) => {
        if (!(error instanceof BodyError)) throw error;
        outcomes.push(error.code);
        exchange.reply(408, {}, error.code);
      },
    );
    return true;
  };
  const entry = createHttpEntry({ scheduler, route, oursAmongOthers: route });
  // The timer of WebSocket's pings.
  const idle = scheduler.pending;
  const server = createServer(entry.request);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { scheduler, idle, outcomes, entry, asked: () => asked, url: `http://127.0.0.1:${port}/` };
}

describe("the body of a request", () => {
  it("comes whole, in whatever pieces, up to its bound", async () => {
    const { url, outcomes, scheduler, idle } = await stage();
    for (const body of ["", "a", "0123456789"]) {
      expect(await (await fetch(url, { method: "POST", body })).text()).toBe(body);
    }
    const pieces = httpRequest(url, { method: "POST" });
    pieces.write("01234");
    pieces.end("56789");
    const [answer] = (await once(pieces, "response")) as [IncomingMessage];
    answer.resume();
    expect((await fetch(url, { method: "POST", body: "0123456789a" })).status).toBe(408);
    expect(outcomes).toEqual(["", "a", "0123456789", "0123456789", "too-large"]);
    scheduler.advance(60_000);
    expect(scheduler.pending).toBe(idle);
  });

  it("is given up when it does not come in time: answered, and then closed", async () => {
    const { url, outcomes, scheduler, idle, asked } = await stage();
    const slow = httpRequest(url, { method: "POST", headers: { "content-length": 5 } });
    slow.on("error", () => {});
    slow.write("{");
    await until(() => asked() === 1);
    scheduler.advance(4_999);
    expect(outcomes).toEqual([]);
    scheduler.advance(1);
    const [answer] = (await once(slow, "response")) as [IncomingMessage];
    expect([answer.statusCode, answer.headers.connection]).toEqual([408, "close"]);
    answer.resume();
    await once(answer, "end");
    expect(outcomes).toEqual(["timeout"]);
    const closed = once(slow, "close");
    scheduler.advance(1_000);
    await closed;
    scheduler.advance(60_000);
    expect(scheduler.pending).toBe(idle);
  });

  it("is given up when its sender leaves", async () => {
    const { url, outcomes, asked, entry } = await stage();
    const leaving = httpRequest(url, { method: "POST", headers: { "content-length": 5 } });
    leaving.on("error", () => {});
    leaving.write("{");
    await until(() => asked() === 1);
    leaving.destroy();
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual(["cut-off"]);
    await entry.drained();
  });

  it("has the same bounds where a fetch host has it", async () => {
    const { outcomes, entry, scheduler, idle } = await stage();
    const ask = (body: BodyInit | null): Promise<Response> =>
      entry.fetch(new Request("http://any/", { method: "POST", body, duplex: "half" } as object));
    expect(await (await ask("0123456789")).text()).toBe("0123456789");
    expect((await ask("0123456789a")).status).toBe(408);
    await ask(null);
    let cancelled = false;
    const silent = ask(
      new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from("{")),
        cancel() {
          cancelled = true;
        },
      }),
    );
    scheduler.advance(5_000);
    await silent;
    expect(cancelled).toBe(true);
    await ask(
      new ReadableStream({
        start: (controller) => controller.error(new Error("the peer has gone")),
      }),
    );
    const read = new Request("http://any/", { method: "POST", body: "x" });
    await read.text();
    await entry.fetch(read);
    expect(outcomes).toEqual(["0123456789", "too-large", "", "timeout", "cut-off", "consumed"]);
    expect(scheduler.pending).toBe(idle);
  });
});

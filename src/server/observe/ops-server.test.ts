import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createLogRecorder, type LogLine } from "../../../test/support/rtmp-server.js";
import { createNodeScheduler } from "../net/node-scheduler.js";
import { healthRoutes } from "./health.js";
import { createOpsServer, type OpsRoutes, type OpsServer, replyText } from "./ops-server.js";

const open: OpsServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(routes: OpsRoutes, host = "127.0.0.1", lines: LogLine[] = []): Promise<number> {
  const scheduler = createNodeScheduler();
  const server = createOpsServer({ host, port: 0, routes, scheduler, log: createLogRecorder(lines) });
  open.push(server);
  return (await server.listen()).port;
}

function get(port: number, path: string, host = "localhost"): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers: { host }, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject).end();
  });
}

const say =
  (text: string): OpsRoutes[string] =>
  (_request, response) =>
    replyText(response, 200, text);

describe("the operations port", () => {
  it("finds handlers by path, and by the longest prefix that ends with a slash", async () => {
    const port = await start({ "/a": say("a"), "/debug/": say("debug"), "/debug/pprof/": say("pprof") });
    expect((await get(port, "/a?x=/b")).body).toBe("a");
    expect((await get(port, "/debug/x")).body).toBe("debug");
    expect((await get(port, "/debug/pprof/heap?seconds=1")).body).toBe("pprof");
    expect((await get(port, "/a/b")).status).toBe(404);
    expect((await get(port, "/constructor")).status).toBe(404);
    expect((await get(port, "/")).body).toContain("/debug/pprof/");
  });

  it("says no where a handler fails, and goes on", async () => {
    const lines: LogLine[] = [];
    const port = await start(
      { "/bad": () => Promise.reject(new Error("broken")), "/good": say("good") },
      "127.0.0.1",
      lines,
    );
    expect((await get(port, "/bad")).status).toBe(500);
    expect(lines.map(({ message }) => message)).toEqual(["the operations port failed to answer"]);
    expect((await get(port, "/good")).body).toBe("good");
  });

  it("answers on loopback only to whoever asks for loopback", async () => {
    const port = await start({ "/a": say("a") });
    expect((await get(port, "/a", "attacker.example")).status).toBe(403);
    expect((await get(port, "/a", `127.0.0.1:${port}`)).status).toBe(200);
    const everywhere = await start({ "/a": say("a") }, "0.0.0.0");
    expect((await get(everywhere, "/a", "sluice.monitoring.svc")).status).toBe(200);
  });

  it("tells alive from ready", async () => {
    let ready = false;
    const port = await start(healthRoutes(() => ready));
    expect(await get(port, "/healthz")).toEqual({ status: 200, body: "ok\n" });
    expect((await get(port, "/readyz")).status).toBe(503);
    ready = true;
    expect(await get(port, "/readyz")).toEqual({ status: 200, body: "ready\n" });
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LiveServer, ServerOptions } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { publishWithFfmpeg } from "../support/ffmpeg.js";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../support/otlp.js";
import { killPrograms } from "../support/program.js";
import { openRtmpPeer } from "../support/rtmp-peer.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { watchWebSocket } from "../support/viewers.js";

// Traces as a collector gets them, decoded by its own schema in its own process, beside the lines of the log.

const MAIN = "dist/cli/main.js";
const INCOMING = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/;

let collector: OtlpReceiver;
beforeAll(async () => {
  collector = await startOtlpReceiver();
});
/** Has a process find none of OpenTelemetry's packages, as after a plain `npm install sluice`. */
const WITHOUT_PACKAGES = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { register } from "node:module";
    const hooks = 'export async function resolve(name, context, next) {' +
      'if (!name.startsWith("@opentelemetry/")) return next(name, context);' +
      'throw Object.assign(new Error("Cannot find package " + name), { code: "ERR_MODULE_NOT_FOUND" }); }';
    register("data:text/javascript," + encodeURIComponent(hooks));
  `)}`,
};

const children: ChildProcess[] = [];
const responses: IncomingMessage[] = [];
const servers: LiveServer[] = [];
afterEach(async () => {
  for (const response of responses.splice(0)) response.destroy();
  await killPrograms();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const live of servers.splice(0)) await live.close();
});
afterAll(() => {
  collector.close();
  expect(collector.refused).toEqual([]);
});

type Line = Readonly<Record<string, unknown>>;

/** `sluice serve` as people run it, with the lines of its log. */
async function serve(env: Record<string, string>, ...flags: string[]) {
  const all = { ...process.env, ...env };
  const child = spawn(
    process.execPath,
    [MAIN, "serve", "--rtmp-port=0", "--http-port=0", "--ops-port=0", ...flags],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: all,
    },
  );
  children.push(child);
  let out = "";
  let complaints = "";
  child.stderr.on("data", (text: Buffer) => {
    complaints += text.toString();
  });
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  const lines = (): Line[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await until(() => child.exitCode !== null || lines().filter(({ msg }) => msg === "listening").length === 3);
  const port = (protocol: string): number => Number(lines().find((line) => line.protocol === protocol)?.port);
  return {
    lines,
    exited,
    complaints: () => complaints,
    stop: () => void child.kill("SIGTERM"),
    rtmp: port("rtmp"),
    http: port("http"),
  };
}

/** A server in this process, whose workers are processes of their own. */
async function start(options: ServerOptions) {
  const module = await builtServer();
  const lines: LogLine[] = [];
  const live = module.createServer({
    logger: createLogRecorder(lines),
    waitForPublisherMs: 20_000,
    otlp: { endpoint: collector.endpoint },
    ...options,
    http: { host: "127.0.0.1", port: 0 },
    rtmp: { host: "127.0.0.1", port: 0 },
  });
  servers.push(live);
  const { http, rtmp } = await live.listen();
  return { live, lines, http: http?.port ?? 0, rtmp: rtmp?.port ?? 0 };
}

async function ask(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const request = get(url, { agent: false, headers });
  request.on("error", () => {});
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  responses.push(response);
  return response;
}

const spansOf = (traceId: unknown): readonly ReceivedSpan[] =>
  collector.spans.filter((span) => span.traceId === traceId);
const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  expect(found, `${name} among ${spans.map((span) => span.name)}`).toHaveLength(1);
  return found[0]!;
};
/** Once the whole trace has come: its own span is the last. */
async function traceOf(traceId: unknown, root: string): Promise<readonly ReceivedSpan[]> {
  await until(() => spansOf(traceId).some(({ name }) => name === root));
  return spansOf(traceId);
}

/** What lies within what, and when. */
function expectWithin(spans: readonly ReceivedSpan[], root: ReceivedSpan): void {
  for (const span of spans) {
    expect(BigInt(span.endNanos)).toBeGreaterThanOrEqual(BigInt(span.startNanos));
    if (span === root) continue;
    expect(span.parentSpanId, span.name).toBe(root.spanId);
    expect(BigInt(span.startNanos)).toBeGreaterThanOrEqual(BigInt(root.startNanos));
  }
}

describe("traces", () => {
  it("follow a publisher and its viewer through a real server, and the log's lines are in them", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_SERVICE_NAME: "studio",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    };
    const server = await serve(env);
    const publisher = publishWithFfmpeg("assets/demo.flv", `rtmp://127.0.0.1:${server.rtmp}/live/a`);
    const response = await ask(`http://127.0.0.1:${server.http}/live/a.flv?token=secret`, {
      traceparent: INCOMING,
    });
    expect(response.headers["access-control-expose-headers"]).toContain("traceparent");
    const [, traceId, spanId, flags] = TRACEPARENT.exec(String(response.headers.traceparent)) ?? [];
    expect([traceId, flags]).toEqual([INCOMING.slice(3, 35), "01"]);
    await once(response, "data");
    // What a player says that has shown its first frame a moment ago.
    const report = {
      v: 2,
      sid: response.headers["x-sluice-session"],
      "sluice-first-frame": 300,
      "sluice-first-frame-ago": 20,
      "sluice-traceparent": response.headers.traceparent,
    };
    const reports = `http://127.0.0.1:${server.http}/api/v1/reports`;
    const taken = await fetch(reports, { method: "POST", body: JSON.stringify(report) });
    expect(taken.status).toBe(204);
    response.destroy();
    await until(() => server.lines().some(({ msg }) => msg === "play ended"));
    await publisher.kill();
    await until(() => server.lines().some(({ msg }) => msg === "publish ended"));
    server.stop();
    expect(await server.exited).toBe(0);

    const viewer = await traceOf(traceId, "play");
    const play = named(viewer, "play");
    expect(play).toMatchObject({
      spanId,
      parentSpanId: INCOMING.slice(36, 52),
      kind: "SPAN_KIND_SERVER",
      scope: "sluice",
      resource: { "service.name": "studio", "deployment.environment.name": "test" },
      attributes: {
        "sluice.stream": "live/a",
        "sluice.protocol": "http-flv",
        "client.address": "127.0.0.1",
        "http.response.status_code": expect.anything(),
      },
    });
    expect(play.events.map(({ name }) => name)).toEqual(["end"]);
    expect(viewer.map(({ name }) => name).sort()).toEqual([
      "authorise",
      "first byte",
      "first frame rendered",
      "join",
      "play",
      "request",
    ]);
    const frame = named(viewer, "first frame rendered");
    expect(BigInt(frame.endNanos) - BigInt(frame.startNanos)).toBe(300_000_000n);
    expect(frame.parentSpanId).toBe(spanId);
    expectWithin(
      viewer.filter((span) => span !== frame),
      play,
    );
    expect(JSON.stringify(viewer)).not.toContain("secret");

    const lines = server.lines();
    const of = (msg: string): Line => lines.find((line) => line.msg === msg)!;
    for (const msg of ["play begun", "play ended"]) {
      expect(of(msg)).toMatchObject({ trace_id: traceId, span_id: spanId, stream: "live/a" });
      expect(of(msg).session).toBe(play.attributes["sluice.session"]);
    }
    const published = await traceOf(of("publish begun").trace_id, "publish");
    const publish = named(published, "publish");
    expect(publish).toMatchObject({ spanId: of("publish ended").span_id, parentSpanId: "" });
    expect(published.map(({ name }) => name).sort()).toEqual([
      "authorise",
      "connect",
      "first key frame",
      "first packet",
      "handshake",
      "publish",
    ]);
    expectWithin(published, publish);
    expect(play.links).toEqual([{ traceId: publish.traceId, spanId: publish.spanId }]);
    // Killed: what the log calls its end is what the span does.
    const { reason } = of("publish ended");
    expect(publish.events).toMatchObject([{ name: "end", attributes: { "sluice.reason": reason } }]);
  });

  it("have a refusal's reason as the log has it, and end what was under way", async () => {
    const asked: string[] = [];
    const server = await start({
      authorize({ traceparent }) {
        asked.push(traceparent);
        return { allow: false, reason: "no ticket" };
      },
    });
    const response = await ask(`http://127.0.0.1:${server.http}/live/x.flv`);
    expect(response.statusCode).toBe(403);
    const [, traceId] = TRACEPARENT.exec(String(response.headers.traceparent)) ?? [];
    const spans = await traceOf(traceId, "play");
    const play = named(spans, "play");
    expect(play.status).toEqual({ code: "STATUS_CODE_ERROR", message: "denied: no ticket" });
    expect(play.attributes["error.type"]).toBe("denied");
    expect(named(spans, "authorise").status).toEqual(play.status);
    expect(named(spans, "request").status).toEqual(play.status);
    expect(asked).toEqual([`00-${traceId}-${named(spans, "authorise").spanId}-01`]);
    const line = server.lines.find(({ message }) => message === "connection ended");
    expect(line?.fields).toMatchObject({
      trace_id: traceId,
      span_id: play.spanId,
      stream: "live/x",
      reason: "denied",
      detail: "no ticket",
    });

    const peer = await openRtmpPeer(server.rtmp);
    await peer.connect("live");
    expect(await peer.publish(await peer.createStream(), "y")).toBe("NetStream.Publish.Denied");
    peer.socket.destroy();
    await until(() => collector.spans.some((span) => span.attributes["sluice.stream"] === "live/y"));
    const refused = collector.spans.find((span) => span.attributes["sluice.stream"] === "live/y")!;
    expect(refused).toMatchObject({ name: "publish", status: { code: "STATUS_CODE_ERROR" } });
    expect(refused.status.message).toContain("denied: Not allowed: no ticket");
  });

  it("go through all processes of a server: who asks, who answers, who publishes elsewhere", async () => {
    const asked: string[] = [];
    const server = await start({
      workers: 2,
      authorize({ action, traceparent }) {
        asked.push(`${action} ${traceparent}`);
        return true;
      },
    });
    const publisher = publishWithFfmpeg("assets/demo.flv", `rtmp://127.0.0.1:${server.rtmp}/live/w`);
    const viewers = await Promise.all([0, 1].map(() => ask(`http://127.0.0.1:${server.http}/live/w.flv`)));
    await Promise.all(viewers.map((viewer) => once(viewer, "data")));
    for (const viewer of viewers) viewer.destroy();
    const lines = (message: string) =>
      server.lines.filter((line) => line.message === message).map(({ fields }) => fields);
    await until(() => lines("play ended").length === 2);
    await publisher.kill();
    await until(() => lines("publish ended").length === 1);

    const [publish] = lines("publish begun");
    expect(new Set(lines("play begun").map(({ pid }) => pid)).size).toBe(2);
    for (const line of lines("play begun")) {
      const spans = await traceOf(line.trace_id, "play");
      const play = named(spans, "play");
      expect(play.links).toEqual([{ traceId: publish?.trace_id, spanId: publish?.span_id }]);
      expect(play.resource["process.pid"]).toBe(String(line.pid));
      // The parent's part of the question lies within the worker's.
      await until(() => spansOf(line.trace_id).filter(({ name }) => name === "authorise").length === 2);
      const [own, parents] = ["authorise", "authorise"].map((name, i) => {
        const both = spansOf(line.trace_id).filter((span) => span.name === name);
        return both.find((span) => (span.resource["process.pid"] === String(line.pid)) === (i === 0))!;
      });
      expect(own?.parentSpanId).toBe(play.spanId);
      expect(parents?.parentSpanId).toBe(own?.spanId);
      expect(parents?.resource["process.pid"]).toBe(String(process.pid));
      expect(asked).toContain(`play 00-${parents?.traceId}-${parents?.spanId}-01`);
    }
  });

  it("are given ids without a collector too, and nothing of a request's that is none", async () => {
    const server = await start({ otlp: { endpoint: "off" } });
    const before = collector.spans.length;
    const bad = [INCOMING.toUpperCase(), `${INCOMING}-`, INCOMING.replace("4bf9", "4bg9"), "x".repeat(9000)];
    for (const traceparent of [INCOMING, ...bad]) {
      const { headers } = await ask(`http://127.0.0.1:${server.http}/live/none.txt.flv?video=2`, {
        traceparent,
      });
      // A request that asks for nothing that there could be is nobody's session.
      expect(headers.traceparent).toBeUndefined();
    }
    const publisher = publishWithFfmpeg("assets/demo.flv", `rtmp://127.0.0.1:${server.rtmp}/live/a`);
    for (const traceparent of [INCOMING, ...bad]) {
      const { headers } = await ask(`http://127.0.0.1:${server.http}/live/a.flv`, { traceparent });
      const [, traceId, , flags] = TRACEPARENT.exec(String(headers.traceparent)) ?? [];
      expect(flags).toBe("00");
      expect(traceId === INCOMING.slice(3, 35)).toBe(traceparent === INCOMING);
    }
    const viewer = watchWebSocket(`ws://127.0.0.1:${server.http}/live/a.flv`);
    await until(() => viewer.length > 0);
    viewer.leave();
    await publisher.kill();
    const ids = server.lines.flatMap(({ fields }) => (fields.session === undefined ? [] : [fields.trace_id]));
    expect(ids.length).toBeGreaterThan(5);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(collector.spans.length).toBe(before);
  });

  it("name the packages that are missing: a key that asks for them ends the start, a variable does not", async () => {
    const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      devDependencies: Record<string, string>;
    };
    const asked = await serve(WITHOUT_PACKAGES, `--otlp-endpoint=${collector.endpoint}`);
    expect(await asked.exited).toBe(1);
    const [, named = ""] = /npm install (.*)/.exec(asked.complaints()) ?? [];
    expect(named.split(" ")).toHaveLength(4);
    for (const each of named.split(" ")) {
      const [, name = "", version] = /^(.+)@([^@]+)$/.exec(each) ?? [];
      expect(devDependencies[name], name).toBe(version);
    }
    const env = { ...WITHOUT_PACKAGES, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const meant = await serve(env);
    const warned = meant.lines().find(({ msg }) => String(msg).includes("OpenTelemetry's variables"));
    expect(warned?.level).toBe(40);
    meant.stop();
    expect(await meant.exited).toBe(0);
    expect(meant.complaints()).toBe("");
  });

  it("change nothing where the collector is dead, or takes and never answers", async () => {
    const held: unknown[] = [];
    const silent: Server = createServer((socket) => {
      held.push(socket);
      socket.on("error", () => {});
    });
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const endpoints = ["http://127.0.0.1:1", `http://127.0.0.1:${port}`];
    const unmoved = async (endpoint: string): Promise<void> => {
      const server = await serve({}, `--otlp-endpoint=${endpoint}`);
      const publisher = publishWithFfmpeg("assets/demo.flv", `rtmp://127.0.0.1:${server.rtmp}/live/a`);
      const response = await ask(`http://127.0.0.1:${server.http}/live/a.flv`);
      await once(response, "data");
      response.destroy();
      await until(() => server.lines().some(({ msg }) => msg === "play ended"));
      await publisher.kill();
      await until(() => server.lines().some(({ msg }) => msg === "publish ended"));
      const complaints = () =>
        server.lines().filter(({ msg }) => msg === "traces could not be sent and are left out");
      await until(() => complaints().length > 0);
      server.stop();
      expect(await server.exited).toBe(0);
      expect(complaints()).toHaveLength(1);
    };
    await Promise.all(endpoints.map(unmoved));
    silent.close();
    expect(held.length).toBeGreaterThan(0);
  });
});

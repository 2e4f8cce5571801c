import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createServer } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { AUDIO, startSource, VIDEO } from "../support/synthetic-live.js";
import { until } from "../support/until.js";
import { watchHttp } from "../support/viewers.js";

// The operations port from outside: what Prometheus and a load balancer see.

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

const own = { host: "127.0.0.1", port: 0 };

/** Prometheus' own checker. @returns what it says */
function promtool(
  args: readonly string[],
  input = "",
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, {
    input,
    encoding: "utf8",
    cwd: "docs/ops",
  });
  return { code: status, said: `${stdout}${stderr}` };
}

async function get(
  port: number | undefined,
  path: string,
): Promise<{ status: number; text: string; type: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  const type = answer.headers.get("content-type") ?? "";
  return { status: answer.status, text: await answer.text(), type };
}

/** The values of a page of metrics, each by its name and labels as they stand there. */
function samples(page: string): ReadonlyMap<string, number> {
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** Scrapes until the page is as it should be: it is gathered once a second. */
async function scrape(
  port: number | undefined,
  fits: (values: ReadonlyMap<string, number>) => boolean,
): Promise<string> {
  for (;;) {
    const { text } = await get(port, "/metrics");
    if (fits(samples(text))) return text;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe.each([1, 2])("/metrics, workers: %i", (workers) => {
  it("counts streams, viewers and delays, in a form that Prometheus likes", async () => {
    const server = await builtServer();
    const live = server.createServer({ workers, logger: false, http: own, rtmp: own, ops: own });
    closes.push(live.close);
    const { http, ops } = await live.listen();
    const source = startSource(live, 'live/quo"te\\d', { tracks: [VIDEO, AUDIO], gop: 5 });
    closes.push(source.stop);
    source.run();
    const viewers = [0, 1, 2].map(() =>
      watchHttp(`http://127.0.0.1:${http?.port}/live/${encodeURIComponent('quo"te\\d')}.flv`),
    );
    for (const viewer of viewers) closes.push(viewer.leave);
    await until(() => viewers.every(({ length }) => length > 0));

    const stream = 'stream="live/quo\\"te\\\\d"';
    const of = `{protocol="http-flv",${stream}}`;
    const page = await scrape(
      ops?.port,
      (values) =>
        values.get(`sluice_stream_viewers${of}`) === 3 &&
        (values.get(`sluice_stream_lag_seconds_count{${stream}}`) ?? 0) > 0 &&
        (values.get(`sluice_stream_media_packets_total{${stream}}`) ?? 0) > 0 &&
        (values.get(`sluice_stream_gop_seconds_count{${stream}}`) ?? 0) > 0 &&
        (values.get('sluice_event_loop_delay_seconds_count{process="main"}') ?? 0) > 0,
    );
    const values = samples(page);
    expect(values.get(`sluice_stream_first_frame_seconds_count${of}`)).toBe(3);
    expect(values.get(`sluice_stream_sent_bytes_total${of}`)).toBeGreaterThan(0);
    expect(values.get("sluice_streams")).toBe(1);
    expect(values.get('sluice_sessions{protocol="http-flv",action="play"}')).toBe(3);
    expect(values.get("sluice_processes")).toBe(workers === 1 ? 1 : 1 + workers);
    expect(promtool(["check", "metrics"], page)).toEqual({ code: 0, said: "" });
    expect((await get(ops?.port, "/metrics")).type).toBe("text/plain; version=0.0.4; charset=utf-8");

    for (const viewer of viewers) viewer.leave();
    // Closed or reset: that is for the kernel to say.
    const ended = (now: ReadonlyMap<string, number>): number =>
      [...now].reduce(
        (sum, [name, value]) => (name.startsWith("sluice_sessions_ended_total{") ? sum + value : sum),
        0,
      );
    await scrape(ops?.port, (now) => ended(now) === 3);
    // What has been counted stays, and no viewer does.
    const after = samples((await get(ops?.port, "/metrics")).text);
    expect(after.get(`sluice_stream_sent_bytes_total${of}`)).toBeGreaterThanOrEqual(
      values.get(`sluice_stream_sent_bytes_total${of}`) ?? 0,
    );
    expect(after.get(`sluice_stream_viewers${of}`)).toBeUndefined();
  });
});

describe("the bound on labels", () => {
  it("adds up all streams but those with the most viewers", async () => {
    const live = createServer({ logger: false, http: own, rtmp: false, ops: { ...own, maxStreams: 1 } });
    closes.push(live.close);
    const { http, ops } = await live.listen();
    for (const name of ["a", "b", "c"]) {
      const source = startSource(live, `live/${name}`, { tracks: [AUDIO] });
      closes.push(source.stop);
      source.run();
    }
    const viewer = watchHttp(`http://127.0.0.1:${http?.port}/live/b.flv`);
    closes.push(viewer.leave);
    await until(() => viewer.length > 0);
    const page = await scrape(ops?.port, (values) =>
      values.has('sluice_stream_media_packets_total{stream="other"}'),
    );
    const named = new Set([...page.matchAll(/stream="([^"]*)"/g)].map(([, name]) => name));
    expect(named).toEqual(new Set(["live/b", "other"]));
  });
});

describe("docs/ops", () => {
  it("has alert rules that Prometheus takes, and that fire when they should", () => {
    expect(promtool(["check", "rules", "--lint-fatal", "alerts.yml"])).toMatchObject({ code: 0 });
    expect(promtool(["test", "rules", "alerts.test.yml"])).toMatchObject({ code: 0 });
  });

  it("has rules and a dashboard about metrics that there are", async () => {
    const live = createServer({ logger: false, http: false, rtmp: false, ops: own });
    closes.push(live.close);
    const { ops } = await live.listen();
    const { text } = await get(ops?.port, "/metrics");
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const texts = ["alerts.yml", "grafana-dashboard.json", "README.md"].map((file) =>
      readFileSync(`docs/ops/${file}`, "utf8"),
    );
    const used = texts.flatMap((each) => [...each.matchAll(/\bsluice_\w+/g)].map(([name]) => name));
    const unknown = used.filter(
      (name) => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, "")),
    );
    expect(unknown).toEqual([]);
    // And the README has all that there are.
    expect([...known].filter((name) => !texts[2]?.includes(`\`${name}\``))).toEqual([]);
    const dashboard = JSON.parse(texts[1] ?? "") as {
      panels: { type: string; targets?: { expr: string }[] }[];
    };
    const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(15);
    const rules = {
      groups: [
        {
          name: "dashboard",
          rules: expressions.map((expr, i) => ({
            record: `panel:${i}`,
            expr: expr.replaceAll("$__rate_interval", "1m"),
          })),
        },
      ],
    };
    // JSON is YAML: each expression is checked as a recording rule.
    const folder = mkdtempSync(path.join(tmpdir(), "sluice-rules-"));
    closes.push(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, "rules.yml");
    writeFileSync(file, JSON.stringify(rules));
    expect(promtool(["check", "rules", file])).toMatchObject({ code: 0 });
  });
});

describe("the operations port of a process", () => {
  it("says first that it is not ready, then stops, and answers until the end", async () => {
    const args = [
      "dist/cli/main.js",
      "serve",
      "--rtmp-port=0",
      "--http-port=0",
      "--ops-port=0",
      "--shutdown-delay-ms=60000",
    ];
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    closes.push(() => child.kill("SIGKILL"));
    let out = "";
    child.stdout?.on("data", (text: Buffer) => {
      out += text.toString();
    });
    const port = (protocol: string): number =>
      Number(new RegExp(`"protocol":"${protocol}","host":"[^"]*","port":(\\d+)`).exec(out)?.[1]);
    await until(() => out.split('"listening"').length === 4 || child.exitCode !== null);
    expect(child.exitCode, out).toBeNull();
    expect(await get(port("ops"), "/healthz")).toMatchObject({ status: 200 });
    let readiness = 0;
    while (readiness !== 200) readiness = (await get(port("ops"), "/readyz")).status;
    child.kill("SIGTERM");
    while (readiness !== 503) readiness = (await get(port("ops"), "/readyz")).status;
    // Load balancers have been told; whoever they send in the meantime is served.
    expect((await fetch(`http://127.0.0.1:${port("http")}/api/v1/public/streams`)).status).toBe(200);
    expect(await get(port("ops"), "/healthz")).toMatchObject({ status: 200 });
    expect(await get(port("ops"), "/metrics")).toMatchObject({ status: 200 });
    expect(child.exitCode).toBeNull();
  });

  it("is on another port where 9999 is taken, and fails where somebody chose one that is", async () => {
    const lines: LogLine[] = [];
    const first = createServer({ logger: createLogRecorder(lines), http: false, rtmp: false });
    closes.push(first.close);
    const second = createServer({ logger: createLogRecorder(lines), http: false, rtmp: false });
    closes.push(second.close);
    const ports = [(await first.listen()).ops?.port, (await second.listen()).ops?.port];
    expect(ports[0]).not.toBe(ports[1]);
    expect(lines.some(({ level, message }) => level === "warn" && message.includes("taken"))).toBe(true);
    const third = createServer({ logger: false, http: false, rtmp: false, ops: { port: ports[1] ?? 0 } });
    await expect(third.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

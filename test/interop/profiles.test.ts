import { request } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AUDIO } from "../../src/media/wire/rtmp/message.js";
import { openPprof, type PprofReader } from "../support/pprof.js";
import { killPrograms } from "../support/program.js";
import { openRtmpPeer, type RtmpPeer } from "../support/rtmp-peer.js";
import { type Served, serve } from "../support/served.js";
import { until } from "../support/until.js";
import { type Viewer, watchHttp } from "../support/viewers.js";

// What an operator sees of a real server with `go tool pprof`.

const AAC_CONFIG = Uint8Array.of(0xaf, 0, 0x12, 0x10);
const TURN_MS = 10;

let pprof: PprofReader;
let served: Served | undefined;
const loads: Load[] = [];
beforeAll(() => {
  pprof = openPprof();
});
afterEach(async () => {
  for (const load of loads.splice(0)) load.stop();
  await served?.kill();
  served = undefined;
});
afterAll(async () => {
  pprof.close();
  await killPrograms();
});

interface Load {
  readonly peer: RtmpPeer;
  readonly viewers: readonly Viewer[];
  stop(): void;
}

/** A stream that costs what its messages and viewers cost. */
async function load(server: Served, name: string, messages: number, viewers: number): Promise<Load> {
  const peer = await openRtmpPeer(server.port("rtmp"));
  await peer.connect("live");
  const id = await peer.createStream();
  await peer.publish(id, name);
  peer.send(AUDIO, id, AAC_CONFIG);
  const frame = new Uint8Array(700).fill(0x21);
  frame.set([0xaf, 1]);
  const began = performance.now();
  const timer = setInterval(() => {
    const now = Math.floor(performance.now() - began);
    peer.socket.cork();
    for (let i = 0; i < messages; i++) peer.send(AUDIO, id, frame, now);
    peer.socket.uncork();
  }, TURN_MS);
  const watching = Array.from({ length: viewers }, () =>
    watchHttp(`http://127.0.0.1:${server.port("http")}/live/${name}.flv`),
  );
  const made: Load = {
    peer,
    viewers: watching,
    stop() {
      clearInterval(timer);
      for (const viewer of watching) viewer.leave();
      peer.socket.destroy();
    },
  };
  loads.push(made);
  await until(() => watching.every((viewer) => viewer.length > 10_000));
  return made;
}

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: Buffer;
}

function get(server: Served, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port("ops"), path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers["content-type"],
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on("error", reject).end();
  });
}

interface Slice {
  readonly worker?: string;
  readonly from: number;
  readonly to: number;
  readonly period: number;
  readonly samples: readonly {
    readonly at: number;
    readonly stack: number;
    readonly stage: string;
    readonly stream?: string;
    readonly dts?: number;
    readonly pts?: number;
  }[];
  readonly stacks: readonly (readonly string[])[];
  readonly gc: readonly { readonly at: number; readonly duration: number }[];
  readonly loopDelay: { readonly max: number };
  readonly drift: readonly { readonly stream: string; readonly span: number }[];
}

/** Follows the live samples until there are enough. */
function follow(
  server: Served,
  path: string,
  enough: (slices: readonly Slice[]) => boolean,
): Promise<Slice[]> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port("ops"), path, agent: false }, (response) => {
      const slices: Slice[] = [];
      let text = "";
      if (response.statusCode !== 200) reject(new Error(`${path}: status ${response.statusCode}`));
      response.setEncoding("utf8").on("data", (more: string) => {
        text += more;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const data = /^event: slice\ndata: (.*)$/.exec(text.slice(0, end))?.[1];
          text = text.slice(end + 2);
          if (data !== undefined) slices.push(JSON.parse(data) as Slice);
        }
        if (!enough(slices)) return;
        sent.destroy();
        resolve(slices);
      });
      response.on("error", () => {});
    });
    sent.on("error", reject).end();
  });
}

async function sessionsOf(server: Served): Promise<readonly Record<string, unknown>[]> {
  const { body } = await get(server, "/debug/pprof/qos?format=json");
  return (JSON.parse(body.toString()) as { sessions: readonly Record<string, unknown>[] }).sessions;
}

describe("/debug/pprof", () => {
  it("labels a real server's samples with stream, protocol and stage; two at once share one profiler", async () => {
    served = await serve();
    await load(served, "heavy", 12, 16);
    await load(served, "light", 4, 2);
    const [index, cpu, wall, heap] = await Promise.all([
      get(served, "/debug/pprof/"),
      get(served, "/debug/pprof/profile?seconds=3&period=1000"),
      get(served, "/debug/pprof/wall?seconds=2"),
      get(served, "/debug/pprof/heap?seconds=1"),
    ]);
    expect([index.status, cpu.status, wall.status, heap.status]).toEqual([200, 200, 200, 200]);
    expect(index.body.toString()).toContain("/debug/pprof/qos");

    const streams = await pprof.shares(cpu.body, "stream");
    expect([...streams.keys()].sort()).toEqual(["live/heavy", "live/light"]);
    expect(streams.get("live/heavy")).toBeGreaterThan(streams.get("live/light") ?? 1);
    const protocols = await pprof.shares(cpu.body, "protocol");
    expect([...protocols.keys()]).toEqual(expect.arrayContaining(["flv", "rtmp"]));
    const stages = await pprof.shares(cpu.body, "stage");
    expect([...stages.keys()]).toEqual(expect.arrayContaining(["ingest", "mux", "fan-out"]));
    const ingest = await pprof.report(cpu.body, "-tags", "-tagfocus=stage=ingest");
    expect(ingest).toContain("rtmp");
    expect(await pprof.report(cpu.body, "-top")).toContain("Type: cpu");

    const clock = await pprof.report(wall.body, "-top");
    expect(clock).toContain("Type: wall");
    // Most of its time this server waits.
    expect((await pprof.shares(wall.body, "stage")).get("idle")).toBeGreaterThan(0.1);
    expect(await pprof.report(heap.body, "-top")).toContain("Type: inuse_space");
  });

  it("says what is wrong with a question", async () => {
    served = await serve();
    for (const path of [
      "/debug/pprof/profile?seconds=0",
      "/debug/pprof/profile?seconds=x",
      "/debug/pprof/wall?period=1",
      "/debug/pprof/samples?period=",
      "/debug/pprof/qos?format=xml",
    ])
      expect([path, (await get(served, path)).status]).toEqual([path, 400]);
    expect((await get(served, "/debug/pprof/nothing")).status).toBe(404);
  });

  it("streams samples with their own time and the media's, and what else happened on that clock", async () => {
    served = await serve();
    await load(served, "room", 8, 8);
    const slices = await follow(
      served,
      "/debug/pprof/samples?period=1000",
      (all) =>
        all.some(({ gc }) => gc.length > 0) &&
        all.some(({ drift }) => drift.length > 0) &&
        all.flatMap(({ samples }) => samples).some(({ dts }) => dts !== undefined),
    );
    for (const { from, to, samples, stacks, loopDelay } of slices) {
      expect(to).toBeGreaterThan(from);
      expect(loopDelay.max).toBeGreaterThanOrEqual(0);
      for (const { at, stack } of samples) {
        // The profiler's clock and the slice's are one, but for what it takes to read them.
        expect(at).toBeGreaterThan(from - 50_000);
        expect(at).toBeLessThan(to + 50_000);
        expect(stacks[stack]?.length).toBeGreaterThan(0);
      }
    }
    const samples = slices.flatMap((slice) => slice.samples);
    expect(samples.some(({ stage, stream }) => stage === "fan-out" && stream === "live/room")).toBe(true);
    const timed = samples.filter(({ dts }) => dts !== undefined);
    expect(timed.every(({ stage }) => stage === "mux" || stage === "fan-out")).toBe(true);
    for (const wanted of ["mux", "fan-out"]) {
      const times = timed.filter(({ stage }) => stage === wanted).map(({ dts }) => dts);
      expect(times).toEqual([...times].sort((a = 0, b = 0) => a - b));
    }
    expect(slices.at(-1)?.drift[0]?.stream).toBe("live/room");
  });

  it("tells how viewers fare, as a profile and as numbers, each with who says so", async () => {
    served = await serve();
    await load(served, "room", 2, 3);
    await get(served, "/debug/pprof/qos");
    let sessions: readonly Record<string, unknown>[] = [];
    const isKnown = ({ rtt_ms, drop_rate }: Record<string, unknown>): boolean =>
      rtt_ms !== null && drop_rate !== null;
    while (sessions.length < 3 || !sessions.every(isKnown)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      sessions = await sessionsOf(served);
    }
    expect(sessions[0]).toMatchObject({
      protocol: "http-flv",
      app: "live",
      stream: "room",
      drop_rate: 0,
      dropped_frames: 0,
      cause: "none",
      sources: { rtt_ms: "kernel", drop_rate: "server", buffer_ms: "server" },
    });
    // A player that speaks is believed.
    const answer = await fetch(`http://127.0.0.1:${served.port("http")}/api/v1/reports`, {
      method: "POST",
      body: JSON.stringify({
        v: 2,
        sid: sessions[0]?.session,
        bl: 700,
        "sluice-rtt": 25,
        "sluice-received": 9,
      }),
    });
    expect(answer.ok).toBe(true);
    const spoken = (): Record<string, unknown> | undefined => sessions.find(({ rtt_ms }) => rtt_ms === 25);
    while (spoken() === undefined) sessions = await sessionsOf(served);
    expect(spoken()).toMatchObject({ buffer_ms: 700, sources: { rtt_ms: "player", buffer_ms: "player" } });
    const { body } = await get(served, "/debug/pprof/qos");
    const top = await pprof.report(body, "-top");
    expect(top).toContain("Type: viewers");
    expect(top).toMatch(/3 +100% +100% +3 +100% +none/);
    const tree = await pprof.report(body, "-traces", "-sample_index=rtt", "-tagfocus=source=kernel");
    expect(tree).toMatch(/none\n +room\n +live\n +http-flv/);
    for (const kind of ["buffer", "dropped", "stalled", "lag"]) {
      expect(await pprof.report(body, "-top", `-sample_index=${kind}`)).toContain(`Type: ${kind}`);
    }
  });

  it("speaks for all workers", async () => {
    served = await serve("--workers=2");
    await load(served, "room", 8, 6);
    const cpu = await get(served, "/debug/pprof/profile?seconds=2&period=1000");
    const workers = await pprof.shares(cpu.body, "worker");
    expect([...workers.keys()]).toEqual(expect.arrayContaining(["worker-1", "worker-2"]));
    const relayed = await pprof.shares(cpu.body, "protocol", "-tagfocus=stage=ingest");
    expect([...relayed.keys()].sort()).toEqual(["relay", "rtmp"]);
    const qos = JSON.parse((await get(served, "/debug/pprof/qos?format=json")).body.toString()) as {
      readonly streams: readonly { readonly viewers: number }[];
      readonly sessions: readonly { readonly worker: string }[];
    };
    expect(qos.streams).toMatchObject([{ app: "live", stream: "room", viewers: 6 }]);
    expect(new Set(qos.sessions.map(({ worker }) => worker))).toEqual(new Set(["worker-1", "worker-2"]));
    const slices = await follow(served, "/debug/pprof/samples", (all) =>
      ["worker-1", "worker-2", "main"].every((worker) => all.some((slice) => slice.worker === worker)),
    );
    expect(slices.length).toBeGreaterThan(2);
  });
});

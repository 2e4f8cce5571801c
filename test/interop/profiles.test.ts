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

/** Processor time per second that the server spends on what it has to do now, milliseconds. */
async function costOf(server: Served, seconds: number): Promise<number> {
  const before = server.cpuMs();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return (server.cpuMs() - before) / ((performance.now() - began) / 1000);
}

describe("/debug/pprof", () => {
  it("tells how much of the processor each stream has, within ten points of the truth", async () => {
    served = await serve("--log-level=info");
    // The truth: what each costs alone.
    const alone = { heavy: 0, light: 0 };
    for (const [name, messages, viewers] of [
      ["heavy", 30, 30],
      ["light", 15, 8],
    ] as const) {
      const only = await load(served, name, messages, viewers);
      await costOf(served, 0.5);
      alone[name] = await costOf(served, 2.5);
      only.stop();
    }
    const truth = alone.heavy / (alone.heavy + alone.light);
    await load(served, "heavy2", 30, 30);
    await load(served, "light2", 15, 8);
    await costOf(served, 0.5);
    const { status, body } = await get(served, "/debug/pprof/profile?seconds=4&period=1000");
    expect(status).toBe(200);
    const streams = await pprof.shares(body, "stream");
    const stages = await pprof.shares(body, "stage");
    const protocols = await pprof.shares(body, "protocol");
    console.log(
      alone,
      truth,
      streams,
      stages,
      protocols,
      await pprof.report(body, "-top"),
      await pprof.report(body, "-tags"),
    );
    expect(Math.abs((streams.get("live/heavy2") ?? 0) - truth)).toBeLessThan(0.1);
    expect([...streams.keys()].sort()).toEqual(["live/heavy2", "live/light2"]);
  });
});

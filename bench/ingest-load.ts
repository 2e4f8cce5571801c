/**
 * ingest-load.ts: many publishers of one clip, in a process of their own, each with one viewer where there is somebody
 * to watch. Prints what it cost the server as one line of JSON.
 */
import { setMaxListeners } from "node:events";
import { createReadStream } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ByteWriter } from "../src/media/bytes/writer.js";
import { flvFormat } from "../src/media/format/flv/muxer.js";
import { createNodeScheduler } from "../src/server/net/node-scheduler.js";
import { type ReplaySink, replay } from "../src/server/protocol/file/replay.js";
import { openRtmpPush } from "../src/server/protocol/rtmp/push.js";
import { parseRtmpUrl } from "../src/server/protocol/rtmp/url.js";
import { readClip } from "./clip.js";
import { cpuTime, residentMiB } from "./machine.js";

/** What one run measured. */
export interface IngestResult {
  readonly publishers: number;
  /** Microseconds of the server's processor time for one publisher, and its viewer, for one second. */
  readonly cpuPerPublisher: number;
  /** Of one core, percent. */
  readonly serverCpu: number;
  readonly loadCpu: number;
  readonly serverMiB: number;
  /** Of one publisher, as it left here. */
  readonly kbits: number;
  /** Viewers that got less than half of what their publisher sent; publishers that failed. */
  readonly faults: number;
}

const { values } = parseArgs({
  options: {
    /** Where RTMP goes; the streams' numbers are put behind it. */
    rtmp: { type: "string" },
    /** Where they are watched: the same, before `.flv`. */
    http: { type: "string", default: "" },
    /** A port on loopback that takes anything: FLV is sent to it, instead of RTMP. */
    port: { type: "string", default: "0" },
    publishers: { type: "string", default: "200" },
    seconds: { type: "string", default: "15" },
    warmup: { type: "string", default: "3" },
    clip: { type: "string", default: "" },
    pid: { type: "string", default: "0" },
  },
});

/** They begin spread over as long as a group of pictures lasts, so that not all key frames come at once. */
const SPREAD_MS = 2_000;

const stop = new AbortController();
// One for each connection, all of which it ends.
setMaxListeners(0, stop.signal);
const scheduler = createNodeScheduler();
const count = Number(values.publishers);
const sent = new Array<number>(count).fill(0);
const got = new Array<number>(count).fill(0);
let failed = 0;

function watch(i: number): void {
  const request = get(`${values.http}${i}.flv`, { agent: false }, (response) => {
    response.on("data", (chunk: Buffer) => {
      got[i] = (got[i] ?? 0) + chunk.length;
    });
    response.on("error", () => {});
  });
  request.on("error", () => {});
  stop.signal.addEventListener("abort", () => request.destroy());
}

async function openRtmp(i: number): Promise<ReplaySink> {
  const push = await openRtmpPush(parseRtmpUrl(`${values.rtmp}${i}`), { signal: stop.signal });
  watch(i);
  return {
    ...push,
    write(packet) {
      sent[i] = (sent[i] ?? 0) + packet.data.length;
      push.write(packet);
    },
  };
}

async function openPlain(i: number): Promise<ReplaySink> {
  const socket = connect({ port: Number(values.port), host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {
    failed += 1;
  });
  stop.signal.addEventListener("abort", () => socket.destroy());
  const { tracks, metadata } = readClip(values.clip);
  const muxer = flvFormat().createMuxer({ tracks, metadata, zero: 0 });
  const out = new ByteWriter();
  return {
    describe() {},
    track() {},
    write(packet) {
      sent[i] = (sent[i] ?? 0) + packet.data.length;
      muxer.write(packet, out);
      socket.write(out.finish());
    },
  };
}

async function publish(i: number): Promise<void> {
  await sleep((SPREAD_MS * i) / count);
  const sink = await (values.rtmp === undefined ? openPlain(i) : openRtmp(i));
  await replay(() => createReadStream(values.clip), sink, { loop: true, signal: stop.signal, scheduler });
}

for (let i = 0; i < count; i++) {
  publish(i).catch((error: unknown) => {
    if (stop.signal.aborted) return;
    failed += 1;
    console.error(error);
  });
}
await sleep(SPREAD_MS + 1000 * Number(values.warmup));
const pid = Number(values.pid);
const before = { cpu: cpuTime(pid), own: process.cpuUsage(), at: performance.now() };
const [sentBefore, gotBefore] = [[...sent], [...got]];
await sleep(1000 * Number(values.seconds));
const micros = 1000 * (performance.now() - before.at);
const own = process.cpuUsage(before.own);
const used = cpuTime(pid).total - before.cpu.total;
const bytes = sent.map((now, i) => now - (sentBefore[i] ?? 0));
const starved =
  values.rtmp === undefined
    ? 0
    : bytes.filter((size, i) => (got[i] ?? 0) - (gotBefore[i] ?? 0) < size / 2).length;
const result: IngestResult = {
  publishers: count,
  cpuPerPublisher: (used * 1e6) / micros / count,
  serverCpu: (100 * used) / micros,
  loadCpu: (100 * (own.user + own.system)) / micros,
  serverMiB: residentMiB(pid),
  kbits: (8 * bytes.reduce((sum, size) => sum + size, 0)) / count / (micros / 1000),
  faults: failed + starved,
};
console.log(JSON.stringify(result));
stop.abort();
process.exit();

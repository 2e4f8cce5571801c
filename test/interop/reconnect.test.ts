import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  framehash,
  type Hashed,
  type HashedPacket,
  keyFrames,
  publishWithFfmpeg,
  startFramehash,
} from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms, run } from "../support/program.js";
import { until } from "../support/until.js";
import { vanishMidChunk, watchHttp, watchWebSocket } from "../support/viewers.js";

let folder = "";
let server: LiveTestServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-reconnect-"));
  // Two processes start in between: on a busy machine that takes its time.
  server = await startLiveServer({ waitForPublisherMs: 20_000, keepViewersMs: 20_000 });
});
afterAll(async () => {
  await killPrograms();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const DEMO = "assets/demo.flv";
const GOP_MS = 2000;
/** More than one GOP of the demo clip, and not the end of one. */
const KILL_AFTER_BYTES = 150_000;

async function cut(name: string, seconds: number): Promise<string> {
  const file = path.join(folder, name);
  await run("ffmpeg", ["-v", "error", "-y", "-i", DEMO, "-t", String(seconds), "-c", "copy", file]).output;
  return file;
}

function save(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const ofKind = ({ packets }: Hashed, kind: string): readonly HashedPacket[] =>
  packets.filter((packet) => packet.kind === kind);
const hashes = (packets: readonly HashedPacket[]): readonly string[] => packets.map(({ hash }) => hash);

describe("a publisher killed with kill -9, and another one", () => {
  const got = new Map<string, Hashed>();
  let first: Hashed;
  let second: Hashed;
  let keys: ReadonlySet<string>;

  beforeAll(async () => {
    const again = await cut("again.flv", 4);
    [first, second, keys] = await Promise.all([framehash(DEMO), framehash(again), keyFrames(DEMO)]);
    const http = watchHttp(server.http("room.flv"));
    const ws = watchWebSocket(server.ws("room.flv"));
    const rtmp = startFramehash(server.rtmp("room"));

    const killed = publishWithFfmpeg(DEMO, server.rtmp("room"));
    await until(() => http.length > KILL_AFTER_BYTES);
    await killed.kill();
    await publishWithFfmpeg(again, server.rtmp("room")).output;

    // The same connections all along: they are still open, and end in order now.
    await server.close();
    await Promise.all([http.ended, ws.ended]);
    got.set("HTTP-FLV", await framehash(save("http.flv", http.bytes)));
    got.set("WS-FLV", await framehash(save("ws.flv", ws.bytes)));
    got.set("RTMP", await rtmp.hashed);
    server = await startLiveServer({ waitForPublisherMs: 20_000, keepViewersMs: 200 });
  });

  it.each(["HTTP-FLV", "WS-FLV", "RTMP"])("%s viewers go on within one GOP, time never falls", (way) => {
    const hashed = got.get(way) as Hashed;
    const shifts = new Set<number>();
    const ends: number[] = [];
    const begins: number[] = [];
    for (const kind of ["video", "audio"]) {
      const packets = ofKind(hashed, kind);
      const before = ofKind(first, kind);
      const after = ofKind(second, kind);
      // All of the second publisher's packets, from its first key frame on, are what came last.
      const splice = packets.length - after.length;
      expect(splice).toBeGreaterThan(25);
      expect(hashes(packets.slice(splice))).toEqual(hashes(after));
      expect(hashes(packets.slice(0, splice))).toEqual(hashes(before.slice(0, splice)));
      if (kind === "video") expect(keys).toContain(packets[splice]?.hash);
      for (const [i, { dts }] of packets.entries()) {
        expect(dts).toBeGreaterThanOrEqual(packets[i - 1]?.dts ?? 0);
      }
      for (const [i, { dts, pts }] of packets.slice(splice).entries()) {
        shifts.add(dts - (after[i]?.dts ?? Number.NaN));
        shifts.add(pts - (after[i]?.pts ?? Number.NaN));
      }
      ends.push(packets[splice - 1]?.dts ?? Number.NaN);
      begins.push(packets[splice]?.dts ?? Number.NaN);
    }
    // One offset for both tracks, behind all that came before, and no hole of the length of the outage.
    expect([...shifts]).toHaveLength(1);
    expect(Math.min(...begins)).toBeGreaterThanOrEqual(Math.max(...ends));
    expect(Math.min(...begins) - Math.max(...ends)).toBeLessThan(GOP_MS);
  });
});

describe("viewers that vanish", () => {
  it("in the middle of a chunk, a frame or a message: nobody else notices", async () => {
    const clip = await cut("clip.flv", 4);
    const others = [1, 2].flatMap(() => [
      watchHttp(server.http("busy.flv")),
      watchWebSocket(server.ws("busy.flv")),
    ]);
    const rtmp = startFramehash(server.rtmp("busy"));
    const victims = [
      vanishMidChunk(server.http("busy.flv"), 60_000),
      vanishMidChunk(server.http("busy.mp4"), 60_000),
    ];
    const socket = watchWebSocket(server.ws("busy.flv"));
    const player = startFramehash(server.rtmp("busy"));
    const publisher = publishWithFfmpeg(clip, server.rtmp("busy"));
    await Promise.all(victims);
    socket.leave();
    await player.program.kill();
    await publisher.output;

    await Promise.all(others.map(({ ended }) => ended));
    const [bytes, ...rest] = others.map((viewer) => viewer.bytes);
    for (const each of rest) expect(each.equals(bytes as Buffer)).toBe(true);
    const source = await framehash(clip);
    const seen = [await framehash(save("busy.flv", bytes as Buffer)), await rtmp.hashed];
    for (const hashed of seen) {
      for (const kind of ["video", "audio"]) {
        expect(hashes(ofKind(hashed, kind))).toEqual(hashes(ofKind(source, kind)));
      }
    }
  });
});

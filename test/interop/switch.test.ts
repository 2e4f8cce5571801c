import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import { readEvents } from "../support/event-source.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms, run } from "../support/program.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";

const TOKEN = "only-for-this-test";
const SECONDS = 22;
/** About a fifth of what the large one has, and more than the small one. */
const READ_BYTES = 8 * 1024;
const READ_MS = 50;

const lines: LogLine[] = [];
let folder = "";
let server: LiveTestServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-switch-"));
  await makeTwo();
  server = await startLiveServer({
    logger: createLogRecorder(lines),
    api: { token: TOKEN },
    keepViewersMs: 0,
    waitForPublisherMs: 20_000,
    renditions: [
      { name: "large", bitrate: "4M", source: true },
      { name: "small", bitrate: "300k" },
    ],
    abr: { switch: true },
  });
});
afterAll(async () => {
  await killPrograms();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Two renditions: the same pictures at the same times, a key frame of both each second, with B-frames. */
async function makeTwo(): Promise<void> {
  const picture = `testsrc2=size=640x360:rate=25:duration=${SECONDS},noise=alls=60:allf=t,split[a][b];[b]scale=160:90[c]`;
  const tone = `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`;
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-sc_threshold", "0"];
  const to = (label: string, rate: string, name: string): string[] => [
    ...["-map", label, "-map", "0:a", "-c:a", "aac", "-b:a", "64k", ...coded],
    ...["-b:v", rate, "-maxrate", rate, "-bufsize", rate, path.join(folder, name)],
  ];
  await run("ffmpeg", [
    ...["-v", "error", "-f", "lavfi", "-i", tone, "-filter_complex", picture],
    ...to("[a]", "6M", "large.flv"),
    ...to("[c]", "200k", "small.flv"),
  ]).output;
}

/** One process that sends both, as an encoder with two outputs does. */
function publishTwo() {
  return run("ffmpeg", [
    ...[
      "-v",
      "error",
      "-re",
      "-i",
      path.join(folder, "large.flv"),
      "-re",
      "-i",
      path.join(folder, "small.flv"),
    ],
    ...["-map", "0", "-c", "copy", "-f", "flv", server.rtmp("room")],
    ...["-map", "1", "-c", "copy", "-f", "flv", server.rtmp("room_small")],
  ]);
}

/** Reads a body a little at a time, until told to hurry. */
function readSlowly(url: string): { hurry(): void; readonly body: Promise<Buffer> } {
  const chunks: Buffer[] = [];
  let pace: NodeJS.Timeout | undefined;
  let answer: IncomingMessage | undefined;
  const body = new Promise<Buffer>((resolve, reject) => {
    get(url, { agent: false, highWaterMark: 16 * 1024 } as object, (response) => {
      answer = response;
      let left = READ_BYTES;
      pace = setInterval(() => {
        left = READ_BYTES;
        response.resume();
      }, READ_MS);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        left -= chunk.length;
        if (left < 0 && pace !== undefined) response.pause();
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks)));
    }).on("error", reject);
  });
  return {
    hurry() {
      clearInterval(pace);
      pace = undefined;
      answer?.resume();
    },
    body,
  };
}

function demux(bytes: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  createFlvDemuxer({ track() {}, packet: (packet) => packets.push(packet) }).push(bytes, 0);
  return packets;
}

const widthOf = ({ track }: Packet): number | undefined =>
  track.kind === "video" ? track.config.codedWidth : undefined;

describe.runIf(process.platform === "linux")("a viewer whose line does not carry a rendition", () => {
  it("goes on with a smaller one on the same connection, at a key frame that both have", async () => {
    const events = await readEvents(`http://127.0.0.1:${server.httpPort}/api/v1/events`, {
      authorization: `Bearer ${TOKEN}`,
    });
    const slow = readSlowly(server.http("room.flv"));
    const publisher = publishTwo();
    await until(() => lines.some(({ message }) => message === "quality changed"));
    slow.hurry();
    const [event, body] = await Promise.all([events.next("quality"), slow.body, publisher.output]);
    events.leave();
    expect(event.data).toMatchObject({ app: "live", name: "room_small", from: "large", to: "small" });
    expect(["lag", "drops"]).toContain(event.data.cause);
    const ended = lines.find(({ message }) => message === "play ended")?.fields;
    expect(ended).toMatchObject({ reason: "unpublished", name: "room_small" });

    const file = path.join(folder, "slow.flv");
    writeFileSync(file, body);
    const decoded = spawnSync("ffmpeg", ["-v", "error", "-i", file, "-f", "null", "-"], { encoding: "utf8" });
    expect([decoded.status, decoded.stderr]).toEqual([0, ""]);

    const packets = demux(body);
    const at = packets.findIndex((packet) => widthOf(packet) === 160);
    const first = packets[at] as Packet;
    expect([at > 0, first.key]).toEqual([true, true]);
    for (const { track, dts } of packets.slice(0, at)) {
      expect(dts).toBeLessThan(first.dts);
      if (track.kind === "video") expect(track.config.codedWidth).toBe(640);
    }
    for (const each of packets.slice(at)) {
      expect(each.dts).toBeGreaterThanOrEqual(first.dts);
      if (each.track.kind === "video") expect(widthOf(each)).toBe(160);
    }
    // From there on every picture and every sound, and none twice.
    const stepsOf = (kind: string) => {
      const times = packets.slice(at).filter(({ track }) => track.kind === kind);
      return new Set(times.slice(1).map(({ dts }, i) => dts - (times[i]?.dts ?? 0)));
    };
    expect([...stepsOf("video")]).toEqual([40_000]);
    expect([...stepsOf("audio")].sort()).toEqual([21_000, 22_000]);
  });
});

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { LiveServer } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { readEvents } from "../support/event-source.js";
import { killPrograms, run } from "../support/program.js";
import { createLogRecorder, type LogLine } from "../support/rtmp-server.js";
import { until } from "../support/until.js";
import { watchHttp } from "../support/viewers.js";

const TOKEN = "only-for-this-test";
/** As long as 192 pictures are, and 360 frames of sound. It is sent over and over. */
const SECONDS = 7.68;
/** About a fifth of what the large one has, and more than the small one. */
const READ_BYTES = 8 * 1024;
const READ_MS = 50;

/** One process, and several: there the two renditions come to one each. */
interface Served {
  readonly live: LiveServer;
  readonly lines: LogLine[];
  readonly base: string;
  readonly rtmp: string;
}

let folder = "";
const servers: Served[] = [];
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-switch-"));
  await makeTwo();
  const { createServer } = await builtServer();
  for (const workers of [1, 2]) {
    const lines: LogLine[] = [];
    const live = createServer({
      workers,
      logger: createLogRecorder(lines),
      ops: false,
      http: { host: "127.0.0.1", port: 0 },
      rtmp: { host: "127.0.0.1", port: 0 },
      api: { token: TOKEN },
      keepViewersMs: 0,
      waitForPublisherMs: 20_000,
      renditions: [
        { name: "large", bitrate: "4M", source: true },
        { name: "small", bitrate: "300k" },
      ],
      abr: { switch: true, upAfterMs: 1_000 },
    });
    const { http, rtmp } = await live.listen();
    const [base, to] = [`http://127.0.0.1:${http?.port}`, `rtmp://127.0.0.1:${rtmp?.port}`];
    servers.push({ live, lines, base, rtmp: to });
  }
});
afterAll(async () => {
  await killPrograms();
  for (const { live } of servers) await live.close();
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
function publishTwo({ rtmp }: Served) {
  const [large, small] = ["large.flv", "small.flv"].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  return run("ffmpeg", [
    ...["-v", "error", "-re", "-stream_loop", "-1", "-i", large, "-re", "-stream_loop", "-1", "-i", small],
    ...["-map", "0", "-c", "copy", "-f", "flv", `${rtmp}/live/room`],
    ...["-map", "1", "-c", "copy", "-f", "flv", `${rtmp}/live/room_small`],
  ]);
}

interface SlowReader {
  readonly received: number;
  hurry(): void;
  /** All of it, once it has ended. */
  readonly body: Promise<Buffer>;
}

/** Reads a body a little at a time, until told to hurry. */
function readSlowly(url: string): SlowReader {
  const chunks: Buffer[] = [];
  let pace: NodeJS.Timeout | undefined;
  let answer: IncomingMessage | undefined;
  let received = 0;
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
        received += chunk.length;
        left -= chunk.length;
        if (left < 0 && pace !== undefined) response.pause();
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks)));
    }).on("error", reject);
  });
  return {
    get received() {
      return received;
    },
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

/** Parts of one rendition each. */
function partsOf(packets: readonly Packet[]): Packet[][] {
  const parts: Packet[][] = [];
  let width: number | undefined;
  for (const packet of packets) {
    const now = widthOf(packet) ?? width;
    if (now !== width && now !== undefined) parts.push([]);
    width = now;
    if (parts.length === 0) parts.push([]);
    parts.at(-1)?.push(packet);
  }
  return parts;
}

/** What a part of one rendition has of a kind: how far it is from the same in all of that rendition, if that has it in one piece. */
function placeIn(whole: readonly Packet[], part: readonly Packet[], kind: string): number | undefined {
  const [all, some] = [whole, part].map((of) => of.filter(({ track }) => track.kind === kind));
  const first = some?.[0];
  if (all === undefined || some === undefined || first === undefined) return undefined;
  // The tone comes again and again, the noise does not.
  const fits = (from: number): boolean =>
    some.every(({ data, dts }, i) => {
      const other = all[from + i];
      const isAsLate = other !== undefined && dts - other.dts === first.dts - (all[from]?.dts ?? 0);
      return isAsLate && Buffer.compare(data, other.data) === 0;
    });
  const at = all.findIndex((_, from) => fits(from));
  return at < 0 ? undefined : first.dts - (all[at]?.dts ?? 0);
}

describe.runIf(process.platform === "linux")("a viewer whose line does not carry a rendition", () => {
  it.concurrent.each([1, 2])(
    "goes down and up again on one connection, and misses nothing: workers %s",
    async (n) => {
      const server = servers[n - 1] as Served;
      const { lines, base } = server;
      const events = await readEvents(`${base}/api/v1/events`, { authorization: `Bearer ${TOKEN}` });
      const slow = readSlowly(`${base}/live/room.flv`);
      const whole = ["room.flv?rendition=large", "room_small.flv"].map((file) =>
        watchHttp(`${base}/live/${file}`),
      );
      const publisher = publishTwo(server);
      const down = await events.next("quality");
      expect(down.data).toMatchObject({ app: "live", name: "room_small", from: "large", to: "small" });
      expect(["lag", "drops"]).toContain(down.data.cause);
      slow.hurry();
      // All is well from here on, so it is tried a step higher.
      const up = await events.next("quality", ({ from }) => from === "small");
      expect(up.data).toMatchObject({ name: "room", from: "small", to: "large", cause: "well" });
      const { received } = slow;
      await until(() => slow.received > received + 500_000);
      events.leave();
      await publisher.kill();
      const body = await slow.body;
      const seen = lines
        .filter(({ message }) => message === "play begun")
        .map(({ fields }) => fields.session);
      expect(new Set(seen).size).toBe(3);
      const pids = lines.filter(({ message }) => message === "publish begun").map(({ fields }) => fields.pid);
      expect([pids.length, new Set(pids).size]).toEqual([2, n]);

      const file = path.join(folder, `slow-${n}.flv`);
      writeFileSync(file, body);
      const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-i", file, "-f", "null", "-"]);
      expect([status, stderr.toString()]).toEqual([0, ""]);

      const parts = partsOf(demux(body));
      expect(parts.slice(0, 3).map((part) => widthOf(part[0] as Packet))).toEqual([640, 160, 640]);
      const [large, small] = whole.map(({ bytes }) => demux(bytes)) as [Packet[], Packet[]];
      for (const [i, part] of parts.entries()) {
        const first = part[0] as Packet;
        expect(first.key).toBe(true);
        // Of no track anything is on the wrong side.
        for (const { dts } of parts.slice(0, i).flat()) expect(dts).toBeLessThan(first.dts);
        for (const { dts } of part) expect(dts).toBeGreaterThanOrEqual(first.dts);
        if (i === 0) continue;
        // From the first change on it has every picture and every sound, at the times that they have among each other.
        const of = widthOf(first) === 640 ? large : small;
        const [video, audio] = ["video", "audio"].map((kind) => placeIn(of, part, kind));
        expect(video).toBeDefined();
        expect(audio).toBeDefined();
      }
    },
  );
});

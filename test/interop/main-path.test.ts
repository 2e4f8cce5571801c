import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  framehash,
  type Hashed,
  type HashedPacket,
  keyFrames,
  makeClip,
  publishWithFfmpeg,
  startFramehash,
} from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { killPrograms, run } from "../support/program.js";
import { until } from "../support/until.js";
import { type Viewer, watchHttp, watchWebSocket } from "../support/viewers.js";

/**
 * The main path, with FFmpeg at both ends: what it publishes in real time comes back over every protocol as it was.
 * `SLUICE_MEDIA=FOLDER npm test` takes that folder's FLV files through it too.
 */

const CLIPS = ["our own clip", "B-frames", ...mediaFiles()] as const;
const WAYS = ["HTTP-FLV", "WS-FLV", "fMP4", "RTMP"] as const;
const OURS_SECONDS = 8;

interface Recording {
  readonly source: Hashed;
  readonly keys: ReadonlySet<string>;
  /** What each viewer got, by its way and when it came: `RTMP, early`. */
  readonly got: ReadonlyMap<string, Hashed>;
  /** The FLV and MP4 files among them. */
  readonly files: ReadonlyMap<string, string>;
}

let folder = "";
let server: LiveTestServer;
const recordings = new Map<string, Recording>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-main-"));
  server = await startLiveServer({ waitForPublisherMs: 20_000, keepViewersMs: 200 });
  // All at once: they last as long as they play.
  await Promise.all(
    CLIPS.map(async (clip, i) => {
      recordings.set(clip, await record(await prepare(clip), `clip-${i}`));
    }),
  );
});

afterAll(async () => {
  await killPrograms();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function mediaFiles(): string[] {
  const media = process.env.SLUICE_MEDIA;
  if (media === undefined) return [];
  return readdirSync(media)
    .filter((file) => file.endsWith(".flv"))
    .map((file) => path.join(media, file));
}

async function prepare(clip: string): Promise<string> {
  const file = path.join(folder, `${clip.replace(/\W+/g, "-")}.flv`);
  if (clip === "our own clip") {
    // Its first seconds: it would take 24.
    const cut = ["-i", "assets/demo.flv", "-t", String(OURS_SECONDS), "-c", "copy"];
    await run("ffmpeg", ["-v", "error", "-y", ...cut, file]).output;
    return file;
  }
  if (clip === "B-frames") {
    const reordering = [
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-pix_fmt",
      "yuv420p",
      "-g",
      "50",
      "-bf",
      "3",
    ];
    await makeClip(file, 6, [...reordering, "-c:a", "aac"]);
    return file;
  }
  return clip;
}

/** Publishes a file in real time; one viewer of each kind is there before it, one comes in the middle. */
async function record(file: string, name: string): Promise<Recording> {
  const viewers = new Map<string, Viewer>();
  const hashes = new Map<string, Promise<Hashed>>();
  const join = (when: string): void => {
    viewers.set(`HTTP-FLV, ${when}`, watchHttp(server.http(`${name}.flv`)));
    viewers.set(`WS-FLV, ${when}`, watchWebSocket(server.ws(`${name}.flv`)));
    viewers.set(`fMP4, ${when}`, watchHttp(server.http(`${name}.mp4`)));
    hashes.set(`RTMP, ${when}`, startFramehash(server.rtmp(name)).hashed);
  };
  join("early");
  const publisher = publishWithFfmpeg(file, server.rtmp(name));
  const half = statSync(file).size / 2;
  await Promise.race([publisher.output, until(() => (viewers.get("HTTP-FLV, early")?.length ?? 0) > half)]);
  join("late");
  await publisher.output;

  const files = new Map<string, string>();
  for (const [who, viewer] of viewers) {
    await viewer.ended;
    const out = path.join(
      folder,
      `${name}-${who.replace(/\W+/g, "-")}.${who.startsWith("fMP4") ? "mp4" : "flv"}`,
    );
    writeFileSync(out, viewer.bytes);
    files.set(who, out);
    hashes.set(who, framehash(out));
  }
  const got = new Map<string, Hashed>();
  for (const [who, hashed] of hashes) got.set(who, await hashed);
  return { source: await framehash(file), keys: await keyFrames(file), got, files };
}

const ofKind = ({ packets }: Hashed, kind: string): readonly HashedPacket[] =>
  packets.filter((packet) => packet.kind === kind);

const KINDS = ["video", "audio"] as const;

describe.each(CLIPS)("%s, published by FFmpeg", (clip) => {
  describe.each(WAYS)("comes back over %s", (way) => {
    it.each(["early", "late"])("to a viewer who is %s", (when) => {
      const { source, keys, got } = recordings.get(clip) as Recording;
      const hashed = got.get(`${way}, ${when}`) as Hashed;

      expect(hashed.configs).toEqual(source.configs);
      const [first] = hashed.packets;
      expect(first).toMatchObject({ kind: "video" });
      expect(keys).toContain(first?.hash);

      // Every packet from where it joined to the end, so that the last of both sides are the same.
      const lastDts = (of: Hashed): number => ofKind(of, "video").at(-1)?.dts ?? Number.NaN;
      const shift = Math.round(lastDts(hashed) - lastDts(source));
      for (const kind of KINDS) {
        const theirs = ofKind(hashed, kind);
        const sent = ofKind(source, kind).slice(-theirs.length);
        expect(theirs.length).toBeGreaterThan(25);
        expect(theirs.map(({ hash }) => hash)).toEqual(sent.map(({ hash }) => hash));
        expect(theirs.map(({ size }) => size)).toEqual(sent.map(({ size }) => size));
        // One shift for both tracks: spacing and the offset between picture and sound are the source's. MP4 alone
        // evens sound out: its frames begin where the one before ends, within the source's millisecond.
        const tolerance = way === "fMP4" && kind === "audio" ? 1 : 0;
        for (const [i, { dts, pts }] of theirs.entries()) {
          const { dts: sentDts, pts: sentPts } = sent[i] as HashedPacket;
          expect(Math.abs(Math.round(dts - shift) - sentDts)).toBeLessThanOrEqual(tolerance);
          expect(Math.abs(Math.round(pts - shift) - sentPts)).toBeLessThanOrEqual(tolerance);
          expect(dts).toBeGreaterThanOrEqual(theirs[i - 1]?.dts ?? Number.NEGATIVE_INFINITY);
        }
      }
      // Who was there first misses at most what came before the first key frame.
      if (when === "early") {
        const videos = ofKind(source, "video");
        expect(ofKind(hashed, "video")).toHaveLength(
          videos.length - videos.findIndex(({ hash }) => keys.has(hash)),
        );
      }
    });
  });

  it("is accepted by ffprobe and flvmeta", () => {
    const { files } = recordings.get(clip) as Recording;
    for (const file of files.values()) {
      const streams = execFileSync("ffprobe", [...PROBE, file], { encoding: "utf8" });
      expect(streams.trim().split("\n")).toEqual(["h264,video", "aac,audio"]);
      if (file.endsWith(".flv")) {
        const report = execFileSync("flvmeta", ["--check", "--quiet", "--level=error", file], {
          encoding: "utf8",
        });
        expect(report.trim()).toBe("");
      }
    }
  });
});

const PROBE = ["-v", "error", "-show_entries", "stream=codec_name,codec_type", "-of", "csv=p=0"];

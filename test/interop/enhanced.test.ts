import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CONFIGS, demuxAll } from "../../fuzz/support/flv.js";
import { readAacConfig } from "../../src/media/codec/aac.js";
import { readAv1Config } from "../../src/media/codec/av1.js";
import { readHevcConfig } from "../../src/media/codec/hevc.js";
import { readOpusConfig } from "../../src/media/codec/opus.js";
import { readVp9Config } from "../../src/media/codec/vp9.js";
import { createFlvDemuxer } from "../../src/media/format/flv/demuxer.js";
import { AUDIO_TRACK_ID, type Track, VIDEO_TRACK_ID } from "../../src/media/model/track.js";
import { openRtmpPush } from "../../src/server/protocol/rtmp/push.js";
import { parseRtmpUrl } from "../../src/server/protocol/rtmp/url.js";
import { framehash, makeClip } from "../support/ffmpeg.js";
import { type LiveTestServer, startLiveServer } from "../support/live-server.js";
import { packetsOn, probePackets } from "../support/packets.js";
import { killPrograms, run } from "../support/program.js";
import { until } from "../support/until.js";
import { watchHttp } from "../support/viewers.js";

/**
 * Enhanced RTMP through the whole server, with what FFmpeg 5 encodes and decodes: it knows these codecs, but not in
 * FLV. `npm run interop:enhanced` does the same with an FFmpeg that does, at both ends.
 */

let folder = "";
let server: LiveTestServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-enhanced-"));
  // It is sent faster than in real time.
  server = await startLiveServer({ waitForPublisherMs: 20_000, keepViewersMs: 100, maxLagMs: 60_000 });
});
afterAll(async () => {
  await killPrograms();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const readers = {
  hevc: (record: Uint8Array): Track => ({
    id: VIDEO_TRACK_ID,
    kind: "video",
    codec: "hevc",
    config: readHevcConfig(record),
  }),
  av1: (record: Uint8Array): Track => ({
    id: VIDEO_TRACK_ID,
    kind: "video",
    codec: "av1",
    config: readAv1Config(record),
  }),
  // FFmpeg keeps the record to itself.
  vp9: (): Track => ({ id: VIDEO_TRACK_ID, kind: "video", codec: "vp9", config: readVp9Config(CONFIGS.vp9) }),
  aac: (record: Uint8Array): Track => ({
    id: AUDIO_TRACK_ID,
    kind: "audio",
    codec: "aac",
    config: readAacConfig(record),
  }),
  opus: (record: Uint8Array): Track => ({
    id: AUDIO_TRACK_ID,
    kind: "audio",
    codec: "opus",
    config: readOpusConfig(record),
  }),
};

const yuv = ["-pix_fmt", "yuv420p"];
const x265 = [
  "-c:v",
  "libx265",
  "-preset",
  "ultrafast",
  "-tag:v",
  "hvc1",
  "-x265-params",
  "log-level=error:keyint=25:bframes=2",
];
const aom = ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "25"];
const vpx = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"];

it.each([
  { video: "hevc", audio: "aac", tags: ["hvc1", "mp4a"], codecs: [...yuv, ...x265, "-c:a", "aac"] },
  { video: "av1", audio: "opus", tags: ["av01", "Opus"], codecs: [...yuv, ...aom, "-c:a", "libopus"] },
  { video: "vp9", audio: "opus", tags: ["vp09", "Opus"], codecs: [...yuv, ...vpx, "-c:a", "libopus"] },
] as const)(
  "$video and $audio go through RTMP, HTTP-FLV and fMP4 as they were",
  async ({ video, audio, tags, codecs }) => {
    const clip = path.join(folder, `${video}.mp4`);
    await makeClip(clip, 2, codecs);
    const probed = await probePackets(clip);
    const tracks = probed.streams.map(({ kind, extradata }) =>
      readers[kind === "video" ? video : audio](extradata),
    );
    const packets = packetsOn(probed, tracks);

    const flv = watchHttp(server.http(`${video}.flv`));
    const mp4 = watchHttp(server.http(`${video}.mp4`));
    const push = await openRtmpPush(parseRtmpUrl(server.rtmp(video)), {
      signal: new AbortController().signal,
    });
    push.describe({ hasVideo: true, hasAudio: true });
    for (const track of tracks) push.track(track);
    // Faster than real time, the first group of pictures would be over before those who wait for it can join.
    const begin = packets.findIndex(({ track, key }) => track.kind === "video" && key);
    for (const packet of packets.slice(0, begin + 1)) push.write(packet);
    await until(() => flv.bytes.length > 0 && mp4.bytes.length > 0);
    for (const packet of packets.slice(begin + 1)) push.write(packet);
    await push.close();
    await Promise.all([flv.ended, mp4.ended]);

    // FLV: read by our own demuxer, which FFmpeg 8 agrees with.
    const heard = demuxAll(createFlvDemuxer, flv.bytes, 4_096);
    expect(heard.dropped).toEqual([]);
    for (const kind of ["video", "audio"] as const) {
      const sent = packets.slice(begin).filter(({ track }) => track.kind === kind);
      const got = heard.packets.filter(({ track }) => track.kind === kind);
      expect(got.map(({ data, key }) => [key, Buffer.from(data).toString("base64")])).toEqual(
        sent.map(({ data, key }) => [key, Buffer.from(data).toString("base64")]),
      );
    }

    // MP4: FFmpeg finds the same payloads, and decodes all of them.
    const file = path.join(folder, `${video}-live.mp4`);
    writeFileSync(file, mp4.bytes);
    const probe = ["-v", "error", "-show_entries", "stream=codec_tag_string", "-of", "csv=p=0", file];
    expect((await run("ffprobe", probe).output).trim().split("\n")).toEqual(tags);
    const [source, live] = await Promise.all([framehash(clip), framehash(file)]);
    for (const kind of ["video", "audio"]) {
      const got = live.packets.filter((packet) => packet.kind === kind).map(({ hash }) => hash);
      const sent = source.packets.filter((packet) => packet.kind === kind).map(({ hash }) => hash);
      expect(got.length).toBeGreaterThan(45);
      expect(got).toEqual(sent.slice(-got.length));
    }
    const decoder = run("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]);
    await decoder.output;
    expect(decoder.complaints).toBe("");
  },
);

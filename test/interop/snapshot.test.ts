import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LiveServer } from "../../src/server/index.js";
import { builtServer } from "../support/built-server.js";
import { publishWithFfmpeg } from "../support/ffmpeg.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { killPrograms, run as runProgram } from "../support/program.js";

// A picture of a live stream, from a server in one process and in two.

const media = mediaFolder();
let clip: string;
let sound: string;
beforeAll(async () => {
  clip = await media.make("clip.flv", 4, H264_AAC);
  sound = media.path("sound.flv");
  await runProgram("ffmpeg", ["-v", "error", "-i", clip, "-vn", "-c", "copy", sound]).output;
});
afterAll(async () => {
  await killPrograms();
  media.remove();
  expect(enginesLeft()).toEqual([]);
});

describe.each([1, 2])("snapshot.jpg, workers: %i", (workers) => {
  let live: LiveServer;
  let base: string;
  const token = "a token";
  beforeAll(async () => {
    const own = { host: "127.0.0.1", port: 0 };
    const { createServer } = await builtServer();
    live = createServer({ http: own, rtmp: own, ops: false, logger: false, workers, api: { token } });
    const { http, rtmp } = await live.listen();
    base = `http://127.0.0.1:${http?.port}/api/v1/streams/live`;
    const forever = ["-stream_loop", "-1"];
    publishWithFfmpeg(clip, `rtmp://127.0.0.1:${rtmp?.port}/live/a`, forever);
    publishWithFfmpeg(sound, `rtmp://127.0.0.1:${rtmp?.port}/live/sound`, forever);
    for (const name of ["a", "sound"]) {
      const status = async (): Promise<number> => (await get(name)).status;
      for (let last = await status(); last !== 200; last = await status()) {
        expect(last).toBe(404);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });
  afterAll(() => live.close());

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    // Each on a connection of its own: with several workers it may be any of them that answers.
    fetch(`${base}/${path}`, {
      headers: { authorization: `Bearer ${token}`, connection: "close", ...headers },
    });

  it("is a JPEG of the stream's size, that says whether it is the same", async () => {
    for (let i = 0; i < 4; i++) {
      let answer = await get("a/snapshot.jpg");
      // Not before its first key frame.
      while (answer.status === 503) answer = await get("a/snapshot.jpg");
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
      const file = media.path(`${workers}-${i}.jpg`);
      writeFileSync(file, new Uint8Array(await answer.arrayBuffer()));
      const shape = ["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", file];
      expect((await runProgram("ffprobe", ["-v", "error", ...shape]).output).trim()).toBe("mjpeg,320,180");
      expect(answer.headers.get("etag")).toMatch(/^"[\w-]+"$/);
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  it("is a new one after the next key frame", async () => {
    const etags = new Set<string | null>();
    while (etags.size < 3) {
      const { status, headers } = await get("a/snapshot.jpg");
      expect(status).toBe(200);
      etags.add(headers.get("etag"));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(etags.has(null)).toBe(false);
  });

  it("needs the token, a stream, and a picture in it", async () => {
    expect((await get("a/snapshot.jpg", { authorization: "Bearer wrong" })).status).toBe(401);
    const nobody = await get("nobody/snapshot.jpg");
    expect([nobody.status, ((await nobody.json()) as { error: string }).error]).toEqual([404, "not-found"]);
    const silent = await get("sound/snapshot.jpg");
    expect([silent.status, ((await silent.json()) as { error: string }).error]).toEqual([404, "no-picture"]);
    const wrong = await fetch(`${base}/a/snapshot.jpg`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(wrong.status).toBe(405);
  });

  it("counts as no viewer, and many at once are one", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get("a/snapshot.jpg")));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    const { viewers } = (await (await get("a")).json()) as { viewers: number };
    expect(viewers).toBe(0);
  });
});

describe("snapshot.jpg of every codec that is carried", () => {
  it.each([
    ["hevc", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"]],
    ["vp9", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]],
    ["av1", ["-c:v", "libsvtav1", "-preset", "12"]],
  ])("%s", async (name, codec) => {
    const { createKeyFrameEncoder } = await import("../../src/av/key-frame.js");
    const { probePackets } = await import("../support/packets.js");
    const file = await media.make(`${name}.mp4`, 0.4, ["-an", ...codec, "-pix_fmt", "yuv420p"]);
    const probed = await probePackets(file);
    const packet = probed.packets.find(({ key }) => key);
    const description = probed.streams[0]?.extradata ?? new Uint8Array(0);
    const config = {
      codec: { hevc: "hvc1.1.6.L60.90", vp9: "vp09.00.11.08", av1: "av01.0.00M.08" }[name] ?? "",
      codedWidth: 320,
      codedHeight: 180,
      ...(name === "vp9" ? {} : { description }),
      ...(name === "hevc" ? { nalLengthSize: 4 as const } : {}),
    };
    const track = { id: 1, kind: "video", codec: name as "hevc", config } as const;
    const encoder = createKeyFrameEncoder({ maxRunning: 1, maxWaiting: 0 });
    if (packet === undefined) throw new Error("there is no key frame");
    const jpeg = await encoder.jpeg({ ...packet, track, receivedAt: 0 }, new AbortController().signal);
    expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    await encoder.close();
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { framehash, publishWithFfmpeg, startFramehash } from "../support/ffmpeg.js";
import { killPrograms, type Program, run } from "../support/program.js";
import { type RtmpServerInit, type RtmpTestServer, startRtmpServer } from "../support/rtmp-server.js";
import { until } from "../support/until.js";

/** FFmpeg against the RTMP server, in all that does not go smoothly. */

const CLIP = "assets/demo.flv";

const folder = mkdtempSync(join(tmpdir(), "sluice-rtmp-"));
let server: RtmpTestServer | undefined;
afterEach(async () => {
  await killPrograms();
  await server?.close();
  server = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(init: RtmpServerInit = {}): Promise<RtmpTestServer> {
  server = await startRtmpServer(init);
  return server;
}

/** Over and over, in real time. */
function publish(url: string): Program {
  return publishWithFfmpeg(CLIP, url, ["-stream_loop", "-1"]);
}

const isLive = (key: string) => (): boolean => server?.hub.stream(key)?.live === true;
const packets = (key: string): number => server?.hub.stream(key)?.taken.packets ?? 0;

describe("FFmpeg as a publisher", () => {
  it("is refused a name in use, and the first publisher goes on", async () => {
    const { url, ended } = await start();
    publish(url("live", "a"));
    await until(isLive("live/a"));
    const second = publishWithFfmpeg(CLIP, url("live", "a"));
    await expect(second.output).rejects.toThrow(/live\/a is being published/);
    expect(ended.map(({ reason }) => reason)).toEqual(["busy"]);
    const before = packets("live/a");
    await until(() => packets("live/a") > before + 20);
  });

  it("takes a name over where that is the policy, and the first one ends", async () => {
    const { url, ended } = await start({ hub: { duplicate: "takeover" } });
    const first = publish(url("live", "a"));
    await until(isLive("live/a"));
    publish(url("live", "a"));
    await expect(first.output).rejects.toThrow();
    await until(isLive("live/a"));
    expect(ended.map(({ reason }) => reason)).toEqual(["taken-over"]);
  });

  it("is told when it is not allowed", async () => {
    const { url, hub } = await start({
      authorize: ({ query }) => ({ allow: query.get("token") === "right", reason: "wrong token" }),
    });
    await expect(publishWithFfmpeg(CLIP, url("live", "a?token=wrong")).output).rejects.toThrow(/wrong token/);
    expect(hub.streams).toEqual([]);
    publish(url("live/room1", "a?token=right"));
    await until(isLive("live/room1/a"));
  });

  it("is killed with -9, and another takes its place: the same viewer goes on, its time only forward", async () => {
    const { url, ended } = await start();
    const first = publish(url("live", "a"));
    await until(isLive("live/a"));
    const viewer = startFramehash(url("live", "a"));
    await until(() => (server?.hub.stream("live/a")?.readers ?? 0) === 1);
    const begun = packets("live/a");
    await until(() => packets("live/a") > begun + 100);
    await first.kill();
    await until(() => ended.length === 1);
    expect(["client-closed", "client-reset"]).toContain(ended[0]?.reason);
    expect(server?.hub.stream("live/a")?.readers).toBe(1);
    const between = packets("live/a");
    const second = publish(url("live", "a"));
    await until(() => packets("live/a") > between + 100);
    await second.kill();
    await server?.close();

    const { packets: seen } = await viewer.hashed;
    const source = await framehash(CLIP);
    const video = seen.filter(({ kind }) => kind === "video");
    const firstOfClip = source.packets.find(({ kind }) => kind === "video")?.hash;
    // The second publisher began with the clip's first frame; all of it came after what was there.
    const splice = video.findIndex(({ hash }, i) => i > 0 && hash === firstOfClip);
    expect(splice).toBeGreaterThan(1);
    expect(video.length - splice).toBeGreaterThan(25);
    for (const kind of ["video", "audio"]) {
      const times = seen.filter((packet) => packet.kind === kind).map(({ dts }) => dts);
      expect(times.every((dts, i) => i === 0 || dts >= times[i - 1]!)).toBe(true);
    }
    const gap = video[splice]!.dts - video[splice - 1]!.dts;
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(200);
  });

  it("publishes again under the same name right after it has ended", async () => {
    const { url, hub } = await start();
    for (let i = 0; i < 3; i++) {
      const publisher = publish(url("live", "a"));
      await until(isLive("live/a"));
      publisher.child.kill("SIGINT");
      await publisher.output.catch(() => {});
      await until(() => hub.streams.length === 0);
    }
  });
});

describe("FFmpeg as a player", () => {
  it("is told that there is no such stream", async () => {
    const { url, ended } = await start({ rtmp: { waitForPublisherMs: 100 } });
    const { hashed } = startFramehash(url("live", "nobody"));
    await expect(hashed).rejects.toThrow();
    await until(() => ended.length === 1);
    expect(ended.map(({ reason }) => reason)).toEqual(["not-found"]);
  });

  it("is killed in the middle, and nobody else notices", async () => {
    const { url, hub, ended } = await start();
    publish(url("live", "a"));
    await until(isLive("live/a"));
    const first = startFramehash(url("live", "a"));
    const second = startFramehash(url("live", "a"));
    await until(() => hub.stream("live/a")?.readers === 2);
    await first.program.kill();
    await until(() => ended.length === 1);
    const before = packets("live/a");
    await until(() => packets("live/a") > before + 30);
    expect(hub.stream("live/a")?.readers).toBe(1);
    await server?.close();
    const { packets: seen } = await second.hashed;
    expect(seen.length).toBeGreaterThan(30);
  });
});

describe("sluice push", () => {
  it("publishes what FFmpeg gets back byte for byte, over the clip's end too", async () => {
    const { url, hub } = await start({ hub: { keepViewersMs: 0 } });
    const viewer = startFramehash(url("live", "a"));
    // The clip's last seconds, so that it loops soon.
    const tail = join(folder, "tail.flv");
    await run("ffmpeg", ["-v", "error", "-ss", "20", "-i", CLIP, "-c", "copy", tail]).output;
    const pushing = run("node", ["dist/cli/main.js", "push", tail, url("live", "a"), "--loop"]);
    const source = await framehash(tail);
    const frames = source.packets.filter(({ kind }) => kind === "video");
    await until(() => (hub.stream("live/a")?.position ?? 0) > 6_500_000);
    pushing.child.kill("SIGTERM");
    await pushing.output;
    const { packets: seen, configs } = await viewer.hashed;
    expect(configs).toEqual(source.configs);
    const video = seen.filter(({ kind }) => kind === "video");
    expect(video.length).toBeGreaterThan(frames.length);
    expect(video.map(({ hash }) => hash)).toEqual(
      Array.from(video, (_, i) => frames[i % frames.length]!.hash),
    );
    const steps = video.slice(1).map(({ dts }, i) => dts - video[i]!.dts);
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(100);
  });
});

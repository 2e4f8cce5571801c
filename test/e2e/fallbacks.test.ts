import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { advance, type Clip, makeClip, openBlank, pictureChanges, publish, useStage } from "./harness.js";

/** One sample too many or too few would be 0.058; what AAC leaves of a tone is 0.02. */
const SEAM = 0.04;

describe("what other browsers take, in a Chromium that is made like them", () => {
  const stage = useStage();
  let clip: Clip;

  beforeAll(() => {
    clip = makeClip("320x180");
  });

  /** An empty page with our player, before which something was done to the stage.browser. */
  function openLike(change: () => void): Promise<Page> {
    const pages = {
      newPage: async () => {
        const page = await stage.browser.newPage();
        await page.addInitScript(change);
        return page;
      },
    };
    return openBlank(pages as Browser, stage.server.base);
  }

  async function playWith(page: Page, name: string, muted = true): Promise<void> {
    await page.evaluate(
      ({ url, muted }) => {
        window.errors = [];
        window.player = window.createPlayer(document.querySelector("video") as HTMLVideoElement, url, {
          muted,
        });
        window.player.on("error", ({ code }) => window.errors.push(code));
      },
      { url: `/live/${name}.flv`, muted },
    );
  }

  const viewersOf = (name: string): number | undefined =>
    stage.server.live.streams().find((stream) => stream.name === name)?.viewers;

  it("gives a ManagedMediaSource what it asks for, and nothing while it asks for nothing", async () => {
    publish(stage.server.live, "live/managed", clip);
    const page = await openLike(() => {
      const { MediaSource: Real } = window;
      class ManagedMediaSource extends Real {
        constructor() {
          super();
          (window as unknown as { source: MediaSource }).source = this;
        }
      }
      Object.assign(window, { ManagedMediaSource });
      for (const name of ["MediaSource", "WebKitMediaSource"]) Reflect.deleteProperty(window, name);
    });
    const ask = (name: string): Promise<void> =>
      page.evaluate((name) => {
        (window as unknown as { source: MediaSource }).source.dispatchEvent(new Event(name));
      }, name);
    const end = (): Promise<number> =>
      page.evaluate(() => {
        const { buffered } = document.querySelector("video") as HTMLVideoElement;
        return buffered.end(buffered.length - 1);
      });
    await playWith(page, "managed");
    await advance(page, 0.5);
    await pictureChanges(page);
    expect(await page.evaluate(() => window.player.path)).toBe("managed-mse");
    expect(
      await page.locator("video").evaluate((video: HTMLVideoElement) => video.disableRemotePlayback),
    ).toBe(true);

    await ask("endstreaming");
    const before = await end();
    await expect.poll(() => viewersOf("managed")).toBe(0);
    expect(await end()).toBeLessThan(before + 0.5);
    await ask("startstreaming");
    await expect.poll(() => viewersOf("managed")).toBe(1);
    await advance(page, 1);
    await page.waitForFunction(() => window.player.stats().latencyMs < 1000);
    expect(await page.evaluate(() => [window.errors, window.player.stats().reconnects])).toEqual([[], 0]);
    await page.evaluate(() => window.player.destroy());
    expect(
      await page.locator("video").evaluate((video: HTMLVideoElement) => video.disableRemotePlayback),
    ).toBe(false);
  });

  it("makes the sound by decodeAudioData where there is no AudioDecoder, without a seam", async () => {
    publish(stage.server.live, "live/decoded", clip);
    const page = await openLike(() => {
      for (const name of ["MediaSource", "WebKitMediaSource", "AudioDecoder"]) {
        Reflect.deleteProperty(window, name);
      }
      const { createGain } = AudioContext.prototype;
      AudioContext.prototype.createGain = function (this: AudioContext) {
        const gain = createGain.call(this);
        const analyser = this.createAnalyser();
        gain.connect(analyser);
        analyser.fftSize = 8192;
        const samples = new Float32Array(analyser.fftSize);
        // How far the samples are from a pure 440 Hz, as a share of the loudest.
        const turn = 2 * Math.cos((2 * Math.PI * 440) / this.sampleRate);
        Object.assign(window, {
          listen(): { loudest: number; seam: number } {
            analyser.getFloatTimeDomainData(samples);
            let seam = 0;
            for (let i = 2; i < samples.length; i += 1) {
              const [a = 0, b = 0, c = 0] = samples.subarray(i - 2, i + 1);
              seam = Math.max(seam, Math.abs(c - turn * b + a));
            }
            const loudest = Math.max(...samples);
            return { loudest, seam: seam / loudest };
          },
        });
        return gain;
      };
    });
    await playWith(page, "decoded", false);
    // The clip itself has a seam each four seconds, and the clock moves at first: a second without one is there.
    const heard = (): Promise<{ loudest: number; seam: number } | undefined> =>
      page.evaluate(() => (window as unknown as { listen?(): { loudest: number; seam: number } }).listen?.());
    await expect.poll(async () => (await heard())?.loudest ?? 0).toBeGreaterThan(0.01);
    await expect.poll(async () => (await heard())?.seam ?? 1, { interval: 50 }).toBeLessThan(SEAM);
    expect(await page.evaluate(() => [window.player.path, window.errors])).toEqual(["webcodecs", []]);
  });

  it("shows the picture without its sound where no file has the codec, and says so", async () => {
    const opus = {
      id: 2,
      kind: "audio",
      codec: "opus",
      config: {
        codec: "opus",
        sampleRate: 48000,
        numberOfChannels: 2,
        description: Uint8Array.from(Buffer.from("OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0", "latin1")),
      },
    } as const;
    publish(
      stage.server.live,
      "live/opus",
      { ...clip, tracks: [...clip.tracks.filter(({ kind }) => kind === "video"), opus] },
      ["video", "audio"],
    );
    const page = await openLike(() => {
      for (const name of ["MediaSource", "WebKitMediaSource", "AudioDecoder"]) {
        Reflect.deleteProperty(window, name);
      }
    });
    await playWith(page, "opus");
    await page.waitForFunction(() => window.errors.includes("codec-unsupported"));
    await page.waitForFunction(() => window.player.stats().decodedFrames > 10);
    expect(await page.evaluate(() => window.player.state)).toBe("playing");
  });

  it("has the browser play HLS by itself once the server has it, and not before", async () => {
    publish(stage.server.live, "live/native", clip);
    const page = await openLike(() => {
      for (const name of ["MediaSource", "WebKitMediaSource", "VideoDecoder"]) {
        Reflect.deleteProperty(window, name);
      }
    });
    await playWith(page, "native");
    await page.waitForFunction(() => window.player.state === "ended");
    expect(await page.evaluate(() => [window.player.path, window.errors])).toEqual([
      undefined,
      ["browser-unsupported"],
    ]);

    const folder = mkdtempSync(join(tmpdir(), "sluice-hls-"));
    try {
      const make =
        "-v error -f lavfi -i testsrc2=size=320x180:rate=25 -t 6 -c:v libx264 -preset ultrafast -pix_fmt yuv420p " +
        "-g 25 -f hls -hls_time 1 -hls_list_size 0 -hls_flags omit_endlist -hls_segment_filename";
      execFileSync("ffmpeg", [...make.split(" "), join(folder, "s%d.ts"), join(folder, "native.m3u8")]);
      const types: Readonly<Record<string, string>> = {
        m3u8: "application/vnd.apple.mpegurl",
        ts: "video/mp2t",
      };
      for (const name of readdirSync(folder)) {
        const file = {
          contentType: types[name.split(".").at(-1) ?? ""] ?? "",
          body: readFileSync(join(folder, name)),
        };
        await page.route(`${stage.server.base}/live/${name}`, (route) => route.fulfill(file));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    await playWith(page, "native");
    await advance(page, 0.5);
    await pictureChanges(page);
    expect(await page.evaluate(() => window.player.stats())).toMatchObject({
      path: "hls",
      width: 320,
      state: "playing",
    });
    await page.evaluate(() => window.player.destroy());
    expect(await page.locator("video").getAttribute("src")).toBeNull();
  });
});

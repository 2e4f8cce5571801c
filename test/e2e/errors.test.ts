import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { PlayerError, PlayerErrorCode, PlayerOptions } from "../../src/player/index.js";
import { launchChromium } from "./chromium.js";
import { type Clip, makeClip, openBlank, publish, useStage } from "./harness.js";

/** What a page must never wait for long: the player's own patience is shortened where a test needs it. */
const IMPATIENT: PlayerOptions = { stallTimeoutMs: 500 };

describe("the player's errors in Chromium", () => {
  const stage = useStage();
  let clip: Clip;

  beforeAll(() => {
    clip = makeClip("320x180");
  });

  it.each([
    ["http-status", 500, "network", false],
    ["denied", 401, "network", true],
    ["denied", 403, "network", true],
    ["not-found", 404, "network", false],
  ] as const)("%s: the server answered %i", async (code, status, kind, fatal) => {
    const page = await openBlank(stage.browser, stage.server.base);
    await page.route("**/live/status.flv", (route) => route.fulfill({ status }));
    const error = await firstError(page, "/live/status.flv");
    expect(error).toMatchObject({ code, kind, fatal });
    expect(await page.evaluate(() => window.player.state)).toBe(fatal ? "ended" : "connecting");
  });

  it("unreachable: nothing listens there; gave-up: after as many attempts as are allowed", async () => {
    const page = await openBlank(stage.browser, stage.server.base);
    await page.route("**/live/down.flv", (route) => route.abort("connectionrefused"));
    expect(await firstError(page, "/live/down.flv", { maxReconnects: 1 })).toMatchObject({
      code: "unreachable",
      kind: "network",
      fatal: false,
    });
    expect(await errorOf(page, "gave-up")).toMatchObject({ kind: "network", fatal: true });
    expect(await page.evaluate(() => window.player.state)).toBe("ended");
  });

  it("malformed: the bytes are no FLV", async () => {
    const page = await openBlank(stage.browser, stage.server.base);
    await page.route("**/live/page.flv", (route) => route.fulfill({ body: "<!doctype html><p>not found" }));
    expect(await firstError(page, "/live/page.flv")).toMatchObject({
      code: "malformed",
      kind: "media",
      fatal: false,
    });
  });

  it.each(["fetch", "ws"] as const)("timeout: over %s nothing comes any more", async (transport) => {
    const name = `live/silent-${transport}`;
    const publication = publish(stage.server.live, name, clip);
    const page = await openBlank(stage.browser, stage.server.base);
    const error = firstError(page, `/${name}.flv`, { ...IMPATIENT, transport });
    await page.waitForFunction(() => window.player?.state === "playing");
    publication.drop("video");
    publication.drop("audio");
    expect(await error).toMatchObject({ code: "timeout", kind: "network", fatal: false });
  });

  it("codec-unsupported and browser-unsupported: no way to play is left", async () => {
    publish(stage.server.live, "live/left", clip);
    const page = await openBlank(stage.browser, stage.server.base);
    const none = await firstError(page, "/live/left.flv", { paths: ["flash"] });
    expect(none).toMatchObject({ code: "browser-unsupported", kind: "media", fatal: true });
    const other = await openBlank(stage.browser, stage.server.base);
    // As a browser without H.264 answers.
    await other.evaluate(() => {
      MediaSource.isTypeSupported = (type) => !type.includes("avc1");
    });
    const refused = await firstError(other, "/live/left.flv", { paths: ["mse"] });
    expect(refused).toMatchObject({ code: "codec-unsupported", kind: "media", fatal: true });
    expect(refused.message).toContain("avc1");
  });

  it("append-failed: the browser cannot decode it", async () => {
    const broken = clip.packets.map((packet) => {
      if (packet.track.kind === "audio") return packet;
      const data = new Uint8Array(packet.data);
      // Still one NAL unit of its length and kind, with nothing sensible in it.
      data.fill(0xff, 5);
      return { ...packet, data };
    });
    publish(stage.server.live, "live/broken", { ...clip, packets: broken });
    const page = await openBlank(stage.browser, stage.server.base);
    const error = await firstError(page, "/live/broken.flv", { paths: ["mse"] });
    expect(error).toMatchObject({ code: "append-failed", kind: "playback", fatal: false });
  });

  it("stuck: there is media, and the picture stands still; it goes on with what there is", async () => {
    const publication = publish(stage.server.live, "live/stuck", clip);
    const page = await openBlank(stage.browser, stage.server.base);
    const error = firstError(page, "/live/stuck.flv", { paths: ["mse-worker"] });
    await page.waitForFunction(() => window.player?.state === "playing");
    // The element waits for sound that it was promised.
    publication.drop("audio");
    expect(await error).toMatchObject({ code: "stuck", kind: "playback", fatal: false });
    await page.waitForFunction(() => {
      const { state, codecs } = window.player.stats();
      return state === "playing" && codecs.length === 1;
    });
  });

  it("autoplay-blocked: the browser wants a click, or no sound", async () => {
    publish(stage.server.live, "live/loud", clip);
    const strict = await launchChromium(false);
    try {
      const page = await strict.newPage();
      // A page of its own: what a test runs in a page counts as a click.
      const body = `<!doctype html><video></video><script type="module">
        import { createPlayer } from "/assets/player.js";
        window.player = createPlayer(document.querySelector("video"), "/live/loud.flv", { muted: false });
        window.player.on("error", (error) => console.log(JSON.stringify(error)));
      </script>`;
      await page.route("**/loud.html", (route) => route.fulfill({ body, contentType: "text/html" }));
      const said = page.waitForEvent("console");
      await page.goto(`${stage.server.base}/loud.html`);
      expect(JSON.parse((await said).text())).toMatchObject({
        code: "autoplay-blocked",
        kind: "playback",
        fatal: false,
      });
      await page.evaluate(() => void document.querySelector("video")?.play());
      await page.waitForFunction(() => window.player.state === "playing");
    } finally {
      await strict.close();
    }
  });
});

/** Plays a stream and settles with the first error that the player tells. */
async function firstError(page: Page, url: string, options: PlayerOptions = {}): Promise<PlayerError> {
  return page.evaluate(
    ({ url, options }) => {
      const video = document.querySelector("video") as HTMLVideoElement;
      window.player = window.createPlayer(video, url, options);
      return new Promise<PlayerError>((resolve) => window.player.on("error", resolve));
    },
    { url, options },
  );
}

/** Waits for an error with this code. */
function errorOf(page: Page, code: PlayerErrorCode): Promise<PlayerError> {
  return page.evaluate(
    (code) =>
      new Promise<PlayerError>((resolve) =>
        window.player.on("error", (error) => {
          if (error.code === code) resolve(error);
        }),
      ),
    code,
  );
}

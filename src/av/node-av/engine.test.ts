import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../../test/support/until.js";
import type { Engine, EngineIo } from "../engine.js";
import type { AvError } from "../error.js";
import type { FramesTask, ProbeTask, RawFrame } from "../task.js";
import { createNodeAvEngine } from "./engine.js";
import { loadedVersion } from "./find.js";
import type { Launcher } from "./job-process.js";

// A real process stands where the one with node-av would, and behaves as badly as it can.

const NO_LIMITS = { timeoutMs: 0, stallTimeoutMs: 0, memoryBytes: 0 };
const fake: Launcher = {
  installation: { library: "/nowhere/node-av/lib/index.js", packageVersion: "6.1.1" },
  worker: path.resolve("test/support/fake-node-av.mjs"),
};
const engine = createNodeAvEngine({ launcher: fake, version: "8.1", delegate: undefined });
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "sluice-node-av-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function io(limits: Partial<EngineIo["limits"]> = {}, signal = new AbortController().signal): EngineIo {
  return { signal, limits: { ...NO_LIMITS, ...limits } };
}

const probeOf = (how: string): ProbeTask => ({ source: { kind: "file", path: how }, packets: 0 });
const framesOf = (how: string): FramesTask => ({
  source: { kind: "file", path: how },
  select: { kind: "all", limit: undefined },
  size: undefined,
});

async function all(frames: AsyncIterable<RawFrame>): Promise<RawFrame[]> {
  const found: RawFrame[] = [];
  for await (const frame of frames) found.push(frame);
  return found;
}

/** The error that a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<Pick<AvError, "code" | "message">> {
  const { code, message } = await promise.then(
    () => {
      throw new Error("it went well");
    },
    (error: AvError) => error,
  );
  return { code, message };
}

/** One that nobody reaps, as in a container without an init, does nothing any more. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.startsWith("Z") === false;
  } catch {
    return false;
  }
}

describe("a process that does its work", () => {
  it("probes, in ffprobe's words", async () => {
    const said = {
      format: { format_name: "mov,mp4,m4a,3gp,3g2,mj2", duration: "4.000000", tags: { major_brand: "isom" } },
      streams: [{ index: 0, codec_type: "video", codec_name: "h264", width: 320, height: 180 }],
    };
    const info = await engine.probe(probeOf(`probe:${encodeURIComponent(JSON.stringify(said))}`), io());
    expect(info).toMatchObject({ container: "mp4", durationUs: 4_000_000 });
    expect(info.tracks).toMatchObject([{ kind: "video", codec: "h264", width: 320, height: 180 }]);
  });

  it("sends pictures, one after the other", async () => {
    const frames = await all(engine.frames(framesOf("pictures:3"), io()));
    expect(frames.map(({ pts, width, height, data }) => [pts, width, height, ...data.slice(0, 1)])).toEqual([
      [0, 2, 1, 0],
      [40_000, 2, 1, 1],
      [80_000, 2, 1, 2],
    ]);
  });

  it("makes an image of more pixels than a pipe holds", async () => {
    const rgba = Uint8Array.from({ length: 300 * 300 * 4 }, (_, i) => i);
    const image = await engine.image({ format: "png", quality: 100, width: 300, height: 300 }, rgba, io());
    expect(Buffer.from(image).equals(Buffer.from(rgba).reverse())).toBe(true);
  });

  it("is given an input that fails: that is the error", async () => {
    async function* input(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new RangeError("the disk has gone");
    }
    const source = { kind: "bytes", format: "flv" } as const;
    const error = await errorOf(engine.probe({ source, packets: 0 }, { ...io(), input: input() }));
    expect(error).toEqual({ code: "failed", message: "the disk has gone" });
  });

  it("says which FFmpeg it has", async () => {
    expect(await loadedVersion(fake)).toBe("8.1.2");
  });

  it("is held back by a consumer that takes its time, and ends when the consumer leaves", async () => {
    const log = path.join(folder, "endless");
    const written = (): number => (existsSync(log) ? statSync(log).size : 0);
    for await (const frame of engine.frames(framesOf(`endless:${log}`), io())) {
      expect(frame.data).toHaveLength(16_384);
      let before = -1;
      await until(() => {
        const steady = written() > 0 && written() === before;
        before = written();
        return steady;
      });
      break;
    }
    // What fits into the pipe and the stream's buffer, at 16 KiB each.
    expect(written()).toBeLessThan(200);
  });
});

describe("a process that fails", () => {
  it.each([
    ["failure:corrupt", "corrupt", "clip.mp4: what went wrong"],
    ["failure:not-media", "not-media", "clip.mp4: what went wrong"],
    ["failure:made-up", "failed", "clip.mp4: what went wrong"],
    ["crash", "corrupt", "crash: node-av died of SIGSEGV"],
    ["exit", "failed", "exit: node-av ended with code 3 (Error:  [31mout of luck [0m)"],
    [
      "unavailable",
      "no-engine",
      "node-av is installed, but cannot be loaded: libfoo.so.1: cannot open shared object file",
    ],
  ])("%s: an error of the code %s", async (how, code, message) => {
    expect(await errorOf(engine.probe(probeOf(how), io()))).toEqual({ code, message });
    expect(await errorOf(all(engine.frames(framesOf(how), io())))).toEqual({ code, message });
  });

  it("died inside a picture: how it died is told", async () => {
    expect(await errorOf(all(engine.frames(framesOf("crash-inside"), io())))).toEqual({
      code: "corrupt",
      message: "crash-inside: node-av died of SIGSEGV",
    });
  });

  it.each(["cut-off", "garbage"])(
    "%s: what is no picture is an error, and the process is gone",
    async (how) => {
      expect(await errorOf(all(engine.frames(framesOf(how), io())))).toEqual({
        code: "failed",
        message: `${how}: node-av's process sent what is no picture`,
      });
    },
  );

  it("says more than anybody would read: it is stopped", async () => {
    const { code, message } = await errorOf(engine.probe(probeOf("flood"), io()));
    expect(code).toBe("failed");
    expect(message).toContain("more than 16777216 bytes");
  });

  it("says what is no JSON", async () => {
    expect((await errorOf(engine.probe(probeOf("probe:{"), io()))).code).toBe("failed");
    expect((await errorOf(engine.probe(probeOf("probe"), io()))).code).toBe("not-media");
  });
});

describe("a process that does not end", () => {
  it("hangs: the stall timeout ends it", async () => {
    expect((await errorOf(engine.probe(probeOf("hang"), io({ stallTimeoutMs: 300 })))).code).toBe("timeout");
    expect((await errorOf(all(engine.frames(framesOf("hang"), io({ timeoutMs: 300 }))))).code).toBe(
      "timeout",
    );
  });

  it("hangs: the caller's signal ends it", async () => {
    const abort = new AbortController();
    const job = errorOf(engine.probe(probeOf("hang"), io({}, abort.signal)));
    setTimeout(() => abort.abort(), 50);
    expect((await job).code).toBe("aborted");
    expect((await errorOf(engine.probe(probeOf("hang"), io({}, abort.signal)))).code).toBe("aborted");
  });

  it("hears no signal that can be ignored", async () => {
    expect((await errorOf(all(engine.frames(framesOf("deaf"), io({ timeoutMs: 300 }))))).code).toBe(
      "timeout",
    );
  });

  it.runIf(process.platform === "linux")("takes ever more memory: the limit ends it", async () => {
    const limits = { memoryBytes: 256 * 1024 * 1024 };
    expect((await errorOf(engine.probe(probeOf("bomb"), io(limits)))).code).toBe("memory");
  });

  it.runIf(process.platform === "linux")("has started others: they go with it", async () => {
    const log = path.join(folder, "family");
    const abort = new AbortController();
    const job = errorOf(engine.probe(probeOf(`family:${log}`), io({}, abort.signal)));
    await until(() => existsSync(log) && readFileSync(log, "utf8") !== "");
    const pids = readFileSync(log, "utf8").split(" ").map(Number);
    expect(pids.map(isRunning)).toEqual([true, true]);
    abort.abort();
    expect((await job).code).toBe("aborted");
    await until(() => pids.every((pid) => !isRunning(pid)));
  });
});

describe("what node-av does not do", () => {
  const camera = { kind: "camera", device: "/dev/video0" } as const;

  it("goes to FFmpeg where that is installed", async () => {
    const asked: string[] = [];
    const ffmpeg: Engine = {
      name: "ffmpeg",
      version: "5.1",
      async probe() {
        asked.push("probe");
        return { format: "v4l2", container: "v4l2", tracks: [], tags: {} };
      },
      async *frames() {
        asked.push("frames");
        yield { pts: 0, width: 1, height: 1, data: new Uint8Array(4) };
      },
      image: async () => new Uint8Array(),
      convert: async () => {
        throw new Error("not asked for");
      },
    };
    const both = createNodeAvEngine({ launcher: fake, version: "8.1", delegate: ffmpeg });
    expect((await both.probe({ source: camera, packets: 0 }, io())).format).toBe("v4l2");
    expect(await all(both.frames({ ...framesOf(""), source: camera }, io()))).toHaveLength(1);
    expect(asked).toEqual(["probe", "frames"]);
  });

  it("is an error that says what to install where it is not", async () => {
    expect(await errorOf(engine.probe({ source: camera, packets: 0 }, io()))).toEqual({
      code: "unsupported",
      message: "node-av does not read cameras: install FFmpeg beside it",
    });
  });
});

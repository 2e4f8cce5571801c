import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AvError } from "../../src/av/error.js";
import { frames } from "../../src/av/frames.js";
import { probe } from "../../src/av/probe.js";
import { runCommand as command } from "../support/command.js";
import { enginesLeft, H264_AAC, mediaFolder } from "../support/media-files.js";
import { run as runProgram } from "../support/program.js";
import { until } from "../support/until.js";

// What is broken, no media, or means harm: an error that says so, in time, and nothing left behind.

const media = mediaFolder();
const closers: (() => unknown)[] = [];
let good: string;
beforeAll(async () => {
  good = await media.make("good.mp4", 2, H264_AAC, "160x90");
});
afterAll(async () => {
  for (const close of closers) await close();
  media.remove();
  expect(enginesLeft()).toEqual([]);
});

async function firstFrame(input: string, options: object = {}): Promise<unknown> {
  for await (const frame of frames(input, { count: 1, ...options })) return frame;
  return undefined;
}

async function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => {
      expect(error).toBeInstanceOf(AvError);
      return (error as AvError).code;
    },
  );
}

/** A server of files, on a free port. */
async function serve(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const server: Server = createHttpServer((request, response) => {
    const body = files[request.url ?? ""];
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "Content-Length": Buffer.byteLength(body) }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a file that is none", () => {
  const write = (name: string, bytes: string | Uint8Array): string => {
    writeFileSync(media.path(name), bytes);
    return media.path(name);
  };
  const cases: readonly (readonly [string, () => string, readonly string[]])[] = [
    ["nothing of that name", () => media.path("none.mp4"), ["not-found"]],
    ["a folder", () => media.folder, ["not-media"]],
    ["an endless device", () => "/dev/zero", ["unsupported"]],
    ["an empty file", () => write("empty.mp4", ""), ["not-media"]],
    [
      "text",
      () => write("text.mp4", "It was a dark and stormy night.\n".repeat(200)),
      ["not-media", "corrupt"],
    ],
    [
      "text of a text's name",
      () => write("text.txt", "It was a dark and stormy night.\n".repeat(200)),
      ["not-media"],
    ],
    ["noise", () => write("noise.mp4", noise(200_000)), ["not-media", "corrupt"]],
    ["zeros", () => write("zeros.mkv", new Uint8Array(200_000)), ["not-media", "corrupt"]],
    ["an MP4 without its end", () => cut("cut.mp4", 0.5), ["corrupt"]],
    [
      "a header and nothing else",
      () => write("head.flv", Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9)),
      ["not-media", "corrupt"],
    ],
    [
      "a script of ffmpeg's",
      () => write("list.ffconcat", `ffconcat version 1.0\nfile 'good.mp4'\n`),
      ["unsupported"],
    ],
    [
      "a session description",
      () => write("a.sdp", "v=0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\nc=IN IP4 127.0.0.1\n"),
      ["unsupported"],
    ],
  ];
  it.each(cases)("%s", async (_what, make, codes) => {
    const file = make();
    expect(codes).toContain(await code(probe(file)));
    expect(codes).toContain(await code(firstFrame(file)));
  });

  it("is a playlist that points at other files, and reads none of them", async () => {
    cpSync(good, media.path("secret.ts"));
    for (const target of [
      "file:///etc/passwd",
      "secret.ts",
      media.path("secret.ts"),
      "http://127.0.0.1:1/",
    ]) {
      const list = `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${target}\n#EXT-X-ENDLIST\n`;
      expect(await code(probe(write("list.m3u8", list)))).toBe("unsupported");
      expect(await code(firstFrame(write("list.mp4", list)))).toBe("unsupported");
    }
  });

  it("has a name like an option, or like a pattern, and is read all the same", async () => {
    for (const name of [
      "-version",
      "-i",
      "a%d.mp4",
      "a:b.mp4",
      "concat:a|b.mp4",
      "pipe:0.mp4",
      "ü 'q\".mp4",
      "a\nb.mp4",
    ]) {
      cpSync(good, media.path(name));
      const { container } = await probe(media.path(name));
      expect([name, container]).toEqual([name, "mp4"]);
    }
    // As it is typed where one is in that folder.
    const folder = process.cwd();
    const script = `const { probe } = await import(${JSON.stringify(pathToFileURL(path.join(folder, "dist/av/index.js")).href)}); console.log((await probe("-version")).container);`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: media.folder,
      encoding: "utf8",
    });
    expect([child.stdout, child.stderr]).toEqual(["mp4\n", ""]);
    const { err, code: exit } = await command(
      "frames",
      "-n",
      "1",
      "-o",
      media.path("x.png"),
      "--",
      media.path("none"),
    );
    expect([exit, err]).toEqual([1, expect.stringContaining("no such file")]);
  });

  it("is a pipe that nobody writes to: it ends in time", async () => {
    const fifo = media.path("fifo.mp4");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    expect(await code(probe(fifo, { timeoutMs: 300 }))).toBe("timeout");
    expect(await code(firstFrame(fifo, { stallTimeoutMs: 300 }))).toBe("timeout");
    const stop = new AbortController();
    const probing = probe(fifo, { signal: stop.signal });
    await until(() => enginesLeft().length > 0);
    stop.abort();
    expect(await code(probing)).toBe("aborted");
    expect(enginesLeft()).toEqual([]);
  });

  it("is broken somewhere: frames or an error, never a hang", async () => {
    const bytes = readFileSync(good);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 200 }),
        fc.nat(bytes.length),
        async (changes, length) => {
          const broken = Uint8Array.from(bytes.subarray(0, Math.max(1, length)));
          for (const [at, value] of changes) if (at < broken.length) broken[at] = value;
          const file = write("broken.mp4", broken);
          expect(await code(firstFrame(file, { stallTimeoutMs: 20_000 }))).toBeOneOf([
            ...["none", "not-media", "corrupt", "unsupported", "failed", "memory", "not-found"],
          ]);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("has a picture that would take all memory", async () => {
    // A PNG of 30,000 x 30,000 pixels, whose header alone is there.
    const bomb = Buffer.from(
      "89504e470d0a1a0a0000000d4948445200007530000075300802000000f0bb6a3b0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082",
      "hex",
    );
    expect(await code(firstFrame(write("bomb.png", bomb)))).not.toBe("none");
  });

  function cut(name: string, share: number): string {
    cpSync(good, media.path(name));
    truncateSync(media.path(name), Math.floor(readFileSync(good).length * share));
    return media.path(name);
  }
});

describe("an address", () => {
  it("where nobody is, or nothing", async () => {
    const base = await serve({});
    expect(await code(probe("http://127.0.0.1:1/a.flv"))).toBe("unreachable");
    expect(await code(probe("rtmp://127.0.0.1:1/live/a"))).toBe("unreachable");
    expect(await code(probe("rtsp://127.0.0.1:1/live/a"))).toBe("unreachable");
    expect(await code(probe(`${base}/a.flv`))).toBe("not-found");
    expect(await code(firstFrame(`${base}/a.flv`))).toBe("not-found");
    expect(await code(probe("ftp://127.0.0.1/a"))).toBe("unsupported");
  });

  it("where somebody takes the call and says nothing", async () => {
    const server = createTcpServer((socket) => void socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    for (const scheme of ["http", "rtmp", "rtsp"]) {
      const url = `${scheme}://127.0.0.1:${port}/live/a`;
      expect([scheme, await code(probe(url, { timeoutMs: 500 }))]).toEqual([scheme, "timeout"]);
      expect([scheme, await code(firstFrame(url, { stallTimeoutMs: 500 }))]).toEqual([scheme, "timeout"]);
    }
    expect(enginesLeft()).toEqual([]);
  });

  it("whose playlist points at this machine's files, and is told none of them", async () => {
    const list = (target: string): string =>
      `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${target}\n#EXT-X-ENDLIST\n`;
    const segment = media.path("segment.ts");
    await runProgram("ffmpeg", ["-v", "error", "-i", good, "-c", "copy", segment]).output;
    const base = await serve({
      "/secret.m3u8": list(`file://${segment}`),
      "/plain.m3u8": list(segment),
      "/good.m3u8": list("segment.ts"),
      "/segment.ts": readFileSync(segment),
      "/video.flv": list("segment.ts"),
      "/good.mp4": readFileSync(good),
    });
    // The same bytes over HTTP can be read: it is the file that may not be.
    expect((await probe(`${base}/good.m3u8`)).container).toBe("hls");
    expect((await probe(`${base}/good.mp4`)).container).toBe("mp4");
    expect(await code(probe(`${base}/secret.m3u8`))).not.toBe("none");
    expect(await code(probe(`${base}/plain.m3u8`))).not.toBe("none");
    // Only an address that says so is a playlist.
    expect(await code(probe(`${base}/video.flv`))).toBe("unsupported");
  });
});

describe("the end of the process", () => {
  it.runIf(process.platform === "linux")("takes the engines along, even when it is killed", async () => {
    const module = JSON.stringify(pathToFileURL(path.resolve("dist/av/index.js")).href);
    const fifo = media.path("wait.mp4");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    const script = `const { probe } = await import(${module}); await probe(${JSON.stringify(fifo)}, { timeoutMs: 0 });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
    const engines = (): readonly string[] =>
      enginesLeft(child.pid).filter((each) => each.startsWith("ffprobe"));
    await until(() => engines().length === 1);
    const [, engine = ""] = engines()[0]?.split(" ") ?? [];
    child.kill("SIGKILL");
    await once(child, "exit");
    await until(() => {
      try {
        // Gone, or dead and not yet reaped.
        return readFileSync(`/proc/${engine}/stat`, "latin1").includes(") Z ");
      } catch {
        return true;
      }
    });
  });
});

function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state & 0xff;
  });
}

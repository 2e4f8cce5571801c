import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type RtmpTestServer, startRtmpServer } from "../../test/support/rtmp-server.js";
import { until } from "../../test/support/until.js";
import { run } from "./run.js";
import type { Terminal } from "./terminal.js";

interface Recorded extends Terminal {
  readonly text: () => { readonly out: string; readonly err: string };
  /** Whether the command waits to be stopped. */
  readonly listens: boolean;
  stop(): void;
}

function recorder(env: Record<string, string> = {}, progress = false): Recorded {
  let out = "";
  let err = "";
  let stop = (): void => {};
  let listens = false;
  return {
    out(text) {
      out += text;
    },
    err(text) {
      err += text;
    },
    env,
    progress,
    onStop(callback) {
      stop = callback;
      listens = true;
      return () => {};
    },
    text: () => ({ out, err }),
    get listens() {
      return listens;
    },
    stop: () => stop(),
  };
}

async function outcome(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = recorder();
  const code = await run(argv, terminal);
  return { code, ...terminal.text() };
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function rtmpServer(): Promise<RtmpTestServer> {
  const server = await startRtmpServer();
  closers.push(() => server.close());
  return server;
}

/** Takes a port away. */
async function occupiedPort(): Promise<number> {
  const server: Server = createTcpServer((socket) => void socket.destroy());
  await new Promise<void>((resolve) => void server.listen(0, "::", resolve));
  closers.push(() => new Promise((resolve) => void server.close(resolve)));
  return (server.address() as { port: number }).port;
}

describe("sluice", () => {
  it("explains itself", async () => {
    const help = await outcome("--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    for (const command of ["serve", "demo", "push", "pull", "probe", "frames"])
      expect(help.out).toContain(`\n  ${command} `);
    expect(await outcome("-h")).toEqual(help);
    expect(await outcome("help")).toEqual(help);
    expect(await outcome()).toEqual({ code: 2, out: "", err: help.out });
  });

  it("explains each command, and lists every setting of serve", async () => {
    const serve = await outcome("serve", "--help");
    expect(serve.code).toBe(0);
    for (const flag of [
      "--rtmp-port N",
      "--http-port N",
      "--log-level debug|info",
      "--[no-]flv-metadata-at-key",
    ]) {
      expect(serve.out).toContain(flag);
    }
    expect(Math.max(...serve.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(await outcome("help", "serve")).toEqual(serve);
    expect((await outcome("push", "-h")).out).toContain("--loop");
    expect((await outcome("demo", "--help")).out).toContain("live/demo");
  });

  it("tells its version", async () => {
    expect((await outcome("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("suggests the command that was meant", async () => {
    expect(await outcome("srve")).toEqual({
      code: 2,
      out: "",
      err: "sluice: srve: no such command; did you mean sluice serve?\n",
    });
    expect((await outcome("frobnicate")).err).toContain("the commands are serve, demo, push");
    expect((await outcome("--rtmp-port", "1")).err).toContain("sluice serve --rtmp-port");
    expect((await outcome("toString")).code).toBe(2);
  });

  it("names what is wrong with the configuration and ends with code 2", async () => {
    const { code, err } = await outcome("serve", "--rtmp-port", "x", "--htp-port=1");
    expect(code).toBe(2);
    expect(err).toContain("--htp-port: no such flag; did you mean --http-port?");
    expect(err).toContain('rtmp.port = "x" (--rtmp-port): must be a whole number from 0 to 65535');
  });
});

describe("sluice pull", () => {
  it("says what is wrong with its arguments, never the password", async () => {
    const cases = [
      [[], "two arguments are needed"],
      [["--transport", "udp", "rtsp://host/", "live/cam"], "two arguments are needed, before any option"],
      [["http://u:hidden@host/", "live/cam"], "http://***@host/: http is not supported here, only rtsp"],
      [["rtsp://host/", "cam"], "cam: not an app and a stream name"],
      [["rtsp://host/", "live/cam", "--transport=sctp"], "--transport sctp: must be tcp or udp"],
      [["rtsp://host/", "live/cam", "--htp-port=1"], "did you mean --http-port?"],
      [
        ["rtsp://host/", "live/cam", "--pull", '[{"url":"rtsp://u:hidden@x/","stream":"live/cam"}]'],
        "live/cam: the configuration fetches this stream already",
      ],
      [
        ["rtsp://host/", "live/cam", "--pull", '[{"url":"rtps://u:hidden@x/","stream":"live/b"}]'],
        "must be an address such as rtsp://USER",
      ],
    ] as const;
    for (const [argv, said] of cases) {
      const { code, out, err } = await outcome("pull", ...argv);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(said);
      expect(err).not.toContain("hidden");
    }
    expect((await outcome("pull", "--help")).out).toContain("--transport tcp|udp");
  });
});

describe("sluice serve", () => {
  it("listens, logs JSON lines, and ends in order", async () => {
    const terminal = recorder();
    const running = run(["serve", "--rtmp-port", "0", "--http-port", "0", "--ops-port", "0"], terminal);
    const lines = (): Record<string, unknown>[] =>
      terminal
        .text()
        .out.split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await until(() => lines().filter(({ msg }) => msg === "listening").length === 3);
    terminal.stop();
    expect(await running).toBe(0);
    const listening = lines().filter(({ msg }) => msg === "listening");
    expect(listening.map(({ protocol }) => protocol)).toEqual(["rtmp", "http", "ops"]);
    expect(listening.every(({ port }) => Number(port) > 0)).toBe(true);
    expect(terminal.text().err).toBe("");
  });

  it("logs nothing when told so", async () => {
    const terminal = recorder({ SLUICE_LOG_LEVEL: "silent" });
    const running = run(["serve", "--rtmp-port=0", "--http-port=0"], terminal);
    await until(() => terminal.listens);
    terminal.stop();
    expect(await running).toBe(0);
    expect(terminal.text().out).toBe("");
  });

  it.each(["rtmp", "http", "ops"])(
    "names the %s port that is in use, its key, and the way out",
    async (section) => {
      const port = await occupiedPort();
      const ports = ["rtmp", "http", "ops"].map((one) => `--${one}-port=${one === section ? port : 0}`);
      const { code, err } = await outcome("serve", ...ports);
      expect(code).toBe(1);
      expect(err).toContain(`port ${port} (${section}.port) is in use`);
      expect(err).toContain(`--${section}-port `);
      expect(err).toContain(`SLUICE_${section.toUpperCase()}_PORT=`);
    },
  );

  it("names an address that is not this machine's", async () => {
    const { code, err } = await outcome("serve", "--rtmp-host=192.0.2.1", "--rtmp-port=0", "--http-port=0");
    expect(code).toBe(1);
    expect(err).toContain("192.0.2.1 (rtmp.host) is no address of this machine");
  });
});

describe("sluice demo", () => {
  it("plays a stream of its own and tells where to watch", async () => {
    const terminal = recorder();
    const running = run(["demo", "--rtmp-port", "0", "--http-port", "0"], terminal);
    await until(() => terminal.text().out.includes("/live/demo.flv"));
    const url = /http:\/\/localhost:\d+\/live\/demo\.flv/.exec(terminal.text().out)?.[0];
    const response = await fetch(url!);
    expect(response.headers.get("content-type")).toBe("video/x-flv");
    const first = await response.body!.getReader().read();
    expect(Buffer.from(first.value!.subarray(0, 3)).toString()).toBe("FLV");
    terminal.stop();
    expect(await running).toBe(0);
    expect(terminal.text().out).toMatch(/rtmp:\/\/localhost:\d+\/live\/mine/);
  });
});

describe("sluice push", () => {
  const CLIP = new URL("../../assets/demo.flv", import.meta.url).pathname;

  it("publishes a file until it is stopped", async () => {
    const { hub, ended, url } = await rtmpServer();
    const terminal = recorder();
    const running = run(["push", CLIP, url("live", "a?k=secret"), "--loop"], terminal);
    await until(() => (hub.stream("live/a")?.taken.packets ?? 0) > 20);
    const stream = hub.stream("live/a");
    expect(stream?.tracks.map(({ codec }) => codec)).toEqual(["avc", "aac"]);
    expect(stream?.metadata).toMatchObject({ width: 1280 });
    terminal.stop();
    expect(await running).toBe(0);
    await until(() => ended.length === 1);
    expect(ended[0]?.reason).toBe("client-closed");
    expect(terminal.text().err).toMatch(
      /^Publishing .*demo\.flv to rtmp:.*\/live\/a; .*\nPublished 00:00:0\d of media/,
    );
    expect(terminal.text().err).not.toContain("secret");
  });

  it("tells how far it has come where a person watches, and takes that away at the end", async () => {
    const { url } = await rtmpServer();
    const terminal = recorder({}, true);
    const running = run(["push", CLIP, url("live", "a")], terminal);
    await until(() => /\r00:00:0\d {2}\d+\.\d\d Mbit\/s/.test(terminal.text().err));
    terminal.stop();
    expect(await running).toBe(0);
    expect(terminal.text().err).toMatch(/\r.\[KPublished 00:00:0\d of media, \d\.\d MB\.\n$/);
  });

  it("tells that the server ended it", async () => {
    const { hub, url, sessions } = await rtmpServer();
    const running = outcome("push", CLIP, url("live", "a"));
    await until(() => hub.stream("live/a")?.live === true);
    sessions.kick(sessions.list()[0]!.id);
    const { code, err } = await running;
    expect(code).toBe(1);
    expect(err).toContain("the server ended the stream");
  });

  it("tells that the name is taken, and that it is not allowed", async () => {
    const { hub, url } = await rtmpServer();
    hub.publish("live/a");
    const busy = await outcome("push", CLIP, url("live", "a"));
    expect(busy.code).toBe(1);
    expect(busy.err).toMatch(/the name is not free.*NetStream\.Publish\.BadName/);

    const strict = await startRtmpServer({ authorize: () => ({ allow: false, reason: "token expired" }) });
    closers.push(() => strict.close());
    const denied = await outcome("push", CLIP, strict.url("live", "b"));
    expect(denied.code).toBe(1);
    expect(denied.err).toMatch(/does not let us publish.*token expired/);
  });

  it("tells that nothing listens, and that it is no RTMP server", async () => {
    const refused = await outcome("push", CLIP, "rtmp://127.0.0.1:1/live/a");
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain("connection refused: nothing listens on 127.0.0.1 port 1");
    const port = await occupiedPort();
    const broken = await outcome("push", CLIP, `rtmp://127.0.0.1:${port}/live/a`);
    expect(broken.code).toBe(1);
    expect(broken.err).toMatch(/the server (closed|broke) the connection/);
  });

  it("tells what is wrong with the source before it connects", async () => {
    const at = "rtmp://127.0.0.1:1/live/a";
    expect((await outcome("push", "/nowhere.flv", at)).err).toBe(
      "sluice: /nowhere.flv: there is no such file\n",
    );
    expect((await outcome("push", "/tmp", at)).err).toContain("is a folder");
    const json = await outcome("push", new URL("../../package.json", import.meta.url).pathname, at);
    expect(json.code).toBe(1);
    expect(json.err).toContain("is no FLV that we can read");
  });

  it("publishes what an HTTP server has, and tells what is wrong there", async () => {
    const clip = readFileSync(CLIP);
    const web = createHttpServer((request, response) => {
      if (request.url === "/a.flv") response.end(clip);
      else if (request.url === "/broken.flv")
        response.write(clip.subarray(0, 50_000), () => response.destroy());
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => void web.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(web.address() as { port: number }).port}`;
    const { hub, url } = await rtmpServer();
    const terminal = recorder();
    const running = run(["push", `${base}/a.flv`, url("live", "a")], terminal);
    await until(() => (hub.stream("live/a")?.taken.packets ?? 0) > 5);
    terminal.stop();
    expect(await running).toBe(0);

    const missing = await outcome("push", `${base}/b.flv`, url("live", "b"));
    expect(missing.err).toContain("the server answered 404 Not Found; is anyone publishing there?");
    const broken = await outcome("push", `${base}/broken.flv`, url("live", "b"));
    expect(broken.code).toBe(1);
    expect(broken.err).toContain("the connection broke");
    await new Promise<void>((resolve) => {
      web.close(() => resolve());
      web.closeAllConnections();
    });
    const gone = await outcome("push", `${base}/a.flv`, url("live", "b"));
    expect(gone.code).toBe(1);
    expect(gone.err).toMatch(/a\.flv: (connect ECONNREFUSED|other side closed)/);
  });

  it.each([
    [[], "two arguments are needed"],
    [["a"], "two arguments are needed"],
    [["a", "rtmp://h/l/n", "c"], "too many arguments"],
    [["a", "http://h/l/n"], "only rtmp"],
    [["a", "rtmp://h/live"], "needs an app and a stream name"],
    [["a", "rtmp://h/l/n", "--lop"], "did you mean --loop?"],
  ])("ends with code 2 for the arguments %j", async (argv, problem) => {
    const { code, err } = await outcome("push", ...argv);
    expect(code).toBe(2);
    expect(err).toContain(problem);
  });
});

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { sluiceVersion } from "./machine.js";
import { freePort, type Program, programFile, startNode, untilOpen } from "./processes.js";

const NODE_MEDIA_SERVER = "4.4.3";
const STREAM = "live/bench";

export type PlayProtocol = "flv" | "ws" | "rtmp";

export interface ServerOptions {
  readonly clip: string;
  /** Milliseconds that a batch gathers; 0 for as soon as there is something. */
  readonly mergeMs: number;
  /** Further flags of Node for sluice and the floor, such as --cpu-prof. */
  readonly nodeFlags: readonly string[];
  readonly core: number | undefined;
  /** Of the competitor `workers`. */
  readonly workers?: number;
}

/** A server that has come up. */
export interface Running {
  readonly program: Program;
  /** Where to publish the clip; undefined for one that plays it by itself. */
  readonly publishUrl: string | undefined;
  playUrl(protocol: PlayProtocol): string;
}

export interface Competitor {
  /** What it is called in the table, version and settings included. */
  title(options: ServerOptions): string;
  start(options: ServerOptions): Promise<Running>;
}

export const COMPETITORS: Readonly<Record<string, Competitor>> = {
  sluice: {
    title: ({ mergeMs }) => `sluice ${sluiceVersion()}${mergeMs > 0 ? `, mergeMs ${mergeMs}` : ""}`,
    start: startSluice,
  },
  workers: {
    title: ({ mergeMs, workers = 2 }) =>
      `sluice ${sluiceVersion()}, ${workers} workers${mergeMs > 0 ? `, mergeMs ${mergeMs}` : ""}`,
    start: (options) => startSluice(options, options.workers ?? 2),
  },
  "node-media-server": {
    title: () => `node-media-server ${NODE_MEDIA_SERVER}`,
    start: startNodeMediaServer,
  },
  floor: {
    title: ({ mergeMs }) =>
      `floor: plain sockets, ${mergeMs > 0 ? `a write every ${mergeMs} ms` : "a write per tag"}`,
    start: startFloor,
  },
};

async function startSluice({ mergeMs, nodeFlags, core }: ServerOptions, workers = 1): Promise<Running> {
  const settings = ["--rtmp-port=0", "--http-port=0", "--rtmp-host=127.0.0.1", "--http-host=127.0.0.1"];
  const program = startNode(
    [...nodeFlags, "dist/cli/main.js", "serve", ...settings, `--merge-ms=${mergeMs}`, `--workers=${workers}`],
    core,
  );
  const ports: Record<string, number> = {};
  return program.line((line) => {
    // Node's own flags may make it say other things too.
    if (!line.startsWith("{")) return undefined;
    const said = JSON.parse(line) as { msg?: string; protocol?: string; port?: number };
    if (said.msg === "listening") ports[said.protocol ?? ""] = said.port ?? 0;
    const { http, rtmp } = ports;
    return http === undefined || rtmp === undefined ? undefined : running(program, http, rtmp);
  });
}

async function startNodeMediaServer({ core }: ServerOptions): Promise<Running> {
  const folder = path.resolve(".cache/bench/node-media-server");
  install(folder);
  const [http, rtmp] = [await freePort(), await freePort()];
  const config = `${folder}/bench.json`;
  rmSync(`${folder}/data`, { recursive: true, force: true });
  // As it comes, but for what no viewer asks for: no TLS, no web console, no REST API.
  const settings = {
    bind: "127.0.0.1",
    auth: { play: false, publish: false, secret: "bench" },
    rtmp: { port: rtmp },
    http: { port: http },
    webadmin: { enable: false },
    record: { auto: false, path: "./record" },
    store: { path: "./data" },
  };
  writeFileSync(config, JSON.stringify(settings));
  const program = startNode(
    [`${folder}/node_modules/node-media-server/bin/app.js`, "--config", config],
    core,
  );
  await Promise.all([untilOpen(http), untilOpen(rtmp)]);
  return running(program, http, rtmp);
}

/** Only for who compares: nothing that is tested or shipped needs it, so it is no dependency of this package. */
function install(folder: string): void {
  const wanted = `node-media-server@${NODE_MEDIA_SERVER}`;
  const manifest = JSON.stringify({
    private: true,
    dependencies: { "node-media-server": NODE_MEDIA_SERVER },
  });
  if (existsSync(`${folder}/node_modules/${wanted.split("@")[0]}/package.json`)) return;
  console.error(`installing ${wanted} into ${path.relative(".", folder)}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, manifest);
  try {
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: "pipe",
    });
  } catch (error) {
    throw new Error(`could not install ${wanted}; do without it: --only sluice,floor`, { cause: error });
  }
}

async function startFloor({ clip, mergeMs, nodeFlags, core }: ServerOptions): Promise<Running> {
  const program = startNode([...nodeFlags, programFile("floor"), clip, String(mergeMs)], core);
  const port = await program.line((line) => (JSON.parse(line) as { port: number }).port);
  // Whatever the others are asked for, the floor is the least that any of them can cost: HTTP, not even in chunks.
  return {
    program,
    publishUrl: undefined,
    playUrl: () => `http://127.0.0.1:${port}/${STREAM}.flv`,
  };
}

function running(program: Program, http: number, rtmp: number): Running {
  const rtmpUrl = `rtmp://127.0.0.1:${rtmp}/${STREAM}`;
  return {
    program,
    publishUrl: rtmpUrl,
    playUrl(protocol) {
      if (protocol === "rtmp") return rtmpUrl;
      return `${protocol === "ws" ? "ws" : "http"}://127.0.0.1:${http}/${STREAM}.flv`;
    },
  };
}

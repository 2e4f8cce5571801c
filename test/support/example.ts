import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { transform } from "esbuild";
import { publishWithFfmpeg } from "./ffmpeg.js";
import { killPrograms } from "./program.js";
import { until } from "./until.js";

/**
 * Examples have the ports that people would choose. Loaded before one, this gives every listener a free port on
 * loopback instead, and says which.
 */
const ANY_PORT = `data:text/javascript,${encodeURIComponent(`
  import { Server } from "node:net";
  const { listen } = Server.prototype;
  Server.prototype.listen = function (first, ...rest) {
    const wanted = typeof first === "object" ? first.port : first;
    const done = rest.find((value) => typeof value === "function");
    this.once("listening", () => process.stderr.write("port " + wanted + " is " + this.address().port + "\\n"));
    return listen.call(this, { port: 0, host: "127.0.0.1" }, done);
  };
`)}`;

/** An example at work, as a process of its own. */
export interface Example {
  readonly child: ChildProcess;
  readonly stdout: string;
  /** The port it really has where it asked for this one. */
  port(wanted: number): Promise<number>;
  /** SIGTERM; settles with the exit code, or the signal's name where it died of that. */
  stop(): Promise<number | string>;
}

const running = new Set<ChildProcess>();

/** @param name such as `express` */
export async function startExample(name: string): Promise<Example> {
  const { code } = await transform(await readFile(`examples/${name}.ts`, "utf8"), {
    loader: "ts",
    format: "esm",
  });
  // Below the repository, so that "sluice" is the package that was built here.
  const program = `.cache/examples/${name}.js`;
  await mkdir(".cache/examples", { recursive: true });
  await writeFile(program, code);
  return watch(spawnNode("--import", ANY_PORT, program));
}

/** As examples/README.md says for Node 20. */
export function startExampleWithRunTs(name: string): Example {
  return watch(spawnNode("scripts/run-ts.mjs", `--import=${ANY_PORT}`, `examples/${name}.ts`));
}

/** Publishes the demo clip over and over. */
export function startPush(rtmpPort: number, key: string): void {
  publishWithFfmpeg("assets/demo.flv", `rtmp://127.0.0.1:${rtmpPort}/${key}`, ["-stream_loop", "-1"]);
}

export async function endProcesses(): Promise<void> {
  const gone = [...running].map((child) => once(child, "close"));
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([...gone, killPrograms()]);
}

export function textOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve(text)).on("error", reject);
    }).on("error", reject);
  });
}

function spawnNode(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

function watch(child: ChildProcess): Example {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    child,
    get stdout() {
      return stdout;
    },
    async port(wanted) {
      const said = (): RegExpExecArray | null => new RegExp(`^port ${wanted} is (\\d+)$`, "m").exec(stderr);
      await until(() => said() !== null || ended());
      const port = said()?.[1];
      if (port === undefined)
        throw new Error(`it ended before it listened on ${wanted}:\n${stdout}${stderr}`);
      return Number(port);
    },
    async stop() {
      if (!ended()) {
        const gone = once(child, "close");
        child.kill("SIGTERM");
        await gone;
      }
      return child.exitCode ?? child.signalCode ?? "";
    },
  };
}

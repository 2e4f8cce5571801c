import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
/** The path of the program: the package has no types. */
const { default: workerd } = require("workerd") as { readonly default: string };

/** A worker in Cloudflare's runtime, on loopback. */
export interface Workerd {
  readonly port: number;
  /** What it has said on standard error so far. */
  readonly complaints: string;
  close(): Promise<void>;
}

/**
 * Runs the `worker.ts` of a folder by the `config.capnp` beside it.
 *
 * @param env the environment that the configuration takes its bindings from
 */
export async function startWorkerd(folder: string, env: Readonly<Record<string, string>>): Promise<Workerd> {
  const work = mkdtempSync(path.join(tmpdir(), "sluice-workerd-"));
  cpSync(folder, work, { recursive: true });
  await build({
    entryPoints: [`${folder}/worker.ts`],
    outfile: `${work}/worker.js`,
    bundle: true,
    format: "esm",
    logLevel: "warning",
  });
  const child = spawn(
    workerd,
    ["serve", `${work}/config.capnp`, "--socket-addr", "http=127.0.0.1:0", "--control-fd", "1"],
    { env, stdio: ["ignore", "pipe", "pipe"] },
  );
  const gone = once(child, "close");
  let said = "";
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const listening = /"event":"listen".*?"port":(\d+)/.exec(said);
      if (listening !== null) resolve(Number(listening[1]));
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`workerd ended: ${complaints}`)));
  });
  return {
    port,
    get complaints() {
      return complaints;
    },
    async close() {
      child.kill("SIGKILL");
      await gone;
      rmSync(work, { recursive: true });
    },
  };
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { type Program, run } from "./program.js";
import { until } from "./until.js";

const NGINX = "/usr/sbin/nginx";
const PID_FILE = "nginx.pid";
const ATTEMPTS = 5;

/** The nginx configuration that docs/proxies.md tells users to take. */
export function documentedConfig(): string {
  const config = /^## nginx$.*?^```nginx\n(.*?)^```$/ms.exec(readFileSync("docs/proxies.md", "utf8"))?.[1];
  if (config === undefined) throw new Error("docs/proxies.md has no nginx configuration");
  return config;
}

export interface Nginx {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Runs Debian's nginx in the foreground with everything of it in one folder.
 *
 * @param http what stands in `http { … }`, made for the port it is to listen on
 */
export async function startNginx(folder: string, http: (port: number) => string): Promise<Nginx> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "nginx.conf");
  for (let attempt = 1; ; attempt++) {
    // nginx cannot pick one; until it listens, another process may take the port.
    const port = await freePort();
    writeFileSync(file, wrap(folder, http(port)));
    const program = run(NGINX, ["-p", folder, "-c", file, "-e", path.join(folder, "error.log")]);
    if (await listens(program, path.join(folder, PID_FILE))) {
      return {
        port,
        async stop() {
          // The master tells its worker; kill -9 would leave it behind.
          program.child.kill("SIGTERM");
          await program.output;
        },
      };
    }
    if (attempt === ATTEMPTS) {
      throw new Error(`nginx does not start: ${readFileSync(path.join(folder, "error.log"), "utf8")}`);
    }
  }
}

function wrap(folder: string, http: string): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `  ${kind}_temp_path ${path.join(folder, kind)};`,
  );
  return `daemon off;
pid ${path.join(folder, PID_FILE)};
worker_processes 1;
${process.getuid?.() === 0 ? "user root;\n" : ""}events {}
http {
  access_log off;
${temp.join("\n")}
${http}
}
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
      });
    });
  });
}

/** Whether it has the port: it writes its process id then. False when it has given up. */
async function listens(program: Program, pidFile: string): Promise<boolean> {
  let ended = false;
  program.output.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  await until(() => ended || existsSync(pidFile));
  return !ended;
}

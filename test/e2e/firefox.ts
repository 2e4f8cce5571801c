import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import WebSocket from "ws";

/** A tab. Functions run in the page: all they need is their argument, and both it and the result are JSON. */
export interface FirefoxPage {
  evaluate<T, A>(run: (argument: A) => T, argument?: A): Promise<Awaited<T>>;
  /** Asks over and over until the answer is truthy. */
  waitForFunction<A>(ask: (argument: A) => unknown, argument?: A): Promise<void>;
  /** Imports a module of the page's origin: Vitest would make another thing of an `import()` in a function. */
  importTo(name: string, url: string): Promise<void>;
  close(): Promise<void>;
}

export interface Firefox {
  open(url: string): Promise<FirefoxPage>;
  close(): Promise<void>;
}

/** On top of what Firefox sets by itself where it is driven from outside (remote.prefs.recommended). */
const PREFERENCES = {
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  // Nothing over the network but what the test asks for.
  "media.gmp-manager.updateEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,",
};
const ASK_EVERY_MS = 50;

/** Debian's Firefox, driven by WebDriver BiDi (W3C) over its own WebSocket. */
export async function launchFirefox(): Promise<Firefox> {
  const profile = await mkdtemp(path.join(tmpdir(), "sluice-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([k, v]) => `user_pref("${k}", ${JSON.stringify(v)});\n`);
  await writeFile(path.join(profile, "user.js"), lines.join(""));
  const flags = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  const child = spawn("firefox-esr", flags, {
    env: { ...process.env, HOME: profile },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const gone = once(child, "close");
  async function end(): Promise<void> {
    child.kill("SIGKILL");
    await gone;
    // Processes of its own may still be writing their last.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  try {
    const connection = await connect(`${await addressOf(child)}/session`);
    await connection.send("session.new", { capabilities: {} });
    return {
      async open(url) {
        const { context } = await connection.send("browsingContext.create", { type: "tab" });
        await connection.send("browsingContext.navigate", { context, url, wait: "complete" });
        return pageOf(connection, context as string);
      },
      async close() {
        await connection.send("browser.close", {});
        connection.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** What Firefox prints once it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(printed) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.once("error", reject);
    child.once("close", () => reject(new Error(`Firefox ended: ${printed}`)));
  });
}

interface Connection {
  send(method: string, params: object): Promise<Record<string, unknown>>;
  close(): void;
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address);
  await once(socket, "open");
  const waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  let sent = 0;
  socket.on("message", (text) => {
    const answer = JSON.parse(String(text)) as Record<string, unknown>;
    waiting.get(answer.id as number)?.(answer);
    waiting.delete(answer.id as number);
  });
  return {
    send: (method, params) =>
      new Promise((resolve, reject) => {
        sent += 1;
        waiting.set(sent, ({ type, result, error, message }) => {
          if (type === "success") resolve(result as Record<string, unknown>);
          else reject(new Error(`${method}: ${error}: ${message}`));
        });
        socket.send(JSON.stringify({ id: sent, method, params }));
      }),
    close: () => socket.terminate(),
  };
}

function pageOf(connection: Connection, context: string): FirefoxPage {
  function evaluate<T, A>(run: (argument: A) => T, argument?: A): Promise<Awaited<T>> {
    return call(`(${run})(${JSON.stringify(argument)})`);
  }
  async function call<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await connection.send("script.evaluate", {
      expression: `(async () => JSON.stringify(await ${expression}))()`,
      target: { context },
      awaitPromise: true,
      // As of a click: playback with sound is allowed.
      userActivation: true,
    })) as { result?: { value?: string }; exceptionDetails?: { text: string } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return (result?.value === undefined ? undefined : JSON.parse(result.value)) as T;
  }
  return {
    evaluate,
    async waitForFunction(ask, argument) {
      while (!(await evaluate(ask, argument))) {
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
      }
    },
    importTo: (name, url) => call(`import(${JSON.stringify(url)}).then((all) => { window.${name} = all; })`),
    async close() {
      await connection.send("browsingContext.close", { context });
    },
  };
}

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { until } from "../../test/support/until.js";
import { type Child, type ChildInit, feed, runChild } from "./process.js";

const NO_LIMITS = { timeoutMs: 0, stallTimeoutMs: 0, memoryBytes: 0 };

function sh(script: string, init: Partial<ChildInit> = {}): Child {
  const { signal } = new AbortController();
  return runChild({ name: "sh", command: "sh", args: ["-c", script], signal, ...NO_LIMITS, ...init });
}

function node(script: string, init: Partial<ChildInit> = {}): Child {
  return sh("", { name: "node", command: process.execPath, args: ["-e", script], ...init });
}

async function text(child: Child): Promise<string> {
  let all = "";
  for await (const bytes of child.stdout) all += Buffer.from(bytes).toString();
  return all;
}

/** A number that the program prints first. */
async function firstNumber(child: Child): Promise<number> {
  for await (const bytes of child.stdout) return Number(Buffer.from(bytes).toString().trim());
  throw new Error("it said nothing");
}

/** Whether it runs: one that nobody has reaped yet does not. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}

describe("a program", () => {
  it("is given its arguments and its input as they are, and tells how it ended", async () => {
    const child = sh('printf %s "$1"; cat; echo oops >&2; exit 3', {
      args: ["-c", 'printf %s "$1"; cat; echo oops >&2; exit 3', "sh", "$(echo a) 'b' *"],
      stdin: true,
    });
    const fed = feed(child, slices("|in", "put"));
    expect(await text(child)).toBe("$(echo a) 'b' *|input");
    await fed;
    expect(await child.done).toEqual({ code: 3, signal: null, stderr: "oops\n" });
  });

  it("keeps the end of what it complains about", async () => {
    const child = node('process.stderr.write("x".repeat(1e6) + "the end")');
    expect(await text(child)).toBe("");
    const { stderr } = await child.done;
    expect(stderr.length).toBe(16 * 1024);
    expect(stderr.endsWith("the end")).toBe(true);
  });

  it("tells lines on descriptor 3, whole", async () => {
    const lines: string[] = [];
    const child = sh("printf 'a\\nb' >&3; printf 'c\\r\\n' >&3", { onLine: (line) => lines.push(line) });
    await child.done;
    await until(() => lines.length === 2);
    expect(lines).toEqual(["a", "bc"]);
  });

  it("is held back by who does not read, and ended by who stops", async () => {
    const lines: string[] = [];
    const script = "i=0; while head -c 65536 /dev/zero; do i=$((i+1)); echo $i >&3; done";
    const child = sh(script, { onLine: (line) => lines.push(line) });
    for await (const _ of child.stdout) {
      // The pipe and the stream's buffer are full before long.
      let seen = -1;
      while (seen !== lines.length) {
        seen = lines.length;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(lines.length).toBeLessThan(20);
      break;
    }
    const { signal } = await child.done;
    expect(signal).toBeNull();
    expect(isThere(child.pid ?? 0)).toBe(false);
  });

  it("that is not there is no engine", async () => {
    const child = runChild({
      name: "ffmpeg",
      command: "/nowhere/ffmpeg",
      args: [],
      signal: new AbortController().signal,
      ...NO_LIMITS,
    });
    await text(child).catch(() => {});
    await expect(child.done).rejects.toMatchObject({ code: "no-engine" });
  });

  it("takes no input once it has ended, and nobody waits for an input that never comes", async () => {
    const child = sh("exit 0", { stdin: true });
    async function* never(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise(() => {});
    }
    const fed = feed(child, never());
    await child.done;
    await fed;
    await child.write(new Uint8Array(1));
  });
});

describe("the end of a program", () => {
  it("comes with the signal, and takes whatever it started along", async () => {
    const stop = new AbortController();
    const child = sh("sleep 600 & echo $!; wait", { signal: stop.signal });
    const iterator = child.stdout[Symbol.asyncIterator]();
    const grandchild = Number(Buffer.from((await iterator.next()).value as Uint8Array).toString());
    expect(isThere(grandchild)).toBe(true);
    stop.abort();
    await expect(child.done).rejects.toMatchObject({ name: "AvError", code: "aborted" });
    await expect(iterator.next()).rejects.toMatchObject({ code: "aborted" });
    expect([isThere(child.pid ?? 0), isThere(grandchild)]).toEqual([false, false]);
  });

  it("takes those along that it leaves behind by itself", async () => {
    const child = sh("sleep 600 >&- 2>&- & echo $!");
    const left = await firstNumber(child);
    await child.done;
    expect(isThere(left)).toBe(false);
  });

  it("is forced where it does not want to", async () => {
    const stop = new AbortController();
    const child = node('process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6); console.log(1)', {
      signal: stop.signal,
    });
    const iterator = child.stdout[Symbol.asyncIterator]();
    await iterator.next();
    stop.abort();
    await expect(child.done).rejects.toMatchObject({ code: "aborted" });
    expect(isThere(child.pid ?? 0)).toBe(false);
  });

  it("is not begun after the signal", async () => {
    const child = sh("echo no", { signal: AbortSignal.abort() });
    expect(child.pid).toBeUndefined();
    await expect(child.done).rejects.toMatchObject({ code: "aborted" });
    await expect(text(child)).rejects.toMatchObject({ code: "aborted" });
  });

  it("comes after its time", async () => {
    const child = sh("exec sleep 600", { timeoutMs: 50 });
    await expect(child.done).rejects.toMatchObject({ code: "timeout", message: /limit of 0.05 s/ });
  });

  it("comes where nothing comes, but not while its reader takes time", async () => {
    const child = sh("echo a; exec sleep 600", { stallTimeoutMs: 150 });
    const iterator = child.stdout[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(isThere(child.pid ?? 0)).toBe(true);
    await expect(iterator.next()).rejects.toMatchObject({ code: "timeout" });
    await expect(child.done).rejects.toMatchObject({ code: "timeout", message: /nothing came for 0.15 s/ });
  });

  it.runIf(process.platform === "linux")("comes where it takes too much memory", async () => {
    const script = "const all = []; setInterval(() => all.push(Buffer.alloc(2e7, 1)), 5)";
    const child = node(script, { memoryBytes: 200 * 1024 * 1024, timeoutMs: 15_000 });
    await expect(child.done).rejects.toMatchObject({ code: "memory", message: /limit of 200 MiB/ });
    expect(isThere(child.pid ?? 0)).toBe(false);
  });
});

async function* slices(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const each of texts) yield Buffer.from(each);
}

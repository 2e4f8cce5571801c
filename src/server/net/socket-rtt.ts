import { execFile } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import type { Scheduler } from "../../hub/scheduler.js";
import type { TcpConnection } from "../contract/kernel-queues.js";

/** How long `ss` may take, and how much it may say: about 400 bytes a connection. */
const TIMEOUT_MS = 900;
const MAX_BYTES = 64 * 1024 * 1024;
/** Where there is no `ss`, it is looked for again after this. */
const RETRY_MS = 60_000;
const LINES_A_TURN = 500;

const run = promisify(execFile);

/** The round trips that the kernel measures of its TCP connections. */
export interface SocketRtts {
  /** Reads those of all connections. Never throws: where they are not to be had, there are none. */
  refresh(): Promise<void>;
  /** Smoothed, milliseconds. @param connection see `connectionKey` */
  rttMs(connection: string): number | undefined;
}

/** @param ask gets what `ss` says */
export function createSocketRtts(scheduler: Scheduler, ask: () => Promise<string> = askSs): SocketRtts {
  let rtts: ReadonlyMap<string, number> = new Map();
  let notBefore = Number.NEGATIVE_INFINITY;

  return {
    async refresh() {
      if (scheduler.now() < notBefore) return;
      const found = new Map<string, number>();
      try {
        let lines = 0;
        for (const line of (await ask()).split("\n")) {
          const read = parseSsLine(line);
          if (read !== undefined) found.set(read.key, read.rttMs);
          lines += 1;
          if (lines % LINES_A_TURN === 0) await setImmediate();
        }
      } catch {
        notBefore = scheduler.now() + RETRY_MS * 1000;
      }
      rtts = found;
    },
    rttMs: (connection) => rtts.get(connection),
  };
}

/** iproute2's: established TCP connections, numbers, what TCP knows of them, one line each without a head. */
async function askSs(): Promise<string> {
  const { stdout } = await run("ss", ["-HtinO", "state", "established"], {
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_BYTES,
    // Nothing of ours is meant for it.
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  });
  return stdout;
}

/** `RECEIVE-Q SEND-Q LOCAL:PORT PEER:PORT … rtt:SMOOTHED/VARIANCE …`, milliseconds; IPv6 addresses in brackets. */
const LINE = /^\d+ +\d+ +(\S+):(\d+) +(\S+):(\d+) .*?\brtt:(\d+(?:\.\d+)?)\//;

/** The connection of a line of `ss -HtinO state established` and its round trip; undefined for any other line. */
export function parseSsLine(line: string): { readonly key: string; readonly rttMs: number } | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, local = "", localPort = "", remote = "", remotePort = "", rtt = ""] = match;
  return { key: `${bare(local)} ${localPort} ${bare(remote)} ${remotePort}`, rttMs: Number(rtt) };
}

/** What a connection is called in here. */
export function connectionKey({ localAddress, localPort, remoteAddress, remotePort }: TcpConnection): string {
  return `${bare(localAddress)} ${localPort} ${bare(remoteAddress)} ${remotePort}`;
}

/** Without brackets, and without the interface that a link-local address is on. */
function bare(address: string): string {
  return address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
}

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { until } from "./until.js";

/** A span as the receiver has decoded it. Ids in hexadecimal digits, times in nanoseconds as digits. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a span that begins a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly startNanos: string;
  readonly endNanos: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: string; readonly message: string };
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
}

/** A collector in a process of its own. */
export interface OtlpReceiver {
  /** What `otlp.endpoint` is set to. */
  readonly endpoint: string;
  readonly spans: readonly ReceivedSpan[];
  /** What it could not take, as it says. */
  readonly refused: readonly string[];
  close(): void;
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const child = spawn(process.execPath, ["test/support/otlp-receiver.mjs"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const spans: ReceivedSpan[] = [];
  const refused: string[] = [];
  let port: number | undefined;
  createInterface(child.stdout).on("line", (text) => {
    const line = JSON.parse(text) as { port?: number; refused?: string } & ReceivedSpan;
    if (line.port !== undefined) port = line.port;
    else if (line.refused !== undefined) refused.push(line.refused);
    else spans.push(line);
  });
  await until(() => port !== undefined || child.exitCode !== null);
  if (port === undefined) throw new Error("the OTLP receiver did not start");
  return { endpoint: `http://127.0.0.1:${port}`, spans, refused, close: () => child.stdin.end() };
}

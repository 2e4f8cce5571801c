import type { IncomingMessage, ServerResponse } from "node:http";
import type { Qos } from "../qos/collector.js";
import { type QosSnapshot, sessionQos, streamQos, type ViewerRow } from "../qos/snapshot.js";
import { WINDOW_MS } from "../qos/viewer-quality.js";
import type { Fellows } from "./fellows.js";
import { type OpsRoutes, replyText } from "./ops-server.js";
import { goneSignal, readQuery } from "./profile-routes.js";
import { encodeQos } from "./qos-profile.js";

export interface QosRoutesInit {
  readonly qos: Qos;
  readonly fellows: Fellows | undefined;
  /** Microseconds since the Unix epoch. */
  readonly wall: () => number;
}

/** `/debug/pprof/qos`: how viewers fare, as a profile, or with `?format=json` as numbers. */
export function qosRoutes(init: QosRoutesInit): OpsRoutes {
  return { "/debug/pprof/qos": (request, response) => answer(init, request, response) };
}

async function answer(
  { qos, fellows, wall }: QosRoutesInit,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const format = readQuery(request).get("format") ?? "pprof";
  if (format !== "pprof" && format !== "json") {
    replyText(response, 400, "format must be pprof or json.\n");
    return;
  }
  const signal = goneSignal(response);
  const [own, others] = await Promise.all([
    qos.rows(),
    fellows === undefined ? [] : rowsOf(await fellows.record({ what: "qos", seconds: 0 }, signal)),
  ]);
  if (signal.aborted) return;
  const rows = [...own, ...others];
  if (format === "json") {
    const sessions = rows.map(sessionQos);
    const snapshot: QosSnapshot = {
      at: wall(),
      window_ms: WINDOW_MS,
      streams: streamQos(sessions),
      sessions,
    };
    replyText(response, 200, JSON.stringify(snapshot), "application/json");
    return;
  }
  const bytes = await encodeQos(rows, wall());
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": bytes.length,
    "Content-Disposition": 'attachment; filename="qos.pb.gz"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(bytes);
}

/** What the workers told; one that could not is left out. */
function rowsOf(recorded: Awaited<ReturnType<Fellows["record"]>>): readonly ViewerRow[] {
  return recorded.flatMap((each) => {
    if (!("bytes" in each)) return [];
    const rows = JSON.parse(Buffer.from(each.bytes).toString()) as readonly ViewerRow[];
    return rows.map((row) => ({ ...row, worker: each.worker }));
  });
}

import { describe, expect, it } from "vitest";
import type { Drop } from "../../hub/sink.js";
import type { QualityChange, SessionInfo } from "../contract/session.js";
import { createWorkerSessions } from "./worker-sessions.js";

const session = (id: string, action: "play" | "publish", name = "a") =>
  ({ id, action, app: "live", name }) as SessionInfo;

function stage() {
  const told: string[] = [];
  const viewers = new Map<string, number>();
  const sessions = createWorkerSessions(
    {
      viewer(name, change) {
        viewers.set(name, (viewers.get(name) ?? 0) + change);
      },
    },
    {
      onBegin: ({ id }) => told.push(`begin ${id}`),
      onEnd: ({ id }, reason) => told.push(`end ${id} ${reason}`),
      onDrop: ({ id }) => told.push(`drop ${id}`),
      onQuality: ({ id, name }, _change, from) => told.push(`quality ${id} ${from} ${name}`),
    },
  );
  return { sessions, told, viewers };
}

describe("the sessions of a worker", () => {
  it("count as viewers from their begin to their end, publishers do not", () => {
    const { sessions, told, viewers } = stage();
    sessions.hear({ kind: "begin", session: session("p", "publish") });
    sessions.hear({ kind: "begin", session: session("v", "play") });
    expect([...viewers]).toEqual([["live/a", 1]]);
    sessions.hear({ kind: "drop", session: session("v", "play"), drop: {} as Drop });
    sessions.hear({ kind: "end", session: session("v", "play"), reason: "client-closed" });
    sessions.hear({ kind: "end", session: session("v", "play"), reason: "client-closed" });
    expect([...viewers]).toEqual([["live/a", 0]]);
    expect(told).toEqual(["begin p", "begin v", "drop v", "end v client-closed"]);
  });

  it("are counted where they have been moved to", () => {
    const { sessions, told, viewers } = stage();
    sessions.hear({ kind: "begin", session: session("v", "play") });
    const moved = session("v", "play", "a_480p");
    sessions.hear({ kind: "quality", session: moved, change: {} as QualityChange, from: "a" });
    expect([...viewers]).toEqual([
      ["live/a", 0],
      ["live/a_480p", 1],
    ]);
    sessions.lose();
    expect(viewers.get("live/a_480p")).toBe(0);
    expect(told).toEqual(["begin v", "quality v a a_480p", "end v internal"]);
  });

  it("end as internal when it is lost, once, and not those that have ended", () => {
    const { sessions, told, viewers } = stage();
    for (const id of ["v", "w"]) sessions.hear({ kind: "begin", session: session(id, "play") });
    sessions.hear({ kind: "end", session: session("v", "play"), reason: "kicked" });
    sessions.lose();
    sessions.lose();
    expect(told.slice(2)).toEqual(["end v kicked", "end w internal"]);
    expect([...viewers]).toEqual([["live/a", 0]]);
  });
});

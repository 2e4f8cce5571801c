import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { createLogRecorder, type LogLine } from "../../../test/support/rtmp-server.js";
import type { AccessRequest, Authorize } from "../contract/access.js";
import { createAuthorizer } from "./authorize.js";

function request(signal: AbortSignal = new AbortController().signal): AccessRequest {
  return {
    action: "play",
    protocol: "http-flv",
    app: "live",
    name: "a",
    query: new URLSearchParams("token=secret"),
    remoteAddress: "127.0.0.1",
    userAgent: undefined,
    headers: {},
    sessionId: "s",
    traceparent: `00-${"ab".repeat(16)}-${"cd".repeat(8)}-00`,
    signal,
  };
}

function setUp(authorize: Authorize | undefined) {
  const scheduler = createFakeScheduler();
  const lines: LogLine[] = [];
  return { scheduler, lines, ask: createAuthorizer(authorize, 1000, scheduler, createLogRecorder(lines)) };
}

describe("the access check", () => {
  it("allows everything where nobody is asked", async () => {
    expect(await setUp(undefined).ask(request())).toEqual({ allowed: true });
  });

  it("takes a yes and a no, now or later, with or without a reason", async () => {
    const answers = [
      [true, { allowed: true }],
      [false, { allowed: false, reason: "not allowed" }],
      [{ allow: true }, { allowed: true }],
      [{ allow: false }, { allowed: false, reason: "not allowed" }],
      [Promise.resolve({ allow: false, reason: "expired" }), { allowed: false, reason: "expired" }],
    ] as const;
    for (const [answer, verdict] of answers) {
      const { ask, scheduler } = setUp(() => answer);
      expect(await ask(request())).toEqual(verdict);
      expect(scheduler.pending).toBe(0);
    }
  });

  it.each([undefined, null, 1, "true", {}, { allow: 1 }])("takes %j for a no", async (answer) => {
    const { ask, lines } = setUp(() => answer as never);
    expect(await ask(request())).toEqual({ allowed: false, reason: "authorize failed" });
    expect(lines.map(({ level }) => level)).toEqual(["error"]);
    // What is in an address may be a password.
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("takes what is thrown, now or later, for a no", async () => {
    for (const authorize of [
      () => {
        throw new Error("x");
      },
      () => Promise.reject(new Error("x")),
    ]) {
      expect(await setUp(authorize).ask(request())).toMatchObject({ allowed: false });
    }
  });

  it("does not wait forever, and says so to who thinks", async () => {
    let told: AbortSignal | undefined;
    const { ask, scheduler, lines } = setUp(({ signal }) => {
      told = signal;
      return new Promise(() => {});
    });
    const verdict = ask(request());
    scheduler.advance(999);
    expect(told?.aborted).toBe(false);
    scheduler.advance(1);
    expect(await verdict).toEqual({ allowed: false, reason: "no answer in time" });
    expect(told?.aborted).toBe(true);
    expect(lines).toMatchObject([{ level: "warn", fields: { session: "s", app: "live", name: "a" } }]);
  });

  it("gives up with the peer", async () => {
    const gone = new AbortController();
    const { ask, scheduler } = setUp(() => new Promise(() => {}));
    const verdict = ask(request(gone.signal));
    gone.abort("client-closed");
    expect(await verdict).toMatchObject({ allowed: false });
    expect(scheduler.pending).toBe(0);
    expect(await ask(request(gone.signal))).toMatchObject({ allowed: false });
    expect(scheduler.pending).toBe(0);
  });
});

import { expect, it } from "vitest";
import { createForwardingLogger } from "./forwarding-logger.js";
import type { WorkerPost } from "./messages.js";

it("hands on lines from its level up, with what can cross to another process", () => {
  const lines: (WorkerPost & { readonly kind: "log" })[] = [];
  const log = createForwardingLogger("info", (line) => lines.push(line)).child({ stream: "a" });
  const error = Object.assign(new TypeError("no"), { code: "EPIPE" });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  log.debug({}, "unread");
  log.error(
    { err: error, call: () => {}, circle, list: [1, { at: 2n ** 3n > 7n }], none: undefined },
    "failed",
  );
  expect(lines).toHaveLength(1);
  const [line] = structuredClone(lines);
  expect(line).toMatchObject({
    level: "error",
    message: "failed",
    fields: { stream: "a", pid: process.pid, circle: "[object Object]", list: [1, { at: true }] },
  });
  const { err } = (line?.fields ?? {}) as { err?: Error };
  expect(err).toBeInstanceOf(Error);
  expect(err?.message).toBe("no");
  expect(lines[0]?.fields).toMatchObject({ err: { name: "TypeError", code: "EPIPE" } });
});

it("is silent when nobody reads", () => {
  const log = createForwardingLogger("silent", () => expect.unreachable());
  log.error({}, "unread");
});

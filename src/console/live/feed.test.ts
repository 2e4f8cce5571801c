import fc from "fast-check";
import { expect, it } from "vitest";
import { FEED_TYPES, type FeedEvent, isTrouble, MAX_EVENTS, readEvent, withEvent } from "./feed.js";

const ended = {
  at: "2026-01-01T00:01:00.000Z",
  since: "2026-01-01T00:00:00.000Z",
  id: "x-1",
  app: "live",
  name: "a",
  action: "play",
  protocol: "http-flv",
  remoteAddress: "::1",
  reason: "too-slow",
  counters: { droppedFrames: 7 },
};

it("reads why a viewer ended", () => {
  const event = readEvent("session-ended", JSON.stringify(ended));
  expect(event).toMatchObject({
    stream: "live/a",
    session: "x-1",
    reason: "too-slow",
    lasted: 60_000,
    droppedFrames: 7,
    action: "play",
  });
  expect(isTrouble(event as FeedEvent)).toBe(true);
  expect(isTrouble({ ...(event as FeedEvent), reason: "client-closed" })).toBe(false);
});

it("makes of anything an event whose fields are what they say, or none", () => {
  const data = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ at: fc.jsonValue(), app: fc.jsonValue(), counters: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...FEED_TYPES), data, (type, text) => {
      const event = readEvent(type, text);
      if (event === undefined) return;
      expect([typeof event.stream, typeof event.at]).toEqual(["string", "string"]);
      for (const field of ["session", "reason", "remoteAddress", "from", "to"] as const)
        expect(["string", "undefined"]).toContain(typeof event[field]);
      for (const field of ["lasted", "droppedFrames", "ms"] as const)
        expect(event[field] === undefined || Number.isFinite(event[field])).toBe(true);
    }),
  );
});

it("keeps the newest", () => {
  let events: readonly FeedEvent[] = [];
  for (let i = 0; i < MAX_EVENTS + 50; i++) {
    const event = readEvent("session-ended", JSON.stringify({ ...ended, id: `${i}` }));
    if (event !== undefined) events = withEvent(events, event);
  }
  expect(events.length).toBe(MAX_EVENTS);
  expect(events[0]?.session).toBe("50");
});

import { describe, expect, it } from "vitest";
import { AUDIO, VIDEO } from "../../../test/support/synthetic-live.js";
import { eventSchemas } from "../api/schemas.js";
import type { SessionInfo } from "../contract/session.js";
import type { StreamInfo } from "../stream-info.js";
import { EventLog } from "./event-log.js";
import { createTeller } from "./teller.js";

const STREAM: StreamInfo = {
  key: "live/a",
  app: "live",
  name: "a",
  live: true,
  tracks: [VIDEO, AUDIO],
  codecs: [VIDEO.config.codec, AUDIO.config.codec],
  metadata: { encoder: "an encoder" },
  since: 1_700_000_000_000_000,
  viewers: 1,
  packets: 2,
  bytes: 3,
};
const SESSION: SessionInfo = {
  id: "s",
  protocol: "http-flv",
  remoteAddress: "192.0.2.1",
  userAgent: undefined,
  since: 1_700_000_000_000_000,
  action: "play",
  app: "live",
  name: "a",
  firstFrameMs: 12,
  adapted: {
    asked: "room",
    rendition: undefined,
    bitrate: undefined,
    device: "mobile",
    reasons: ["not live: the stream itself"],
  },
  report: undefined,
  counters: { bytesIn: 0, bytesOut: 9, packetsIn: 0, undecodable: 0, droppedFrames: 5, droppedMs: 200 },
};

function told(log: EventLog): readonly { type: string; data: Record<string, unknown> }[] {
  return log.news.records.map(({ type, data }) => ({
    type,
    data: JSON.parse(data) as Record<string, unknown>,
  }));
}

describe("what is told", () => {
  it("is what the API's document says, of every type", () => {
    const admin = new EventLog("a");
    const teller = createTeller(admin, new EventLog("v"), () => 1_700_000_000_000_000);
    teller.streamBegun(STREAM);
    teller.streamTracks(STREAM);
    teller.sessionBegun({ ...SESSION, firstFrameMs: undefined });
    teller.dropped(SESSION, { cause: "transport", frames: 5, bytes: 1_000, ms: 199.5 });
    teller.quality({ session: "s", app: "live", name: "a", from: "720p", to: "360p", cause: "bandwidth" });
    teller.sessionEnded(SESSION, "too-slow");
    teller.streamEnded(STREAM, "client-closed");
    const events = told(admin);
    expect(events.map(({ type }) => type)).toEqual([
      "stream-begun",
      "stream-tracks",
      "session-begun",
      "drop",
      "quality",
      "session-ended",
      "stream-ended",
    ]);
    for (const { type, data } of events)
      expect(eventSchemas[type as keyof typeof eventSchemas].strict().parse(data)).toEqual(data);
    expect(events[3]?.data).toMatchObject({ session: "s", frames: 5, droppedFrames: 5, droppedMs: 200 });
  });

  it("is to everybody what can be watched, and nobody's address", () => {
    const visible = new EventLog("v");
    const teller = createTeller(new EventLog("a"), visible, () => 0);
    teller.streamBegun(STREAM);
    teller.sessionBegun(SESSION);
    teller.streamTracks(STREAM);
    teller.streamTracks({ ...STREAM, tracks: [AUDIO], codecs: ["mp4a.40.2"] });
    teller.streamEnded(STREAM, "kicked");
    // One that never got so far as to be watched.
    teller.streamBegun({ ...STREAM, key: "live/b", name: "b" });
    teller.streamEnded({ ...STREAM, key: "live/b", name: "b" }, "client-closed");
    const events = told(visible);
    expect(events.map(({ type }) => type)).toEqual(["stream-begun", "stream-changed", "stream-ended"]);
    expect(events[0]?.data).toMatchObject({ app: "live", name: "a", width: VIDEO.config.codedWidth });
    expect(events[2]?.data).toEqual({ app: "live", name: "a" });
    expect(JSON.stringify(events)).not.toMatch(/192\.0\.2\.1|kicked/);
  });
});

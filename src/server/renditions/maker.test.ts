import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type HubStage, hubStage } from "../../../test/support/hub-stage.js";
import { createLogRecorder, type LogLine } from "../../../test/support/rtmp-server.js";
import { audioTrack, packet, videoTrack } from "../../../test/support/toy-format.js";
import { createTracer, type FinishedSpan } from "../observe/trace/tracer.js";
import type { EncoderEnd, EncoderInit } from "./encoder.js";
import { createMaker, type Maker } from "./maker.js";

const LOW = { name: "480p", bitrate: 1_200_000 };
const LOWER = { name: "240p", bitrate: 400_000 };
const NAME = "live/room_480p";

/** An encoder that a test ends. */
interface Encoding {
  readonly init: EncoderInit;
  end(end: EncoderEnd): void;
  fail(): void;
}

interface Stage extends HubStage {
  readonly maker: Maker;
  readonly encodings: Encoding[];
  readonly lines: LogLine[];
  readonly spans: FinishedSpan[];
  /** Lets all that was promised happen. */
  settle(): Promise<void>;
  /** Lets time pass, and what it brings. */
  pass(ms: number): Promise<void>;
}

function stage(maxEncoders = 4): Stage {
  const made = hubStage();
  const { hub, scheduler } = made;
  const encodings: Encoding[] = [];
  const lines: LogLine[] = [];
  const spans: FinishedSpan[] = [];
  let jobs = 0;
  const maker = createMaker({
    hub,
    scheduler,
    log: createLogRecorder(lines),
    tracer: createTracer((bytes) => "ab".repeat(bytes), {
      clock: scheduler.wall,
      sampleRatio: 1,
      record: (span) => spans.push(span),
    }),
    newId: () => `job-${++jobs}`,
    renditions: [LOW, LOWER],
    maxEncoders,
    program: "ffmpeg",
    hardware: "none",
    publish: async (name, init) => hub.publish(name, init),
    encode: (init) =>
      new Promise((resolve, reject) => {
        encodings.push({ init, end: resolve, fail: () => reject(new Error("it failed")) });
        init.signal.addEventListener("abort", () => resolve("source"));
      }),
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      await setImmediate();
      scheduler.turn();
    }
  };
  return {
    ...made,
    maker,
    encodings,
    lines,
    spans,
    settle,
    async pass(ms) {
      await settle();
      for (let at = 0; at < ms; at += 500) {
        scheduler.advance(500);
        await settle();
      }
    },
  };
}

/** What the encoder does once it has something to publish. */
async function publishMade({ init }: Encoding) {
  const publisher = await init.publish({ madeFrom: init.source.name });
  publisher.describe({}, { video: true, audio: false });
  publisher.track(videoTrack(1));
  publisher.write(packet(videoTrack(1), 0, { key: true }));
  return publisher;
}

const messages = (lines: readonly LogLine[], level: string) =>
  lines.filter((line) => line.level === level).map(({ message }) => message);

describe("a rendition that is made on demand", () => {
  it("can be made of what is live and has a picture, under its own name only", () => {
    const { maker, publish } = stage();
    expect(maker.can(NAME)).toBe(false);
    publish([audioTrack()], "live/sound");
    publish([videoTrack()], "live/room");
    expect(["live/room_480p", "live/room_240p"].map(maker.can)).toEqual([true, true]);
    const not = [
      "live/room",
      "live/room_720p",
      "live/sound_480p",
      "live/_480p",
      "live/room_480p_240p",
      "_480p",
      "",
    ];
    expect(not.map(maker.can)).toEqual(not.map(() => false));
    for (const name of not) maker.want(name);
    expect(maker.can(NAME)).toBe(true);
  });

  it("begins with the first who wants it, once, and ends ten seconds after the last", async () => {
    const { maker, publish, encodings, pass, settle, join, lines, hub } = stage();
    publish([videoTrack()], "live/room");
    maker.want(NAME);
    maker.want(NAME);
    await settle();
    expect(encodings.map(({ init }) => [init.source.name, init.rendition])).toEqual([["live/room", LOW]]);
    await publishMade(encodings[0] as Encoding);
    const viewer = join({}, NAME);
    await pass(60_000);
    expect(encodings[0]?.init.signal.aborted).toBe(false);
    viewer.subscriber.close("aborted");
    await pass(9_000);
    expect(encodings[0]?.init.signal.aborted).toBe(false);
    await pass(2_000);
    expect(encodings[0]?.init.signal.aborted).toBe(true);
    expect(messages(lines, "info")).toEqual(["making a rendition", "a rendition is not made any more"]);
    expect(maker.can(NAME)).toBe(true);
    expect(hub.stream(NAME)?.publisher?.ended).toBe(false);
  });

  it("is a job with a span for each run of the encoder, by which its log lines are found", async () => {
    const { maker, publish, encodings, pass, settle, lines, spans } = stage();
    publish([videoTrack()], "live/room");
    maker.want(NAME);
    await settle();
    encodings[0]?.fail();
    await pass(2_000);
    encodings[1]?.end("taken");
    await settle();
    expect(spans).toMatchObject([
      {
        name: "transcode",
        attributes: { "sluice.stream": NAME, "sluice.source": "live/room", media_job_id: "job-1" },
        failure: { reason: "transcode-failed", detail: "it failed" },
      },
      { attributes: { media_job_id: "job-2" }, events: [{ attributes: { "sluice.reason": "taken" } }] },
    ]);
    const ofJobs = lines.map(({ fields }) => [fields.media_job_id, fields.span_id]);
    const ids = spans.map(({ attributes, context }) => [attributes.media_job_id, context.spanId]);
    expect(ofJobs).toEqual([ids[0], ids[0], ids[1], ids[1]]);
  });

  it("is left to who sends it", async () => {
    const { maker, publish, encodings, settle, events } = stage();
    publish([videoTrack()], "live/room");
    publish([videoTrack()], NAME);
    maker.want(NAME);
    await settle();
    expect(encodings).toHaveLength(0);
    maker.want("live/room_240p");
    await settle();
    const made = await publishMade(encodings[0] as Encoding);
    publish([videoTrack()], "live/room_240p");
    expect(made.ended).toBe(true);
    expect(events.at(-1)).toContain("tracks live/room_240p");
    encodings[0]?.end("taken");
    await settle();
    expect(encodings).toHaveLength(1);
  });

  it("begins anew when its source has changed, and when that comes back for viewers that were kept", async () => {
    const { maker, publish, encodings, settle, pass, join } = stage();
    const source = publish([videoTrack()], "live/room");
    maker.want(NAME);
    await settle();
    const made = await publishMade(encodings[0] as Encoding);
    join({}, NAME);
    encodings[0]?.end("changed");
    await settle();
    expect(encodings).toHaveLength(2);
    source.publisher.end("client-closed");
    made.end("unpublished");
    encodings[1]?.end("source");
    await pass(6_500);
    expect(encodings).toHaveLength(2);
    publish([videoTrack()], "live/room");
    await settle();
    expect(encodings).toHaveLength(3);
  });

  it("is tried three times, complained of once, and then left alone for a minute", async () => {
    const { maker, publish, encodings, settle, pass, lines } = stage();
    publish([videoTrack()], "live/room");
    maker.want(NAME);
    await settle();
    encodings[0]?.fail();
    await pass(500);
    expect(encodings).toHaveLength(1);
    await pass(500);
    expect(encodings).toHaveLength(2);
    encodings[1]?.fail();
    await pass(2_500);
    encodings[2]?.fail();
    await settle();
    expect(encodings).toHaveLength(3);
    expect(messages(lines, "error")).toEqual(["making a rendition failed"]);
    expect(messages(lines, "warn")).toEqual(["a rendition is left unmade for a while"]);
    expect(maker.can(NAME)).toBe(false);
    maker.want(NAME);
    await pass(59_000);
    expect([encodings.length, maker.can(NAME), maker.can("live/room_240p")]).toEqual([3, false, true]);
    await pass(2_000);
    expect(maker.can(NAME)).toBe(true);
  });

  it("has a bound on how many there are, and leaves nothing when it closes", async () => {
    const { maker, publish, encodings, settle, scheduler, hub } = stage(1);
    publish([videoTrack()], "live/room");
    maker.want(NAME);
    maker.want("live/room_240p");
    await settle();
    expect([encodings.length, maker.can(NAME), maker.can("live/room_240p")]).toEqual([1, true, false]);
    await maker.close();
    await maker.close();
    expect(encodings[0]?.init.signal.aborted).toBe(true);
    expect([maker.can(NAME), maker.can("live/room_240p")]).toEqual([false, false]);
    hub.close();
    scheduler.turn();
    expect(scheduler.pending).toBe(0);
  });
});

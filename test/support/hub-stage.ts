import { expect } from "vitest";
import { Hub } from "../../src/hub/hub.js";
import type { HubOptions } from "../../src/hub/options.js";
import type { Publisher } from "../../src/hub/publisher.js";
import type { SubscribeRequest } from "../../src/hub/stream.js";
import type { Subscriber } from "../../src/hub/subscriber.js";
import type { AudioTrack, Track, VideoTrack } from "../../src/media/model/track.js";
import { createFakeScheduler, type FakeScheduler } from "./fake-scheduler.js";
import { type RecordingSink, recordingSink } from "./recording-sink.js";
import { audioTrack, packet, toyFormat, videoTrack } from "./toy-format.js";

/** A hub with a clock, errors and events to look at. */
export interface HubStage {
  readonly hub: Hub;
  readonly scheduler: FakeScheduler;
  readonly errors: unknown[];
  readonly events: string[];
  /** A publisher of picture and sound, announced. */
  publish(tracks?: readonly Track[], name?: string): Source;
  /** A reader with a recording sink. */
  join(request?: Partial<SubscribeRequest>, name?: string): Reader;
}

export interface Reader {
  readonly sink: RecordingSink;
  readonly subscriber: Subscriber;
}

/** Writes packets whose data says what they are: `V0` is a key frame, `v1` the next frame, `a0` sound. */
export interface Source {
  readonly publisher: Publisher;
  video: VideoTrack;
  audio: AudioTrack;
  /** On its own clock, milliseconds. */
  clock: number;
  key(): void;
  frame(): void;
  sound(): void;
  /** A key frame, then frames of 40 ms, each with sound if there has been any or it was announced. */
  group(frames: number): void;
}

export const TOY = toyFormat();

export function hubStage(options: Partial<HubOptions> = {}): HubStage {
  const scheduler = createFakeScheduler();
  const errors: unknown[] = [];
  const events: string[] = [];
  const hub = new Hub(options, scheduler, (error) => errors.push(error));
  hub.on("publish", ({ stream }) => events.push(`publish ${stream.name}`));
  hub.on("tracks", ({ stream }) =>
    events.push(`tracks ${stream.name} ${stream.tracks.map(({ config }) => config.codec).join("+")}`),
  );
  hub.on("unpublish", ({ stream, reason }) => events.push(`unpublish ${stream.name} ${reason}`));
  return {
    hub,
    scheduler,
    errors,
    events,
    publish: (tracks = [videoTrack(), audioTrack()], name = "live/a") =>
      source(hub.publish(name), tracks, scheduler),
    join(request = {}, name = "live/a") {
      const sink = (request.sink as RecordingSink | undefined) ?? recordingSink();
      const stream = hub.stream(name);
      if (stream === undefined) throw new Error(`no stream ${name}`);
      const subscriber = stream.subscribe({
        format: TOY,
        selection: { video: true, audio: true },
        ...request,
        sink,
      });
      return { sink, subscriber };
    },
  };
}

/** A stream with one group of pictures sent and one reader that has had it. */
export function watched(options: Partial<HubOptions> = {}): HubStage & { source: Source; reader: Reader } {
  const stage = hubStage(options);
  const source = stage.publish();
  source.group(2);
  const reader = stage.join();
  expect(reader.sink.log).toEqual(["[start 1:avc1.0 2:mp4a.0]", "V0", "a0", "v1", "a1"]);
  reader.sink.batches.length = 0;
  return { ...stage, source, reader };
}

function source(publisher: Publisher, tracks: readonly Track[], scheduler: FakeScheduler): Source {
  let videos = 0;
  let sounds = 0;
  let sounding = tracks.some(({ kind }) => kind === "audio");
  const made: Source = {
    publisher,
    video: tracks.find((track) => track.kind === "video") ?? videoTrack(),
    audio: tracks.find((track) => track.kind === "audio") ?? audioTrack(),
    clock: 0,
    key() {
      publisher.write(packet(made.video, made.clock, { key: true, data: `V${videos++}` }));
    },
    frame() {
      publisher.write(packet(made.video, made.clock, { data: `v${videos++}` }));
    },
    sound() {
      sounding = true;
      publisher.write(packet(made.audio, made.clock, { data: `a${sounds++}` }));
    },
    group(frames) {
      for (let i = 0; i < frames; i++) {
        if (i === 0) made.key();
        else made.frame();
        if (sounding) made.sound();
        made.clock += 40;
        scheduler.turn();
      }
    },
  };
  const kinds = new Set(tracks.map(({ kind }) => kind));
  publisher.describe({}, { video: kinds.has("video"), audio: kinds.has("audio") });
  for (const track of tracks) publisher.track(track);
  return made;
}

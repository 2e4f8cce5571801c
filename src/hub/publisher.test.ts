import { describe, expect, it } from "vitest";
import { createFakeScheduler, type FakeScheduler } from "../../test/support/fake-scheduler.js";
import { audioTrack, dataTrack, packet, text, videoTrack } from "../../test/support/toy-format.js";
import { HUB_DEFAULTS } from "./options.js";
import { Publisher } from "./publisher.js";

const video = videoTrack();
const audio = audioTrack();

interface Stage {
  readonly publisher: Publisher;
  readonly scheduler: FakeScheduler;
  readonly log: string[];
  /** Is called when the listener hears of the announcement, and of each packet. */
  onEvent: ((event: string) => void) | undefined;
}

function stage(): Stage {
  const scheduler = createFakeScheduler();
  const log: string[] = [];
  const hear = (event: string): void => {
    log.push(event);
    staged.onEvent?.(event);
  };
  const publisher = new Publisher(
    { onEnd: (reason) => log.push(`onEnd ${reason}`) },
    HUB_DEFAULTS,
    scheduler,
    {
      announced: () => hear(`announced ${publisher.tracks.map(({ kind }) => kind).join("+")}`),
      packet: ({ data }) => hear(text(data)),
      ended: (reason) => hear(`ended ${reason}`),
    },
  );
  const staged: Stage = { publisher, scheduler, log, onEvent: undefined };
  return staged;
}

describe("Publisher", () => {
  it("announces once picture and sound are known, and then passes on what it held", () => {
    const { publisher, log, scheduler } = stage();
    publisher.track(video);
    publisher.write(packet(video, 0, { key: true, data: "v0" }));
    expect(log).toEqual([]);
    publisher.write(packet(audio, 0, { data: "a0" }));
    publisher.write(packet(video, 40, { data: "v1" }));
    expect(log).toEqual(["announced video+audio", "v0", "a0", "v1"]);
    expect(scheduler.pending).toBe(0);
  });

  it("announces what there is when the rest does not come in time", () => {
    const { publisher, log, scheduler } = stage();
    publisher.write(packet(video, 0, { key: true, data: "v0" }));
    scheduler.advance(999);
    expect(log).toEqual([]);
    scheduler.advance(1);
    expect(log).toEqual(["announced video", "v0"]);
  });

  it("waits only for the kinds it was told of", () => {
    const { publisher, log } = stage();
    publisher.describe({ width: 640 }, { video: true, audio: false });
    publisher.track(video);
    expect(log).toEqual(["announced video"]);
  });

  it("never announces an empty set: data is no track of it", () => {
    const { publisher, log, scheduler } = stage();
    publisher.track(dataTrack);
    for (let i = 0; i < 100; i++) publisher.write(packet(dataTrack, i, { data: "x".repeat(1024 * 1024) }));
    scheduler.advance(10_000);
    expect(log).toEqual([]);
    publisher.end("bye");
    expect(log).toEqual(["ended bye", "onEnd bye"]);
  });

  it("announces early rather than hold too much", () => {
    const { publisher, log } = stage();
    for (let i = 0; i < 20; i++)
      publisher.write(packet(video, i, { key: true, data: "x".repeat(1024 * 1024) }));
    expect(log[0]).toBe("announced video");
    expect(log).toHaveLength(21);
  });

  it("announces a short publication when it ends", () => {
    const { publisher, log, scheduler } = stage();
    publisher.write(packet(video, 0, { key: true, data: "v0" }));
    publisher.end("client-closed");
    publisher.end("again");
    publisher.write(packet(video, 40));
    publisher.track(audio);
    publisher.describe({});
    expect(log).toEqual(["announced video", "v0", "ended client-closed", "onEnd client-closed"]);
    expect(scheduler.pending).toBe(0);
  });

  it("ends once, though who hears of the announcement ends it", () => {
    const staged = stage();
    staged.onEvent = (event) => {
      if (event.startsWith("announced")) staged.publisher.end("kicked");
    };
    staged.publisher.write(packet(video, 0, { key: true, data: "v0" }));
    staged.publisher.end("client-closed");
    expect(staged.log).toEqual(["announced video", "ended kicked", "onEnd kicked"]);
  });

  it("passes on nothing more once a packet's receiver has ended it", () => {
    const staged = stage();
    staged.onEvent = (event) => {
      if (event === "v0") staged.publisher.end("kicked");
    };
    staged.publisher.write(packet(video, 0, { key: true, data: "v0" }));
    staged.publisher.write(packet(audio, 0, { data: "a0" }));
    expect(staged.log).toEqual(["announced video+audio", "v0", "ended kicked", "onEnd kicked"]);
  });

  it("keeps the order when who hears of the announcement writes", () => {
    const staged = stage();
    staged.onEvent = (event) => {
      if (event.startsWith("announced")) staged.publisher.write(packet(audio, 20, { data: "a1" }));
    };
    staged.publisher.write(packet(video, 0, { key: true, data: "v0" }));
    staged.publisher.write(packet(audio, 0, { data: "a0" }));
    staged.publisher.write(packet(video, 40, { data: "v1" }));
    expect(staged.log).toEqual(["announced video+audio", "v0", "a0", "a1", "v1"]);
  });
});

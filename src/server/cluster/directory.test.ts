import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { Refused } from "../../hub/refused.js";
import type { StreamInfo } from "../stream-info.js";
import { createDirectory, type Directory, type Participant } from "./directory.js";
import type { Claim, Owner } from "./messages.js";

function info(name: string, over: Partial<StreamInfo> = {}): StreamInfo {
  const [app = "", of = ""] = name.split("/");
  const counts = { since: 5, viewers: 0, packets: 0, bytes: 0 };
  return { key: name, app, name: of, live: false, tracks: [], codecs: [], metadata: {}, ...counts, ...over };
}

interface Stage {
  readonly directory: Directory;
  readonly events: string[];
  readonly scheduler: ReturnType<typeof createFakeScheduler>;
  join(relay: string, over?: Partial<Participant>): Participant & { readonly told: Owner[] };
  publish(participant: Participant, name: string): Promise<Claim>;
}

function stage(): Stage {
  const scheduler = createFakeScheduler();
  const events: string[] = [];
  const directory = createDirectory(
    {
      publish: ({ key }) => events.push(`publish ${key}`),
      tracks: ({ key, live }) => events.push(`tracks ${key} ${live}`),
      unpublish: ({ key, live }, reason) => events.push(`unpublish ${key} ${live} ${reason}`),
    },
    scheduler,
  );
  return {
    directory,
    events,
    scheduler,
    join(relay, over = {}) {
      const told: Owner[] = [];
      const tell = (owner: Owner): void => {
        told.push(owner);
      };
      const participant = { relay, told, makeWay: async () => {}, position: async () => 0, tell, ...over };
      directory.join(participant);
      return participant;
    },
    async publish(participant, name) {
      const claim = await directory.claim(participant, name);
      directory.news(participant, { kind: "publish", stream: info(name), claim: claim.id });
      return claim;
    },
  };
}

describe("the directory", () => {
  it("tells everybody where a stream is, who comes later from its list, and that it has gone", async () => {
    const { directory, events, join, publish } = stage();
    const [a, b] = [join("ra"), join("rb")];
    const { id } = await publish(a, "live/x");
    expect(b.told).toEqual([["live/x", "ra"]]);
    expect(directory.owners).toEqual([["live/x", "ra"]]);
    directory.news(a, { kind: "tracks", stream: info("live/x", { live: true }) });
    directory.news(a, { kind: "taken", name: "live/x", packets: 3, bytes: 30, gopMs: undefined });
    directory.news(a, { kind: "taken", name: "live/x", packets: 1, bytes: 5, gopMs: 2000 });
    directory.viewer("live/x", 1);
    expect(directory.streams).toMatchObject([
      { key: "live/x", live: true, packets: 4, bytes: 35, gopMs: 2000, viewers: 1 },
    ]);
    directory.news(a, { kind: "unpublish", stream: info("live/x"), claim: id, reason: "unpublished" });
    expect(b.told.at(-1)).toEqual(["live/x", undefined]);
    // A viewer is kept for the next publisher: the stream is still there.
    expect(directory.streams).toMatchObject([{ key: "live/x", live: false, viewers: 1 }]);
    directory.viewer("live/x", -1);
    expect(directory.streams).toEqual([]);
    expect(events).toEqual(["publish live/x", "tracks live/x true", "unpublish live/x false unpublished"]);
  });

  it("lets one after another have a name, and goes on after the furthest of all readers", async () => {
    const { directory, join, publish } = stage();
    const made: string[] = [];
    const a = join("ra", { makeWay: async (name) => void made.push(name), position: async () => 7 });
    const b = join("rb", { position: async () => 40 });
    const c = join("rc", { position: async () => Promise.reject(new Error("stuck")) });
    await publish(a, "live/x");
    const second = directory.claim(b, "live/x");
    const third = directory.claim(c, "live/x");
    const { id, position } = await second;
    expect(made).toEqual(["live/x"]);
    expect(position).toBe(7);
    let granted = false;
    void third.then(() => {
      granted = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(granted).toBe(false);
    directory.news(b, { kind: "release", claim: id });
    expect((await third).position).toBe(40);
  });

  it("refuses a name that its publisher keeps, and lets the next in line try", async () => {
    const { directory, join, publish } = stage();
    const keeps = async (): Promise<void> => {
      throw new Refused("busy", "live/x is being published");
    };
    const a = join("ra", { makeWay: keeps });
    const b = join("rb");
    await publish(a, "live/x");
    await expect(directory.claim(b, "live/x")).rejects.toMatchObject({ code: "busy" });
    await expect(directory.claim(b, "live/x")).rejects.toMatchObject({ code: "busy" });
  });

  it("bounds the line for a name", async () => {
    const { directory, join } = stage();
    const a = join("ra");
    await directory.claim(a, "live/x");
    const waiting = Array.from({ length: 31 }, () => directory.claim(a, "live/x").catch(() => {}));
    await expect(directory.claim(a, "live/x")).rejects.toMatchObject({ code: "busy" });
    directory.leave(a);
    await Promise.all(waiting);
  });

  it("takes a right back that is not used, and that of a process that has gone", async () => {
    const { directory, join, scheduler } = stage();
    const [a, b] = [join("ra"), join("rb")];
    await directory.claim(a, "live/x");
    const second = directory.claim(b, "live/x");
    scheduler.advance(10_000);
    await second;
    const third = directory.claim(a, "live/x");
    directory.leave(b);
    await third;
    directory.close();
    expect(scheduler.pending).toBe(0);
  });

  it("ends the streams of a process that has gone, and forgets what it says late", async () => {
    const { directory, events, join, publish } = stage();
    const [a, b] = [join("ra"), join("rb")];
    const { id } = await publish(a, "live/x");
    directory.leave(a);
    expect(events.at(-1)).toBe("unpublish live/x false internal");
    expect(directory.streams).toEqual([]);
    await publish(b, "live/x");
    directory.news(a, { kind: "unpublish", stream: info("live/x"), claim: id, reason: "unpublished" });
    directory.news(a, { kind: "tracks", stream: info("live/x", { live: true }) });
    expect(directory.owners).toEqual([["live/x", "rb"]]);
    expect(directory.streams).toMatchObject([{ live: false }]);
  });
});

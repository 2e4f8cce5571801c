import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { until } from "../../../test/support/until.js";
import type { Exchange, Outlet } from "../contract/exchange.js";
import { createHttpEntry } from "../net/http-entry.js";
import { createNodeScheduler } from "../net/node-scheduler.js";
import { createEventFeed, type EventFeed } from "./event-feed.js";
import { EventLog } from "./event-log.js";

/** A connection that takes what it is told to. */
interface Peer {
  readonly exchange: Exchange;
  readonly text: () => string;
  readonly status: () => number;
  readonly state: () => "open" | "ended" | "cut";
  full(full: boolean): void;
  leave(): void;
}

function peer(headers: Record<string, string> = {}, search = ""): Peer {
  const gone = new AbortController();
  let text = "";
  let status = 0;
  let state: "open" | "ended" | "cut" = "open";
  let full = false;
  let resume = (): void => {};
  const outlet: Outlet = {
    accept(batch) {
      if (full) return "busy";
      text += Buffer.from(batch.bytes).toString();
      return "ok";
    },
    onDrain(callback) {
      resume = callback;
    },
    end() {
      state = "ended";
    },
    destroy() {
      if (state === "open") state = "cut";
    },
    get bytesOut() {
      return text.length;
    },
  };
  return {
    exchange: {
      method: "GET",
      path: "/",
      query: new URLSearchParams(search),
      headers,
      remoteAddress: "127.0.0.1",
      websocket: false,
      signal: gone.signal,
      body: () => Promise.reject(new Error("there is none")),
      reply(given) {
        status = given;
      },
      stream() {
        status = 200;
        return outlet;
      },
    },
    text: () => text,
    status: () => status,
    state: () => state,
    full(now) {
      full = now;
      if (!now) resume();
    },
    leave: () => gone.abort("client-closed"),
  };
}

function stage(init: Partial<Parameters<typeof createEventFeed>[0]> = {}) {
  const scheduler = createFakeScheduler();
  const log = new EventLog("b", 10);
  const feed = createEventFeed({
    log,
    scheduler,
    maxReaders: 3,
    headers: {},
    refuse: (exchange, status) => exchange.reply(status, {}),
    ...init,
  });
  return { scheduler, log, feed };
}

async function join(feed: EventFeed, ...given: Parameters<typeof peer>): Promise<Peer> {
  const made = peer(...given);
  feed.serve(made.exchange);
  await until(() => made.status() !== 0);
  return made;
}

const seen = (text: string): readonly string[] =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);

describe("an event feed", () => {
  it("begins at the present, with an id to come back with", async () => {
    const { scheduler, log, feed } = stage();
    log.tell("old", {});
    const reader = await join(feed);
    expect(reader.text()).toBe("retry: 2000\nid: b-1\n\n");
    log.tell("new", { n: 1 });
    log.tell("new", { n: 2 });
    scheduler.turn();
    expect(seen(reader.text())).toEqual(['{"n":1}', '{"n":2}']);
  });

  it("goes on where a reader was, by header or query, and tells of a gap", async () => {
    const { log, feed } = stage();
    for (let n = 1; n <= 50; n++) log.tell("tick", { n });
    const back = await join(feed, { "last-event-id": "b-48" });
    expect(seen(back.text())).toEqual(['{"n":49}', '{"n":50}']);
    const late = await join(feed, {}, "lastEventId=b-1");
    expect(late.text()).toContain(`id: b-${log.floor}\nevent: gap\ndata: {"lastEventId":"b-1"}\n\n`);
    expect(seen(late.text())).toHaveLength(1 + 50 - log.floor);
  });

  it("cuts who takes nothing for five seconds, and loses nothing of who takes again before", async () => {
    const { scheduler, log, feed } = stage();
    const slow = await join(feed);
    const stuck = await join(feed);
    slow.full(true);
    stuck.full(true);
    log.tell("tick", { n: 1 });
    scheduler.advance(3_000);
    slow.full(false);
    scheduler.advance(3_000);
    expect(seen(slow.text())).toEqual(['{"n":1}']);
    expect([slow.state(), stuck.state(), feed.readers, feed.cut]).toEqual(["open", "cut", 1, 1]);
  });

  it("cuts who needs what is not kept any more", async () => {
    const { scheduler, log, feed } = stage();
    const stuck = await join(feed);
    stuck.full(true);
    for (let n = 1; n <= 100; n++) {
      log.tell("tick", { n });
      scheduler.turn();
    }
    expect(stuck.state()).toBe("cut");
  });

  it("says that it is still there", async () => {
    const { scheduler, feed } = stage();
    const reader = await join(feed);
    scheduler.advance(31_000);
    expect(reader.text().match(/^: still here$/gm)).toHaveLength(2);
  });

  it("has a bound, and stops all of its timers with the last reader", async () => {
    const { scheduler, feed } = stage();
    const readers = [await join(feed), await join(feed), await join(feed)];
    expect((await join(feed)).status()).toBe(503);
    for (const reader of readers) reader.leave();
    await until(() => scheduler.pending === 0);
    expect(feed.readers).toBe(0);
  });

  it("tells first what there is, to who does not go on from where it was", async () => {
    const { log, feed } = stage({ snapshot: async () => ({ streams: ["a"] }) });
    log.tell("tick", {});
    expect((await join(feed)).text()).toContain('event: streams\ndata: {"streams":["a"]}');
    expect((await join(feed, { "last-event-id": "b-0" })).text()).not.toContain("event: streams");
  });

  it("asks another process for the events only while somebody reads", async () => {
    const asked: boolean[] = [];
    const { log, feed } = stage({
      source: async (wanted) => {
        asked.push(wanted);
        if (wanted) log.adopt({ boot: "origin", before: 7, records: [] });
      },
    });
    const reader = await join(feed);
    expect(reader.text()).toContain("id: origin-7");
    reader.leave();
    await until(() => asked.length === 2);
    expect(asked).toEqual([true, false]);
  });

  it("refuses where the other process does not answer, and asks again the next time", async () => {
    let answers = false;
    const { feed } = stage({
      source: () => (answers ? Promise.resolve() : Promise.reject(new Error("gone"))),
    });
    expect((await join(feed)).status()).toBe(503);
    answers = true;
    expect((await join(feed)).status()).toBe(200);
  });

  it("ends its readers in order, with what they have not had", async () => {
    const { log, feed } = stage();
    const reader = await join(feed);
    log.tell("last", { n: 1 });
    feed.close();
    expect(seen(reader.text())).toEqual(['{"n":1}']);
    expect(reader.state()).toBe("ended");
    expect((await join(feed)).status()).toBe(503);
  });

  it("holds nothing back for a connection that is not read: it is cut", async () => {
    const scheduler = createNodeScheduler();
    const log = new EventLog("b", 10);
    const feed = createEventFeed({ log, scheduler, maxReaders: 3, headers: {}, refuse: () => {} });
    const route = (exchange: Exchange): boolean => {
      feed.serve(exchange);
      return true;
    };
    const entry = createHttpEntry({ scheduler, route, oursAmongOthers: () => true });
    const server = createServer(entry.request).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.on("error", () => {});
    await until(() => feed.readers === 1);
    const pad = "x".repeat(256 * 1024);
    // Until the kernel's own buffers are full, and ten more events have come.
    while (feed.cut === 0) {
      log.tell("large", { pad });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(feed.readers).toBe(0);
    await entry.drained();
    socket.destroy();
    feed.close();
    server.close();
  });
});

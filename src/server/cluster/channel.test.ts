import { describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { Refused } from "../../hub/refused.js";
import { type Channel, createChannel, type Handlers } from "./channel.js";

type Questions = { double: { request: number; answer: number } };
type Nothing = Record<never, never>;

/** Two ends, and what is on its way between them. */
function pair(handlers: Handlers<Questions>) {
  const scheduler = createFakeScheduler();
  const heard: string[] = [];
  const sent: unknown[] = [];
  const taken: (() => void)[] = [];
  let blocked = false;
  const asker: Channel<Questions, string> = createChannel<Questions, string, Nothing, never>({
    scheduler,
    send(message, done) {
      sent.push(message);
      answerer.receive(structuredClone(message));
      if (blocked) taken.push(done);
      else done();
    },
    handlers: {},
    onPosts() {},
  });
  const answerer: Channel<Nothing, never> = createChannel<Nothing, never, Questions, string>({
    scheduler,
    send(message, done) {
      asker.receive(structuredClone(message));
      done();
    },
    handlers,
    onPosts: (posts) => heard.push(...posts),
  });
  return {
    scheduler,
    asker,
    answerer,
    heard,
    sent,
    block() {
      blocked = true;
    },
    take() {
      blocked = false;
      for (const done of taken.splice(0)) done();
    },
  };
}

const never = (): Promise<number> => new Promise(() => {});

describe("a channel between processes", () => {
  it("answers, also with a refusal or an error", async () => {
    const { asker } = pair({
      double(n) {
        if (n === 1) throw new Refused("busy", "somebody has it");
        if (n === 2) throw new Error("no database");
        return 2 * n;
      },
    });
    expect(await asker.ask("double", 21, 1000)).toBe(42);
    const refusal = await asker.ask("double", 1, 1000).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refused);
    expect(refusal).toMatchObject({ code: "busy", message: "somebody has it" });
    await expect(asker.ask("double", 2, 1000)).rejects.toThrow("no database");
  });

  it("gives up in time, and tells the other side", async () => {
    let left: unknown;
    const { asker, scheduler } = pair({
      double(_n, signal) {
        signal.addEventListener("abort", () => {
          left = signal.reason;
        });
        return never();
      },
    });
    const answer = asker.ask("double", 1, 1000);
    scheduler.advance(1000);
    await expect(answer).rejects.toThrow("no answer within 1000 ms");
    expect(left).toBe("given up");
    expect(scheduler.pending).toBe(0);
  });

  it("gives up when the one who asks has no use for the answer any more", async () => {
    const { asker, scheduler } = pair({ double: never });
    const gone = new AbortController();
    const answer = asker.ask("double", 1, 1000, gone.signal);
    gone.abort();
    await expect(answer).rejects.toThrow("given up");
    await expect(asker.ask("double", 1, 1000, gone.signal)).rejects.toThrow("given up");
    expect(scheduler.pending).toBe(0);
  });

  it("sends the news of a turn in one message, and before a question that comes after them", async () => {
    const { asker, scheduler, heard, sent } = pair({ double: (n) => 2 * n });
    asker.post("a");
    asker.post("b");
    scheduler.turn();
    expect(heard).toEqual(["a", "b"]);
    expect(sent).toHaveLength(1);
    asker.post("c");
    const answer = asker.ask("double", 1, 1000);
    expect(heard).toEqual(["a", "b", "c"]);
    expect(await answer).toBe(2);
  });

  it("keeps what must not get lost while the other side does not keep up, and counts what may", () => {
    const { asker, scheduler, heard, block, take } = pair({ double: never });
    block();
    for (let i = 0; i < 64; i++) {
      asker.post(`${i}`);
      scheduler.turn();
    }
    const before = heard.length;
    for (let i = 0; i < 10_010; i++) asker.postLossy("line");
    asker.post("must");
    scheduler.turn();
    expect(heard).toHaveLength(before);
    expect(asker.lost).toBe(10);
    take();
    scheduler.turn();
    expect(heard).toHaveLength(64 + 10_001);
    expect(heard.at(-1)).toBe("must");
  });

  it("fails all that is under way when the other process goes", async () => {
    let aborted = 0;
    const { asker, answerer, scheduler } = pair({
      double(_n, signal) {
        signal.addEventListener("abort", () => {
          aborted += 1;
        });
        return never();
      },
    });
    const answers = [1, 2].map((n) => asker.ask("double", n, 1000));
    asker.close();
    answerer.close();
    for (const answer of answers) await expect(answer).rejects.toThrow("has gone");
    await expect(asker.ask("double", 3, 1000)).rejects.toThrow("has gone");
    expect(aborted).toBe(2);
    expect(scheduler.pending).toBe(0);
  });
});

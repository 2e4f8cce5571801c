import { type RefusalCode, Refused } from "../../hub/refused.js";
import type { Scheduler } from "../../hub/scheduler.js";

/** What one side may ask the other, by name: what it sends, and what it gets back. */
export type Asks = Readonly<Record<string, { readonly request: unknown; readonly answer: unknown }>>;

/** How one side answers what the other asks. What it throws becomes the asker's error. */
export type Handlers<A extends Asks> = {
  readonly [K in keyof A]: (
    request: A[K]["request"],
    signal: AbortSignal,
  ) => A[K]["answer"] | Promise<A[K]["answer"]>;
};

export interface ChannelInit<Theirs extends Asks, TheirPost> {
  readonly scheduler: Scheduler;
  /** Hands one message to the other process; calls back once that is done or has failed. Never throws. */
  send(message: unknown, done: () => void): void;
  readonly handlers: Handlers<Theirs>;
  /** Takes what the other side has to say, in its order. */
  onPosts(posts: readonly TheirPost[]): void;
}

/** A conversation between two processes: questions with answers, and news that go in batches, all in order. */
export interface Channel<Ours extends Asks, OurPost> {
  /**
   * Asks, after all that was posted.
   *
   * @param timeoutMs when it gives up
   * @param signal gives up earlier, and lets the other side know
   * @throws Refused as the other side threw it; Error when there was no answer
   */
  ask<K extends keyof Ours & string>(
    name: K,
    request: Ours[K]["request"],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Ours[K]["answer"]>;
  /** Sends news, all of this turn of the event loop in one message. */
  post(news: OurPost): void;
  /** The same, but it may get lost while the other side does not keep up: for log lines. */
  postLossy(news: OurPost): void;
  /** Takes in a message of the other side. */
  receive(message: unknown): void;
  /** Gives up all that is under way; nothing is sent any more. Idempotent. */
  close(): void;
  /** News that were given up because the other side did not keep up. */
  readonly lost: number;
}

/** Messages that the other side has not taken: more wait here, where they can be counted. */
const MAX_UNSENT_MESSAGES = 64;
/** Lossy news that wait here at most. */
const MAX_WAITING_NEWS = 10_000;

type Message<Post> =
  | { readonly t: "posts"; readonly posts: readonly Post[] }
  | { readonly t: "ask"; readonly id: number; readonly name: string; readonly request: unknown }
  | { readonly t: "cancel"; readonly id: number }
  | { readonly t: "answer"; readonly id: number; readonly answer: unknown }
  | {
      readonly t: "failed";
      readonly id: number;
      readonly code: RefusalCode | undefined;
      readonly message: string;
    };

export function createChannel<Ours extends Asks, OurPost, Theirs extends Asks, TheirPost>({
  scheduler,
  send,
  handlers,
  onPosts,
}: ChannelInit<Theirs, TheirPost>): Channel<Ours, OurPost> {
  const asked = new Map<number, (message: Message<never> | Error) => void>();
  const answering = new Map<number, AbortController>();
  let waiting: OurPost[] = [];
  let scheduled = false;
  let unsent = 0;
  let lost = 0;
  let ids = 0;
  let closed = false;

  function transmit(message: Message<OurPost>): void {
    if (closed) return;
    unsent += 1;
    send(message, () => {
      unsent -= 1;
      if (waiting.length > 0) schedule();
    });
  }

  function flush(): void {
    scheduled = false;
    if (waiting.length === 0) return;
    const posts = waiting;
    waiting = [];
    transmit({ t: "posts", posts });
  }

  function schedule(): void {
    if (scheduled || closed || unsent >= MAX_UNSENT_MESSAGES) return;
    scheduled = true;
    scheduler.defer(flush);
  }

  /** What is asked or answered follows what was posted before it. */
  function say(message: Message<never>): void {
    flush();
    transmit(message);
  }

  function answer(id: number, name: string, request: unknown): void {
    const leave = new AbortController();
    answering.set(id, leave);
    const handler = handlers[name] as Handlers<Theirs>[keyof Theirs];
    // In a promise from the start: what a handler throws at once is an answer too.
    new Promise((resolve) => resolve(handler(request as never, leave.signal)))
      .then(
        (value) => say({ t: "answer", id, answer: value }),
        (error: unknown) => {
          const code = error instanceof Refused ? error.code : undefined;
          say({ t: "failed", id, code, message: error instanceof Error ? error.message : String(error) });
        },
      )
      .finally(() => answering.delete(id));
  }

  return {
    ask(name, request, timeoutMs, signal) {
      return new Promise((resolve, reject) => {
        if (closed) {
          reject(new Error(`${name}: the other process has gone`));
          return;
        }
        const id = ++ids;
        const settle = (message: Message<never> | Error): void => {
          cancel();
          signal?.removeEventListener("abort", leave);
          asked.delete(id);
          if (message instanceof Error) reject(message);
          else if (message.t === "answer") resolve(message.answer as never);
          else if (message.t === "failed")
            reject(
              message.code === undefined
                ? new Error(message.message)
                : new Refused(message.code, message.message),
            );
        };
        const leave = (): void => {
          say({ t: "cancel", id });
          settle(new Error(`${name}: given up`));
        };
        const cancel = scheduler.after(timeoutMs, () => {
          say({ t: "cancel", id });
          settle(new Error(`${name}: the other process gave no answer within ${timeoutMs} ms`));
        });
        asked.set(id, settle);
        signal?.addEventListener("abort", leave);
        say({ t: "ask", id, name, request });
        if (signal?.aborted === true) leave();
      });
    },
    post(news) {
      waiting.push(news);
      schedule();
    },
    postLossy(news) {
      if (waiting.length >= MAX_WAITING_NEWS) lost += 1;
      else this.post(news);
    },
    receive(message) {
      if (closed) return;
      const received = message as Message<TheirPost>;
      switch (received.t) {
        case "posts":
          onPosts(received.posts);
          break;
        case "ask":
          answer(received.id, received.name, received.request);
          break;
        case "cancel":
          answering.get(received.id)?.abort("given up");
          break;
        default:
          asked.get(received.id)?.(received as Message<never>);
      }
    },
    close() {
      if (closed) return;
      flush();
      closed = true;
      waiting = [];
      for (const settle of [...asked.values()]) settle(new Error("the other process has gone"));
      for (const leave of answering.values()) leave.abort("the other process has gone");
    },
    get lost() {
      return lost;
    },
  };
}

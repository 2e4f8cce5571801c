import { describe, expect, it } from "vitest";
import { type HubStage, hubStage } from "../../../test/support/hub-stage.js";
import { createLogRecorder, type LogLine } from "../../../test/support/rtmp-server.js";
import { audioTrack, videoTrack } from "../../../test/support/toy-format.js";
import type { HubOptions } from "../../hub/options.js";
import type { Packet } from "../../media/model/packet.js";
import type { Exchange } from "../contract/exchange.js";
import { createSnapshots, type Snapshots } from "./snapshots.js";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Stage extends HubStage {
  readonly snapshots: Snapshots;
  readonly lines: LogLine[];
  /** What was to be encoded, as it says itself. */
  readonly encoded: string[];
  /** Encoders that are at work; `hold` keeps them there. */
  hold: boolean;
  fail: Error | undefined;
  release(): void;
  ask(name?: string, headers?: Record<string, string>): Promise<Answer>;
}

function stage(options: Partial<HubOptions> = {}): Stage {
  const { hub, scheduler, ...rest } = hubStage(options);
  const lines: LogLine[] = [];
  const held: (() => void)[] = [];
  const made: Stage = {
    ...rest,
    hub,
    scheduler,
    lines,
    encoded: [],
    hold: false,
    fail: undefined,
    release: () => {
      for (const go of held.splice(0)) go();
    },
    snapshots: createSnapshots({
      hub,
      async encode(packet: Packet) {
        const text = Buffer.from(packet.data).toString();
        made.encoded.push(text);
        if (made.hold) await new Promise<void>((resolve) => held.push(resolve));
        if (made.fail !== undefined) throw made.fail;
        return Buffer.from(`jpeg of ${text}`);
      },
      scheduler,
      log: createLogRecorder(lines),
    }),
    async ask(name = "live/a", headers = {}) {
      let answer: Answer | undefined;
      const exchange = {
        headers,
        reply(status: number, sent: Record<string, string>, body?: string | Uint8Array) {
          answer = { status, headers: sent, body: body === undefined ? "" : Buffer.from(body).toString() };
        },
      } as unknown as Exchange;
      await made.snapshots.serve(exchange, name);
      if (answer === undefined) throw new Error("there was no answer");
      return answer;
    },
  };
  hub.on("unpublish", ({ stream }) => made.snapshots.forget(stream.name));
  return made;
}

const error = ({ body }: Answer): string => (JSON.parse(body) as { error: string }).error;

describe("a snapshot", () => {
  it("is the last key frame, made once, however many ask and however often", async () => {
    const s = stage();
    s.publish().group(3);
    const answers = await Promise.all([s.ask(), s.ask(), s.ask()]);
    expect(answers.map(({ status, body }) => [status, body])).toEqual(Array(3).fill([200, "jpeg of V0"]));
    s.scheduler.advance(5_000);
    expect((await s.ask()).body).toBe("jpeg of V0");
    expect(s.encoded).toEqual(["V0"]);
    expect(s.hub.stream("live/a")?.readers).toBe(0);
  });

  it("is a new one once there is a newer key frame, and a second has passed", async () => {
    const s = stage();
    const source = s.publish();
    source.group(3);
    await s.ask();
    source.group(3);
    expect((await s.ask()).body).toBe("jpeg of V0");
    s.scheduler.advance(1_000);
    expect((await s.ask()).body).toBe("jpeg of V3");
    expect(s.encoded).toEqual(["V0", "V3"]);
  });

  it("says by its ETag whether it is the same", async () => {
    const s = stage();
    s.publish().group(1);
    const { headers, status } = await s.ask();
    expect([status, headers["Content-Type"], headers["Cache-Control"]]).toEqual([
      200,
      "image/jpeg",
      "private, no-cache",
    ]);
    const again = await s.ask("live/a", { "if-none-match": headers.ETag ?? "" });
    expect([again.status, again.body, again.headers.ETag]).toEqual([304, "", headers.ETag]);
  });

  it("is not there without a stream, a picture or a name", async () => {
    const s = stage();
    s.publish([audioTrack()], "live/sound").sound();
    s.scheduler.turn();
    expect(error(await s.ask("live/nobody"))).toBe("not-found");
    expect(await s.ask("live/nobody")).toMatchObject({ status: 404 });
    const sound = await s.ask("live/sound");
    expect([sound.status, error(sound)]).toEqual([404, "no-picture"]);
    expect((await s.ask("api/v1")).status).toBe(404);
    // It may be there the next moment.
    s.publish(undefined, "live/nobody").group(1);
    expect((await s.ask("live/nobody")).status).toBe(200);
  });

  it("is waited for where somebody publishes and has sent nothing yet", async () => {
    const s = stage();
    const publisher = s.hub.publish("live/a");
    const early = s.ask();
    await Promise.resolve();
    s.scheduler.advance(5_000);
    expect([(await early).status, error(await early)]).toEqual([503, "no-key-frame"]);
    s.scheduler.advance(1_000);
    const late = s.ask();
    publisher.end("unpublished");
    s.publish().group(1);
    expect((await late).status).toBe(200);
  });

  it("is none of the publisher before", async () => {
    const s = stage({ keepViewersMs: 0 });
    const source = s.publish();
    source.group(2);
    await s.ask();
    source.publisher.end("unpublished");
    expect((await s.ask()).status).toBe(404);
    s.publish().group(1);
    await s.ask();
    expect(s.encoded.length).toBe(2);
  });

  it("waits for the next key frame where none is cached, but not for ever", async () => {
    const s = stage({ gopCacheMs: 0 });
    const source = s.publish([videoTrack()]);
    source.group(2);
    const asked = s.ask();
    await Promise.resolve();
    source.group(2);
    expect((await asked).body).toBe("jpeg of V2");
    s.scheduler.advance(1_000);
    const stale = s.ask();
    await Promise.resolve();
    s.scheduler.advance(5_000);
    expect((await stale).body).toBe("jpeg of V2");
    const other = s.publish([videoTrack()], "live/b");
    other.group(2);
    const none = s.ask("live/b");
    await Promise.resolve();
    s.scheduler.advance(5_000);
    const answer = await none;
    expect([answer.status, error(answer), answer.headers["Retry-After"]]).toEqual([503, "no-key-frame", "1"]);
    expect(s.hub.stream("live/b")?.readers).toBe(0);
  });

  it("is an old one rather than none, where a new one cannot be made", async () => {
    const s = stage();
    const source = s.publish();
    source.group(1);
    await s.ask();
    source.group(1);
    s.scheduler.advance(1_000);
    s.fail = Object.assign(new Error("2 media jobs are running"), { code: "busy" });
    expect((await s.ask()).body).toBe("jpeg of V0");
    expect(s.lines).toEqual([]);
    s.publish(undefined, "live/b").group(1);
    const busy = await s.ask("live/b");
    expect([busy.status, error(busy), busy.headers["Retry-After"]]).toEqual([503, "busy", "1"]);
    // Asked again at once it is not tried again.
    const tried = s.encoded.length;
    await s.ask("live/b");
    expect(s.encoded.length).toBe(tried);
    s.scheduler.advance(1_000);
    s.fail = Object.assign(new Error("neither is installed"), { code: "no-engine" });
    const without = await s.ask("live/b");
    expect([without.status, error(without), without.headers["Retry-After"]]).toEqual([
      503,
      "no-engine",
      undefined,
    ]);
    expect(s.lines.map(({ message }) => message)).toEqual(["no snapshot could be made"]);
  });

  it("is made at most so often, for all streams together", async () => {
    const s = stage();
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) {
      s.publish(undefined, `live/s${i}`).group(1);
      statuses.push((await s.ask(`live/s${i}`)).status);
    }
    expect(s.encoded.length).toBeGreaterThanOrEqual(20);
    expect(s.encoded.length).toBeLessThan(25);
    expect(statuses.filter((status) => status === 503).length).toBe(25 - s.encoded.length);
  });

  it("ends with the server", async () => {
    const s = stage({ gopCacheMs: 0 });
    s.publish([videoTrack()]).group(2);
    const asked = s.ask();
    await Promise.resolve();
    s.snapshots.close();
    expect((await asked).status).toBe(503);
  });
});

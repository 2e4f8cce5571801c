import { get, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createFakeScheduler } from "../../../test/support/fake-scheduler.js";
import { createLogRecorder } from "../../../test/support/rtmp-server.js";
import { until } from "../../../test/support/until.js";
import { createOpsServer, type OpsServer } from "./ops-server.js";
import { ProfilerMissing } from "./pprof-module.js";
import { profileRoutes } from "./profile-routes.js";
import { createRecorder, type Recorder } from "./recorder.js";
import { Unshareable } from "./sampler.js";
import { createLiveFeed, samplesRoutes } from "./samples-route.js";

const servers: OpsServer[] = [];
/** Ends the connection of who asked last. */
let leave = (): void => {};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(recorder: Recorder): Promise<(path: string) => Promise<IncomingMessage>> {
  const scheduler = createFakeScheduler();
  const routes = {
    ...profileRoutes({ recorder, fellows: undefined, wall: scheduler.wall }),
    ...samplesRoutes(
      createLiveFeed(recorder, () => []),
      undefined,
    ),
  };
  const server = createOpsServer({
    host: "127.0.0.1",
    port: 0,
    routes,
    scheduler,
    log: createLogRecorder([]),
  });
  servers.push(server);
  const { port } = await server.listen();
  return (path) =>
    new Promise((resolve, reject) => {
      const sent = get({ host: "127.0.0.1", port, path, agent: false }, resolve).on("error", reject);
      leave = () => sent.destroy();
    });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const more of answer.setEncoding("utf8")) text += more;
  return text;
}

function refusing(error: Error): Recorder {
  return {
    record: () => Promise.reject(error),
    sample: () => Promise.reject(error),
    close() {},
  };
}

describe("/debug/pprof", () => {
  it.each(["profile", "wall", "heap", "samples"])(
    "answers 409 with the reason where %s cannot be shared",
    async (what) => {
      const ask = await start(refusing(new Unshareable("there can be one only")));
      const answer = await ask(`/debug/pprof/${what}`);
      expect([answer.statusCode, await textOf(answer)]).toEqual([409, "there can be one only\n"]);
    },
  );

  it.each(["profile", "samples"])("says what to install where the profiler is missing: %s", async (what) => {
    const ask = await start(refusing(new ProfilerMissing("npm install it")));
    const answer = await ask(`/debug/pprof/${what}`);
    expect([answer.statusCode, await textOf(answer)]).toEqual([501, "npm install it\n"]);
  });

  it("ends a recording with the connection of who asked for it", async () => {
    let signal: AbortSignal | undefined;
    const ask = await start({
      ...refusing(new Error("not asked for")),
      record: (_request, given) => {
        signal = given;
        return new Promise((resolve) => given.addEventListener("abort", () => resolve(undefined)));
      },
    });
    const asked = ask("/debug/pprof/profile?seconds=600");
    asked.catch(() => {});
    await until(() => signal !== undefined);
    expect(signal?.aborted).toBe(false);
    leave();
    await expect(asked).rejects.toThrow();
    await until(() => signal?.aborted === true);
  });
});

describe("createRecorder", () => {
  it("says which package it lacks", async () => {
    const recorder = createRecorder({
      scheduler: createFakeScheduler(),
      probe: { listener: undefined },
      load: () => Promise.reject(new ProfilerMissing("npm install it")),
    });
    const request = { what: "heap", seconds: 1, periodMicros: 1000 } as const;
    await expect(recorder.record(request, new AbortController().signal)).rejects.toThrow(ProfilerMissing);
  });
});

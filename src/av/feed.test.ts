import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { feed, runChild } from "./process.js";

it("what a program has been fed is let go of, however long it goes on", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const child = runChild({
    name: "node",
    command: process.execPath,
    args: ["-e", "process.stdin.resume()"],
    stdin: true,
    signal: new AbortController().signal,
    timeoutMs: 0,
    stallTimeoutMs: 0,
    memoryBytes: 0,
  });
  const first: WeakRef<Uint8Array>[] = [];
  async function* slices(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 20; i++) {
      const slice = new Uint8Array(65_536);
      if (i === 0) first.push(new WeakRef(slice));
      yield slice;
    }
    // Weak references hold on until the turn of the event loop is over.
    while (first[0]?.deref() !== undefined) {
      await new Promise((resolve) => void setImmediate(resolve));
      collect();
    }
  }
  await feed(child, slices());
  expect(first[0]?.deref()).toBeUndefined();
  expect((await child.done).code).toBe(0);
});

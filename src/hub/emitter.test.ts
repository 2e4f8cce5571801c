import { describe, expect, it } from "vitest";
import { createEmitter } from "./emitter.js";

interface Events {
  readonly a: number;
  readonly b: string;
}

describe("createEmitter", () => {
  it("calls listeners in order and only for their event", () => {
    const heard: unknown[] = [];
    const emitter = createEmitter<Events>(() => {});
    emitter.on("a", (value) => heard.push(["first", value]));
    emitter.on("a", (value) => heard.push(["second", value]));
    emitter.on("b", (value) => heard.push(value));
    emitter.emit("a", 1);
    expect(heard).toEqual([
      ["first", 1],
      ["second", 1],
    ]);
  });

  it("hands a listener's fault over and goes on with the others", () => {
    const errors: unknown[] = [];
    const heard: number[] = [];
    const emitter = createEmitter<Events>((error) => errors.push(error));
    const fault = new Error("listener");
    emitter.on("a", () => {
      throw fault;
    });
    emitter.on("a", (value) => heard.push(value));
    emitter.emit("a", 1);
    expect(errors).toEqual([fault]);
    expect(heard).toEqual([1]);
  });

  it("removes one listener at a time, though the function is the same", () => {
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const emitter = createEmitter<Events>(() => {});
    const remove = emitter.on("a", listener);
    emitter.on("a", listener);
    remove();
    remove();
    emitter.emit("a", 1);
    expect(calls).toBe(1);
  });

  it("lets a listener add listeners: they hear the next event", () => {
    let calls = 0;
    const emitter = createEmitter<Events>(() => {});
    const add = (): void => {
      calls += 1;
      emitter.on("a", add);
    };
    emitter.on("a", add);
    emitter.emit("a", 1);
    expect(calls).toBe(1);
    emitter.emit("a", 2);
    expect(calls).toBe(3);
  });
});

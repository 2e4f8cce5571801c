import type { FramesTask } from "../../task.js";
import type { Picture } from "../wire.js";
import { type Cursor, createCursor, SAME_US, type Shown } from "./cursor.js";
import { Failure } from "./failure.js";
import { type Input, openInput, type Tools, videoOf } from "./input.js";
import { createPainter } from "./painter.js";

/** The pictures that a task selects, as RGBA. @throws Failure */
export async function* picturesOf(tools: Tools, task: FramesTask): AsyncGenerator<Picture, void, undefined> {
  const input = await openInput(tools, task.source);
  try {
    const stream = videoOf(input);
    const painter = createPainter(tools, stream, task);
    const cursor = createCursor(tools, input, stream, task.select.kind === "keyframes");
    try {
      for await (const { pts, frame } of selected(cursor, input, task)) yield painter.paint(frame, pts);
    } finally {
      await cursor.close();
      painter.close();
    }
  } finally {
    await input.close();
  }
}

async function* selected(
  cursor: Cursor,
  input: Input,
  { select }: FramesTask,
): AsyncGenerator<Shown, void, undefined> {
  const { durationUs, seekable, name } = input;
  switch (select.kind) {
    case "all":
    case "keyframes":
      yield* inOrder(cursor, select.limit);
      return;
    case "count":
      if (durationUs === undefined || !seekable) yield* inOrder(cursor, select.count);
      else yield* at(cursor, spread(select.count, durationUs), input);
      return;
    case "at":
      if (durationUs === undefined || !seekable) {
        throw new Failure("unsupported", `${name}: it has no beginning from which a time could be counted`);
      }
      yield* at(cursor, select.atUs, input);
      return;
    case "every":
      yield* every(cursor, select.everyUs, select.limit);
      return;
  }
}

async function* inOrder(cursor: Cursor, limit = Number.POSITIVE_INFINITY): AsyncGenerator<Shown> {
  for (let count = 0; count < limit; count++) {
    const shown = await cursor.next();
    if (shown === undefined) return;
    yield shown;
  }
}

async function* at(
  cursor: Cursor,
  timesUs: readonly number[],
  { name, durationUs = 0 }: Input,
): AsyncGenerator<Shown> {
  for (const timeUs of timesUs) {
    if (timeUs > durationUs) {
      throw new Failure(
        "not-found",
        `${name}: no picture at ${seconds(timeUs)}, it is ${seconds(durationUs)} long`,
      );
    }
    const shown = await cursor.shownAt(timeUs);
    if (shown === undefined) {
      throw new Failure("corrupt", `${name}: no picture can be decoded at ${seconds(timeUs)}`);
    }
    yield shown;
  }
}

async function* every(
  cursor: Cursor,
  everyUs: number,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Shown> {
  let wanted = 0;
  for (let count = 0; count < limit; count++) {
    const shown = await cursor.firstFrom(wanted);
    if (shown === undefined) return;
    yield shown;
    // One picture is given once, however many of the times it is the first for.
    wanted = (Math.floor((shown.pts + SAME_US) / everyUs) + 1) * everyUs;
  }
}

/** The middle of each of as many equal parts: neither the first picture, often black, nor after the last. */
function spread(count: number, durationUs: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor((durationUs * (2 * i + 1)) / (2 * count)));
}

function seconds(us: number): string {
  return `${(us / 1_000_000).toFixed(3).replace(/\.?0+$/, "")} s`;
}

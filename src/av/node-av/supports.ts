import type { Source } from "../source.js";
import type { ConvertInput, ConvertTask, FramesTask, ImageTask, ProbeTask, VideoTask } from "../task.js";

export type Task =
  | { readonly kind: "probe"; readonly task: ProbeTask }
  | { readonly kind: "frames"; readonly task: FramesTask }
  | { readonly kind: "image"; readonly task: ImageTask }
  | { readonly kind: "convert"; readonly task: ConvertTask };

/**
 * What node-av does not do of a task, as the end of a sentence that begins with "node-av does not"; undefined where it
 * does it. Those tasks go to FFmpeg's own programs, where they are installed too. docs/av-engines.md has this as a table.
 */
export function lackOf({ kind, task }: Task): string | undefined {
  switch (kind) {
    case "image":
      return undefined;
    case "probe":
    case "frames":
      return lackOfSource(task.source);
    case "convert":
      return lackOfConvert(task);
  }
}

function lackOfSource(source: Source): string | undefined {
  return source.kind === "camera" ? "read cameras" : undefined;
}

function lackOfConvert(task: ConvertTask): string | undefined {
  const { inputs, soundFrom, video, audio, output } = task;
  const isEncoded = typeof video === "object" || typeof audio === "object";
  if (inputs.length > 1 && isEncoded) return "join what it encodes";
  const all = soundFrom === undefined ? inputs : [...inputs, soundFrom];
  return first(
    ...all.map((input) => lackOfInput(input, video === "copy")),
    typeof video === "object" ? lackOfEncoder(video) : undefined,
    // Its times are the numbers of pictures: some would have to be doubled, others left out.
    typeof video === "object" && output.container === "avi" ? "encode pictures for AVI" : undefined,
    output.container === "rawvideo" ? "write raw pictures" : undefined,
  );
}

function lackOfInput({ source, fromUs, realtime, raw }: ConvertInput, isCopied: boolean): string | undefined {
  return first(
    lackOfSource(source),
    realtime === true ? "read at the speed of playing" : undefined,
    raw === undefined ? undefined : "read raw pictures",
    // Key frames are looked for first.
    isCopied && fromUs !== undefined && source.kind !== "file" && source.kind !== "http"
      ? "cut what cannot be read again"
      : undefined,
  );
}

function lackOfEncoder({ codec, hardware }: VideoTask): string | undefined {
  return first(
    codec === "rawvideo" ? "write raw pictures" : undefined,
    hardware === "none" ? undefined : "choose among hardware encoders",
  );
}

function first(...lacks: readonly (string | undefined)[]): string | undefined {
  return lacks.find((lack) => lack !== undefined);
}

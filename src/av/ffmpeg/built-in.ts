import { ask } from "./ask.js";

const TIMEOUT_MS = 10_000;

/** By program and kind: what a build has in it does not change. */
const lists = new Map<string, Promise<ReadonlySet<string>>>();

/** Names of the encoders or filters that an ffmpeg was built with. @throws AvError */
export function builtIn(ffmpeg: string, kind: "encoders" | "filters"): Promise<ReadonlySet<string>> {
  const key = `${kind} ${ffmpeg}`;
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list = readList(ffmpeg, kind);
  lists.set(key, list);
  list.catch(() => lists.delete(key));
  return list;
}

async function readList(ffmpeg: string, kind: string): Promise<ReadonlySet<string>> {
  const { text } = await ask(ffmpeg, ["-hide_banner", `-${kind}`], TIMEOUT_MS);
  // " V....D libx264   libx264 H.264 / AVC …", " .S. tonemap   V->V   Conversion …"
  return new Set([...text.matchAll(/^ [A-Z.|]{2,6} +(\w\S*)/gm)].map((match) => match[1] as string));
}

/**
 * frames.ts: five pictures of a ten-minute film, and what they cost beside decoding all of it. The film is twenty seconds
 * of a moving test picture, repeated without encoding it again; each is done so many times, in turn.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { parseArgs } from "node:util";
import { frames } from "../src/av/frames.js";
import { markdownTable, median } from "./figures.js";
import { describeMachine } from "./machine.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    size: { type: "string", default: "1920x1080" },
    rounds: { type: "string", default: "3" },
    /** Another film than the test picture. */
    film: { type: "string" },
  },
});

const LOOP_SECONDS = 20;
const TICK_MS = 10;

function ffmpeg(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

/** Made on the first run: H.264 with a key frame every 10 s at most, as encoders do where nobody says otherwise. */
function makeFilm(): string {
  mkdirSync(".cache", { recursive: true });
  const film = `.cache/film-${values.size}-${values.minutes}.mp4`;
  if (existsSync(film)) return film;
  const loop = `${film}.loop.mp4`;
  const picture = `testsrc2=size=${values.size}:rate=25:duration=${LOOP_SECONDS},noise=alls=8:allf=t`;
  ffmpeg(
    "-f",
    "lavfi",
    "-i",
    picture,
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-b:v",
    "4M",
    "-pix_fmt",
    "yuv420p",
    loop,
  );
  const times = String((Number(values.minutes) * 60) / LOOP_SECONDS - 1);
  ffmpeg("-stream_loop", times, "-i", loop, "-c", "copy", `${film}.part.mp4`);
  renameSync(`${film}.part.mp4`, film);
  return film;
}

/** Processor time of programs that have been run and are gone, milliseconds. */
function childrenMs(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

const film = values.film ?? makeFilm();
const all = (...filters: readonly string[]): void =>
  ffmpeg("-i", film, "-map", "0:v:0", ...filters, "-f", "null", "-");
const MODES: readonly (readonly [string, () => Promise<void> | void])[] = [
  ["`frames(film, { count: 5 })`", () => five({ count: 5 })],
  ["the same, 320 wide, as JPEG", () => five({ count: 5, size: { width: 320 } }, true)],
  ["`frames(film, { keyframes: true, count: 5 })`", () => five({ keyframes: true, count: 5 })],
  ["ffmpeg decodes all of it", () => all()],
];

async function five(options: Parameters<typeof frames>[1], jpeg = false): Promise<void> {
  let count = 0;
  for await (const frame of frames(film, options)) {
    if (jpeg) await frame.jpeg();
    count += 1;
  }
  if (count !== 5) throw new Error(`there were ${count} pictures`);
}

const wall = new Map<string, number[]>(MODES.map(([name]) => [name, []]));
const cpu = new Map<string, number[]>(MODES.map(([name]) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, run] of MODES) {
    const [startedAt, before] = [performance.now(), childrenMs()];
    await run();
    wall.get(name)?.push(performance.now() - startedAt);
    cpu.get(name)?.push(childrenMs() - before);
  }
}
const whole = median(cpu.get(MODES.at(-1)?.[0] ?? "") ?? []);
const rows = MODES.map(([name]) => {
  const used = median(cpu.get(name) ?? []);
  return [
    name,
    seconds(median(wall.get(name) ?? [])),
    seconds(used),
    `${((100 * used) / whole).toFixed(1)} %`,
  ];
});
console.log(markdownTable(["", "time", "processor time", "of decoding all"], rows));
console.log(`\n${film}, ${values.rounds} rounds, medians. ${describeMachine()}`);

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

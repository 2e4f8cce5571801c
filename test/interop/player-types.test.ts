import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";

/** What a page writes against the built package. Each @ts-expect-error is an error of its own where the line compiles. */
const PAGE = `
import { createPlayer, type PlayerError, type PlayerEvents, type PlayerPath, type PlayerStats } from "sluice/player";
import { defineSluicePlayer, SluicePlayerElement } from "sluice/player/element";

/** Neither wider nor narrower, and not any. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function check<T extends true>(): T;

const player = createPlayer(document.createElement("video"), "/live/mine.flv", { transport: "ws", paths: ["mse"] });
check<Same<typeof player.path, PlayerPath | undefined>>();
check<Same<ReturnType<typeof player.stats>, PlayerStats>>();
check<Same<ReturnType<typeof player.destroy>, Promise<void>>>();
check<Same<PlayerStats["latencyMs"], number>>();
check<Same<PlayerError["kind"], "network" | "media" | "playback">>();
check<Same<keyof PlayerEvents, "tracks" | "path" | "playing" | "reconnect" | "error" | "ended">>();

const remove: () => void = player.on("error", (error) => {
  check<Same<typeof error, PlayerError>>();
  if (error.code === "denied") console.log(error.fatal satisfies boolean, error.message satisfies string);
  // @ts-expect-error no such code
  if (error.code === "forbidden") return;
});
player.on("tracks", ({ tracks }) => console.log(tracks[0]?.config.codec satisfies string | undefined));
player.on("path", ({ path, steps }) => console.log(path satisfies PlayerPath | undefined, steps[0]?.reason));
player.on("reconnect", ({ attempt, delayMs, reason }) => console.log(attempt + delayMs, reason.length));
player.on("ended", ({ reason }) => check<Same<typeof reason, "destroyed" | "fatal">>());
remove();

// @ts-expect-error no such event
player.on("stalled", () => {});
// @ts-expect-error an event tells what it tells
player.on("ended", ({ message }) => message);
// @ts-expect-error not a video element
createPlayer(document.createElement("audio"), "/live/mine.flv");
// @ts-expect-error a stream has an address
createPlayer(document.createElement("video"));
// @ts-expect-error no such way to play
createPlayer(document.createElement("video"), "/live/mine.flv", { paths: ["webrtc"] });
// @ts-expect-error no such option
createPlayer(document.createElement("video"), "/live/mine.flv", { latency: 1 });
// @ts-expect-error what is told is not to be changed
player.stats().latencyMs = 0;

defineSluicePlayer("my-player");
const element = new SluicePlayerElement();
check<Same<ReturnType<typeof element.stats>, PlayerStats | undefined>>();
`;

it("the player's public interface is typed, events and errors by name", () => {
  const folder = ".cache/player-types";
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/page.ts`, PAGE);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    module: "NodeNext",
    target: "ES2023",
    lib: ["ES2023", "DOM"],
    types: [],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["page.ts"] }));
  const tsc = ["node_modules/typescript/bin/tsc", "--pretty", "false", "-p", folder];
  const { stdout, status } = spawnSync(process.execPath, tsc, { encoding: "utf8" });
  expect([stdout, status]).toEqual(["", 0]);
});

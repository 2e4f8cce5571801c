// Plays a stream with the player from the package, bundled by Vite: its worker, and what it loads later, come along.
import { createPlayer } from "sluice/player";

const video = document.querySelector("video") as HTMLVideoElement;
const player = createPlayer(video, new URLSearchParams(location.search).get("src") ?? "/live/mine.flv");
player.on("error", ({ code, message }) => console.warn(code, message));

setInterval(() => {
  const { state, path, latencyMs } = player.stats();
  (document.querySelector("#figures") as HTMLElement).textContent =
    `${state} by ${path}, ${Math.round(latencyMs)} ms behind`;
}, 1000);

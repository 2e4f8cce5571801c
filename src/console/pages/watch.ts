import { createPlayer, type Player, type PlayerState } from "../../player/index.js";
import { codecName, formatBitrate, formatSeconds, formatSize } from "../format.js";
import { byId, enableCopying, setText } from "../page.js";
import { streamPath, watchedStream } from "../streams.js";
import { applyTheme } from "../theme.js";
import { translate, type Word, word } from "../words.js";

const REFRESH_MS = 1000;

type Transport = "fetch" | "ws";

const video = byId<HTMLVideoElement>("video");
const message = byId("message");
const muteButton = byId<HTMLButtonElement>("mute");
const stream = watchedStream(location.href, document.baseURI);
/** What the page was asked for beyond its own switch belongs to the stream: a key or a token. */
const query = new URLSearchParams(location.search);
let transport: Transport = query.get("transport") === "ws" ? "ws" : "fetch";
query.delete("transport");

const STATE_WORDS: Record<PlayerState, Word> = {
  connecting: "connecting",
  buffering: "buffering",
  playing: "playing",
  waiting: "waiting",
  ended: "ended",
};

function addressOf(extension: string): URL {
  const search = query.size > 0 ? `?${query}` : "";
  return new URL(`${streamPath(stream)}${extension}${search}`, document.baseURI);
}

function say(text: string): void {
  setText(message, text);
  message.hidden = text === "";
}

video.muted = true;
let player: Player = open();

function open(): Player {
  const opened = createPlayer(video, addressOf(".flv").href, { transport, muted: video.muted });
  opened.on("error", (error) => say(error.code === "not-found" ? word("notLive") : error.message));
  opened.on("playing", () => say(""));
  return opened;
}

async function changeTransport(next: Transport): Promise<void> {
  transport = next;
  await player.destroy();
  // Two quick changes: the later one has opened it already.
  if (player.state === "ended") player = open();
  refresh();
}

function refresh(): void {
  const stats = player.stats();
  const live = stats.state === "playing" && !video.paused;
  const state = byId("state");
  setText(state, word(video.paused && stats.state !== "ended" ? "paused" : STATE_WORDS[stats.state]));
  state.classList.toggle("live", live);
  const known = stats.codecs.length > 0;
  setText(byId("latency"), known ? formatSeconds(stats.latencyMs) : "–");
  setText(byId("bitrate"), formatBitrate(stats.bitrate));
  setText(byId("codec"), known ? stats.codecs.map(codecName).join(" + ") : "–");
  byId("codec").title = stats.codecs.join(", ");
  setText(byId("size"), formatSize(stats.width, stats.height));
  setText(byId("buffer"), known ? formatSeconds(stats.bufferMs) : "–");
  setText(byId("frames"), `${stats.decodedFrames - stats.droppedFrames}, ${stats.droppedFrames}`);
  setText(byId("jumps"), `${stats.jumps}, ${stats.reconnects}`);
  setText(muteButton, word(video.muted ? "unmute" : "mute"));
}

applyTheme();
translate();
enableCopying();
document.title = `${stream.app}/${stream.name} · Sluice`;
byId("name").textContent = `${stream.app}/${stream.name}`;
byId<HTMLInputElement>("flv").value = addressOf(".flv").href;
byId<HTMLInputElement>("ws").value = addressOf(".flv").href.replace(/^http/, "ws");
byId<HTMLInputElement>("mp4").value = addressOf(".mp4").href;

muteButton.addEventListener("click", () => {
  video.muted = !video.muted;
  if (video.paused) void video.play().catch(() => {});
  refresh();
});
byId("full").addEventListener("click", () => void video.requestFullscreen().catch(() => {}));
video.addEventListener("click", () => {
  if (video.paused) void video.play().catch(() => {});
  else video.pause();
});
for (const radio of document.querySelectorAll<HTMLInputElement>("input[name=transport]")) {
  radio.checked = radio.value === transport;
  radio.addEventListener("change", () => void changeTransport(radio.value as Transport));
}
refresh();
setInterval(refresh, REFRESH_MS);

import { createPlayer, type Player } from "../player/index.js";
import { codecName, formatAge, formatSize } from "./format.js";
import { byId, setText } from "./page.js";
import { fetchStreams, type ListedStream, ListHidden, streamPath } from "./streams.js";
import { count, word } from "./words.js";

const POLL_MS = 1000;
const POLL_TIMEOUT_MS = 5000;
/** The registered one, which addresses leave out. */
const RTMP_PORT = 1935;
/** So many play in their cards at once: each costs a connection and a decoder. */
const MAX_PREVIEWS = 4;

interface Card {
  readonly item: HTMLLIElement;
  readonly picture: HTMLElement;
  readonly about: HTMLElement;
  preview: { readonly player: Player; readonly video: HTMLVideoElement } | undefined;
}

const list = byId<HTMLUListElement>("streams");
const cards = new Map<string, Card>();
let timer: ReturnType<typeof setTimeout> | undefined;
let shown = false;

function createCard(stream: ListedStream): Card {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.className = "card";
  link.href = `watch/${streamPath(stream)}`;
  const picture = document.createElement("div");
  picture.className = "picture";
  const hint = document.createElement("span");
  hint.textContent = word("watch");
  const badge = document.createElement("span");
  badge.className = "badge live";
  badge.textContent = word("live");
  picture.append(hint);
  const text = document.createElement("div");
  text.className = "about";
  const name = document.createElement("strong");
  name.textContent = `${stream.app}/${stream.name}`;
  const about = document.createElement("p");
  text.append(name, badge, about);
  link.append(picture, text);
  item.append(link);
  return { item, picture, about, preview: undefined };
}

function describe(stream: ListedStream): string {
  const parts = [
    stream.codecs.map(codecName).join(" + "),
    stream.width === undefined ? "" : formatSize(stream.width, stream.height),
    stream.viewers === undefined ? "" : count(stream.viewers, "viewer"),
    formatAge(Date.now() - Date.parse(stream.since)),
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function startPreview(card: Card, stream: ListedStream): void {
  const video = document.createElement("video");
  video.tabIndex = -1;
  video.setAttribute("aria-hidden", "true");
  card.picture.append(video);
  card.preview = { player: createPlayer(video, `${streamPath(stream)}.flv?audio=0`), video };
}

function stopPreview(card: Card): void {
  const { preview } = card;
  if (preview === undefined) return;
  card.preview = undefined;
  void preview.player.destroy();
  preview.video.remove();
}

function show(streams: readonly ListedStream[]): void {
  const live = new Map(streams.map((stream) => [`${stream.app}/${stream.name}`, stream]));
  for (const [key, card] of cards) {
    if (live.has(key)) continue;
    stopPreview(card);
    card.item.remove();
    cards.delete(key);
  }
  for (const [key, stream] of live) {
    let card = cards.get(key);
    if (card === undefined) {
      card = createCard(stream);
      cards.set(key, card);
      list.append(card.item);
    }
    setText(card.about, describe(stream));
  }
  let previews = 0;
  for (const [key, card] of cards) {
    const stream = live.get(key);
    const wanted = !document.hidden && stream?.width !== undefined && previews < MAX_PREVIEWS;
    if (wanted) previews += 1;
    if (wanted && card.preview === undefined) startPreview(card, stream);
    else if (!wanted) stopPreview(card);
  }
  byId("empty").hidden = live.size > 0;
  setText(byId("summary"), live.size > 0 ? count(live.size, "stream") : "");
}

/** One poll after another, so that a slow server is not asked twice. */
async function poll(): Promise<void> {
  const problem = byId("problem");
  try {
    const { streams, rtmpPort } = await fetchStreams(AbortSignal.timeout(POLL_TIMEOUT_MS));
    if (!shown) return;
    show(streams);
    if (rtmpPort !== undefined) fillPublish(rtmpPort);
    problem.hidden = true;
  } catch (error) {
    setText(problem, word(error instanceof ListHidden ? "listHidden" : "noAnswer"));
    problem.hidden = false;
  }
  if (shown) timer = setTimeout(() => void poll(), POLL_MS);
}

/** What everybody may see: which streams are live, playing in their cards. */
export function showPublic(): void {
  if (shown) return;
  shown = true;
  byId("public").hidden = false;
  void poll();
}

export function hidePublic(): void {
  shown = false;
  clearTimeout(timer);
  byId("public").hidden = true;
  setText(byId("summary"), "");
  for (const card of cards.values()) stopPreview(card);
}

/** Shows where to publish, from now on. */
export function preparePublish(): void {
  fillPublish(RTMP_PORT);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) for (const card of cards.values()) stopPreview(card);
  });
}

/** Shows where to publish; leaves alone what is right already, for it may be selected. */
function fillPublish(port: number): void {
  const host = `${location.hostname || "localhost"}${port === RTMP_PORT ? "" : `:${port}`}`;
  const server = `rtmp://${host}/live`;
  const address = byId<HTMLInputElement>("address");
  if (address.value === `${server}/mine`) return;
  address.value = `${server}/mine`;
  byId<HTMLInputElement>("obs").value = server;
  byId<HTMLTextAreaElement>("ffmpeg").value =
    "ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440 " +
    "-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac " +
    `-f flv ${server}/mine`;
}

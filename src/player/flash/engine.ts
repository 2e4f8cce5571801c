import { type Engine, type EngineEvents, unseenProgress } from "../engine.js";
import type { ConnectionEnd } from "../pipeline/pipeline.js";
import { SourceError } from "../source/source.js";

/** What the SWF calls a state, by number: see scripts/build-swf.mjs. */
const STATES = ["buffering", "playing", "waiting", "not-found", "ended"] as const;

/** The SWF calls this function of the page: `sluiceFlash(id, state, time, width, height, buffered)`. */
type Told = readonly [
  id: number,
  state: number,
  seconds: number,
  width: number,
  height: number,
  bufferedSeconds: number,
];
type FlashPage = typeof globalThis & {
  sluiceFlash?: ((...told: Told) => void) | undefined;
  /** Who listens, by id. */
  sluiceFlashes?: Map<number, (...told: Told) => void>;
};
/** Flash's own element, with the function that the SWF adds to it. */
type FlashObject = Element & { setVolume?(volume: number): void };

/**
 * Plays through Flash, or Ruffle in its place: a SWF that stands where the element was. It connects anew by itself.
 *
 * @param url of the FLV stream, http or https
 */
export function startFlashEngine(
  video: HTMLVideoElement,
  url: string,
  settings: { readonly swfUrl?: string | undefined },
  events: EngineEvents,
): Engine {
  const page = globalThis as FlashPage;
  page.sluiceFlashes ??= new Map();
  const listeners = page.sluiceFlashes;
  page.sluiceFlash ??= (...told) => listeners.get(told[0])?.(...told);
  let id = 1;
  while (listeners.has(id)) id += 1;

  const { display } = video.style;
  /** Ruffle puts an element of its own in the object's place: the box is what stays ours. */
  let box: HTMLElement | undefined;
  let settle: ((end: ConnectionEnd) => void) | undefined;
  let state: (typeof STATES)[number] = "buffering";
  let last: Told | undefined;
  const now = (): number => performance.timeOrigin + performance.now();
  const volume = (): number => (video.muted ? 0 : Math.round(100 * video.volume));

  function told(...next: Told): void {
    const before = state;
    state = STATES[next[1]] ?? "buffering";
    if (state === "not-found" && before !== state) {
      events.trouble(new SourceError("not-found", `${url}: nobody is publishing it`));
    }
    // Its time going on is all that is known of what comes in.
    if (state === "playing" && next[2] !== last?.[2]) {
      events.progress(unseenProgress(now()));
      if (before !== state) events.playing();
    }
    last = next;
  }

  function onVolume(): void {
    (box?.firstElementChild as FlashObject | null | undefined)?.setVolume?.(volume());
  }

  function end(how: ConnectionEnd): void {
    box?.remove();
    box = undefined;
    settle?.(how);
    settle = undefined;
  }

  listeners.set(id, told);
  video.addEventListener("volumechange", onVolume);
  const { clientWidth: width, clientHeight: height } = video;
  video.style.display = "none";

  return {
    get state() {
      return state === "playing" || state === "waiting" ? state : "buffering";
    },
    connect: () =>
      new Promise((resolve) => {
        settle = resolve;
        state = "buffering";
        box = document.createElement("div");
        box.className = video.className;
        box.style.cssText = video.style.cssText;
        box.style.display = display === "none" ? "block" : display;
        const object = document.createElement("object");
        object.width = String(width || 640);
        object.height = String(height || 360);
        object.type = "application/x-shockwave-flash";
        const flashvars = new URLSearchParams({ url, volume: String(volume()), id: String(id) }).toString();
        const parameters = { flashvars, allowscriptaccess: "always", wmode: "opaque", bgcolor: "#000000" };
        for (const [name, value] of Object.entries(parameters)) {
          const parameter = document.createElement("param");
          parameter.name = name;
          parameter.value = value;
          object.append(parameter);
        }
        object.data = settings.swfUrl ?? swfUrl();
        box.append(object);
        video.after(box);
      }),
    disconnect: (error) => end(error === undefined ? { kind: "disconnected" } : { kind: "failed", error }),
    say: () => {},
    stats: () => ({
      width: last?.[3] ?? 0,
      height: last?.[4] ?? 0,
      // Flash tells neither where the edge is nor what it has decoded.
      latencyMs: 1000 * (last?.[5] ?? 0),
      targetLatencyMs: 0,
      bufferMs: 1000 * (last?.[5] ?? 0),
      decodedFrames: 0,
      droppedFrames: 0,
      freezes: 0,
      frozenMs: 0,
      playbackRate: 1,
      jumps: 0,
    }),
    close() {
      listeners.delete(id);
      video.removeEventListener("volumechange", onVolume);
      video.style.display = display;
      end({ kind: "disconnected" });
    },
  };
}

/** The address of the SWF beside the player. Bundlers know this very expression. */
function swfUrl(): string {
  return new URL("../sluice.swf", import.meta.url).href;
}

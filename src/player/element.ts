/**
 * `sluice/player/element`: the player as a custom element.
 *
 * @module
 */
import { createPlayer } from "./player.js";
import type { Player, PlayerEvents, PlayerOptions, PlayerStats } from "./types.js";

/** Attributes that have the element begin anew. */
const RESTARTING = ["src", "transport", "paths", "target-latency", "reports"];
/** Attributes that the video inside has as well. */
const MIRRORED = ["muted", "controls", "poster"];
const EVENTS: readonly (keyof PlayerEvents)[] = ["tracks", "path", "playing", "reconnect", "error", "ended"];

/**
 * `<sluice-player src muted autoplay controls>`: plays while it is in the document. The player's events are DOM events
 * with the same names and what they tell in `detail`.
 */
export class SluicePlayerElement extends HTMLElement {
  static readonly observedAttributes: readonly string[] = [...RESTARTING, ...MIRRORED];
  readonly #video: HTMLVideoElement = document.createElement("video");
  #player: Player | undefined;
  #restart: Promise<void> | undefined;

  /** The element that shows the picture, for its volume and full screen. */
  get video(): HTMLVideoElement {
    return this.#video;
  }

  /** How it plays; undefined while it does not. */
  get path(): Player["path"] {
    return this.#player?.path;
  }

  /** How it fares; undefined while it does not play. */
  stats(): PlayerStats | undefined {
    return this.#player?.stats();
  }

  /** The browser's own: it is in the document. */
  connectedCallback(): void {
    if (this.shadowRoot === null) {
      const root = this.attachShadow({ mode: "open" });
      // Properties, not a style sheet: a strict policy lets no inline style through.
      for (const [name, value] of Object.entries({ width: "100%", height: "100%", display: "block" })) {
        this.#video.style.setProperty(name, value);
      }
      root.append(this.#video);
      if (this.style.display === "") this.style.display = "block";
    }
    for (const name of MIRRORED) this.#mirror(name);
    this.#begin();
  }

  /** The browser's own: it was taken out. */
  disconnectedCallback(): void {
    this.#end();
  }

  /** The browser's own. */
  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now) return;
    if (MIRRORED.includes(name)) this.#mirror(name);
    // Several at once begin anew once.
    else {
      this.#restart ??= Promise.resolve().then(() => {
        this.#restart = undefined;
        this.#end();
        if (this.isConnected) this.#begin();
      });
    }
  }

  #begin(): void {
    const src = this.getAttribute("src");
    if (this.#player !== undefined || src === null || src === "") return;
    const player = createPlayer(this.#video, src, this.#options());
    this.#player = player;
    for (const name of EVENTS) {
      player.on(name, (detail) => this.dispatchEvent(new CustomEvent(name, { detail })));
    }
  }

  #end(): void {
    void this.#player?.destroy();
    this.#player = undefined;
  }

  #options(): PlayerOptions {
    const transport = this.getAttribute("transport");
    const target = Number(this.getAttribute("target-latency") ?? Number.NaN);
    const reports = this.getAttribute("reports") ?? "";
    const paths = this.getAttribute("paths")?.split(/[\s,]+/) as PlayerOptions["paths"];
    return {
      autoplay: this.hasAttribute("autoplay"),
      muted: this.hasAttribute("muted"),
      ...(transport === "fetch" || transport === "ws" ? { transport } : {}),
      ...(Number.isFinite(target) ? { targetLatencyMs: target } : {}),
      ...(paths === undefined ? {} : { paths }),
      ...(reports === "" ? {} : { reports: reports !== "off" && reports }),
    };
  }

  #mirror(name: string): void {
    const value = this.getAttribute(name);
    if (name === "muted") this.#video.muted = value !== null;
    else if (value === null) this.#video.removeAttribute(name);
    else this.#video.setAttribute(name, value);
  }
}

/** Makes `<sluice-player>` known to the document; a second time changes nothing. */
export function defineSluicePlayer(name = "sluice-player"): void {
  if (customElements.get(name) === undefined) customElements.define(name, SluicePlayerElement);
}

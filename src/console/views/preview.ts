import { createPlayer, type Player } from "../../player/index.js";
import { make } from "./dom.js";

/** So many play at once: each costs a connection and a decoder here, and is a viewer to the server. */
const MAX_PREVIEWS = 2;

/** A small moving picture that costs nothing until it is asked for; afterwards its last picture stays as a still. */
export interface Preview {
  readonly playing: boolean;
  start(): void;
  stop(): void;
}

const playing: Preview[] = [];

/** @param box where the picture goes @param address the stream's FLV */
export function createPreview(box: HTMLElement, address: string, onChange?: () => void): Preview {
  let current: { readonly player: Player; readonly video: HTMLVideoElement } | undefined;
  const preview: Preview = {
    get playing() {
      return current !== undefined;
    },
    start() {
      if (current !== undefined) return;
      while (playing.length >= MAX_PREVIEWS) playing[0]?.stop();
      playing.push(preview);
      const video = make("video");
      video.tabIndex = -1;
      video.setAttribute("aria-hidden", "true");
      box.append(video);
      const player = createPlayer(video, `${address}?audio=0`, { muted: true, reports: false });
      current = { player, video };
      onChange?.();
    },
    stop() {
      if (current === undefined) return;
      const { player, video } = current;
      current = undefined;
      playing.splice(playing.indexOf(preview), 1);
      keepStill(box, video);
      void player.destroy();
      video.remove();
      onChange?.();
    },
  };
  return preview;
}

function keepStill(box: HTMLElement, video: HTMLVideoElement): void {
  const { videoWidth, videoHeight } = video;
  if (videoWidth === 0 || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
  const still = box.querySelector("canvas") ?? box.appendChild(make("canvas"));
  still.width = 320;
  still.height = Math.round((320 * videoHeight) / videoWidth);
  still.getContext("2d")?.drawImage(video, 0, 0, still.width, still.height);
}

/** Ends all: nobody looks. */
export function stopPreviews(): void {
  for (const preview of [...playing]) preview.stop();
}

// A component for React 18 and 19: a stream as long as it is mounted, and another one when `src` changes.
import { useEffect, useRef, useState } from "react";
import { createPlayer, type PlayerError, type PlayerOptions } from "sluice/player";

export interface LivePlayerProps {
  readonly src: string;
  /** Made anew on each render, it makes a new player each time: keep it outside, or in `useMemo`. */
  readonly options?: PlayerOptions;
  readonly onError?: (error: PlayerError) => void;
}

export function LivePlayer({ src, options, onError }: LivePlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const told = useRef(onError);
  const [state, setState] = useState("connecting");
  // Another listener is no reason to begin anew.
  useEffect(() => {
    told.current = onError;
  });

  useEffect(() => {
    if (video.current === null) return;
    const player = createPlayer(video.current, src, options);
    player.on("playing", () => setState("playing"));
    player.on("reconnect", () => setState("connecting"));
    player.on("error", (error) => told.current?.(error));
    // StrictMode mounts twice in development: all of the first is released.
    return () => void player.destroy();
  }, [src, options]);

  return (
    <figure>
      {/* biome-ignore lint/a11y/useMediaCaption: a live stream carries none */}
      <video ref={video} controls width={640} />
      <figcaption>{state}</figcaption>
    </figure>
  );
}

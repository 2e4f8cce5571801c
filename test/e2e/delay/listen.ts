// Runs in the page, as part of watch.ts: hears the stream's clock in its sound.
import type { HeardTone } from "./tone-code.js";

/** A tone that was heard. Milliseconds: `at` on the page's clock, `clock` on the stream's, modulo TONE_ROUND_MS. */
export interface Heard {
  readonly at: number;
  readonly clock: number;
}

/**
 * Listens to an element, and to whatever the page plays through an AudioContext of its own.
 *
 * @param tapScript the address of tap.ts, bundled
 */
export function listen(video: HTMLVideoElement, tapScript: string, hear: (heard: Heard) => void): () => void {
  const connect = AudioNode.prototype.connect as (this: AudioNode, to: AudioNode) => AudioNode;
  const own = new AudioContext({ latencyHint: "interactive" });
  const source = own.createMediaElementSource(video);

  async function tap(node: AudioNode): Promise<void> {
    const context = node.context as AudioContext;
    await context.audioWorklet.addModule(tapScript);
    const tapped = new AudioWorkletNode(context, "tap");
    tapped.port.onmessage = ({ data }: MessageEvent<HeardTone>) => {
      const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp();
      // What a media element plays into a context counts as heard when it is asked for: Chromium knows of no delay
      // there. What a page plays itself, it can time to when it leaves the loudspeaker.
      const latency = context === own ? context.outputLatency * 1000 : 0;
      hear({ at: performanceTime + (data.at - contextTime) * 1000 - latency, clock: data.clock });
    };
    connect.call(node, tapped);
    // A node that leads nowhere is not run.
    const silence = context.createGain();
    silence.gain.value = 0;
    connect.call(tapped, silence);
    connect.call(silence, context.destination);
  }

  const { prototype } = AudioNode as unknown as { prototype: { connect: typeof connect } };
  prototype.connect = function (this: AudioNode, to) {
    if (to instanceof AudioDestinationNode) void tap(this);
    return connect.call(this, to);
  };
  void tap(source);
  return () => {
    prototype.connect = connect;
    void own.close();
  };
}

import type { Codec } from "../../abr/types.js";
import { chooseEncoderFor } from "../../av/ffmpeg/choose-encoder.js";
import type { Hardware } from "../../av/task.js";
import type { Logger } from "../contract/logger.js";
import { LIVE_ENCODERS, liveEncoderArgs } from "./live-encoder.js";

export interface EncoderChoiceInit {
  /** FFmpeg: a path, or a name to look for in PATH. */
  readonly program: string;
  readonly hardware: Hardware;
  readonly log: Logger;
  /** Ends what is being tried. */
  readonly signal: AbortSignal;
}

/** Which of FFmpeg's encoders makes a codec. */
export interface EncoderChoice {
  /**
   * FFmpeg's name of the encoder. Hardware is tried once, and then taken for what it was.
   *
   * @throws AvError `unsupported` where there is none, `no-engine` where FFmpeg is not there
   */
  choose(codec: Codec): Promise<string>;
  /** It has failed: the next time all is tried anew. Hardware may have gone, or have no room for one more. */
  forget(codec: Codec): void;
}

const MEMORY_BYTES = 1024 ** 3;
/** Any will do for a trial, bits per second. */
const TRIAL_BITRATE = 1_000_000;

export function createEncoderChoice({ program, hardware, log, signal }: EncoderChoiceInit): EncoderChoice {
  const choices = new Map<Codec, Promise<string>>();

  async function find(codec: Codec): Promise<string> {
    const software = LIVE_ENCODERS[codec];
    const args = (encoder: string): string[] =>
      liveEncoderArgs(encoder, { bitrate: TRIAL_BITRATE, frameRate: undefined });
    const limits = { timeoutMs: 0, stallTimeoutMs: 0, memoryBytes: MEMORY_BYTES };
    const { encoder, notes } = await chooseEncoderFor(
      program,
      { codec, hardware, software, args },
      { signal, limits },
    );
    for (const note of notes)
      log.warn({ codec, encoder, detail: note }, "renditions are encoded in software");
    if (!software.includes(encoder)) log.info({ codec, encoder }, "renditions are encoded in hardware");
    return encoder;
  }

  return {
    choose(codec) {
      const known = choices.get(codec);
      if (known !== undefined) return known;
      const choice = find(codec);
      choices.set(codec, choice);
      choice.catch(() => choices.delete(codec));
      return choice;
    },
    forget: (codec) => void choices.delete(codec),
  };
}

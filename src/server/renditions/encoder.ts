import { AvError, INSTALL_FFMPEG } from "../../av/error.js";
import { type Child, runChild } from "../../av/process.js";
import { type PacketReader, readPackets } from "../../hub/packet-reader.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import { Refused } from "../../hub/refused.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Stream } from "../../hub/stream.js";
import { ByteWriter } from "../../media/bytes/writer.js";
import { createFlvDemuxer } from "../../media/format/flv/demuxer.js";
import { fmp4Format } from "../../media/format/mp4/muxer.js";
import type { Muxer } from "../../media/model/container.js";
import { type Packet, sameConfig } from "../../media/model/packet.js";
import type { Track, VideoTrack } from "../../media/model/track.js";
import { ffmpegArguments, type MadeRendition } from "./ffmpeg-arguments.js";
import { madeOrigin } from "./origin.js";
import { Retimer } from "./retimer.js";

export interface EncoderInit {
  readonly rendition: MadeRendition;
  readonly source: Stream;
  /** FFmpeg: a path, or a name to look for in PATH. */
  readonly program: string;
  readonly scheduler: Scheduler;
  /** Takes the rendition's name. @throws Refused */
  readonly publish: (init: PublisherInit) => Promise<Publisher>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Why it ended.
 *
 * - `source`: nothing more comes from the source
 * - `changed`: the source's picture is another now: begin anew
 * - `taken`: somebody else publishes the rendition
 */
export type EncoderEnd = "source" | "changed" | "taken";

/** An encoder that has taken in so much media and given nothing back is stuck: microseconds. */
const STUCK_MICROS = 15_000_000;
/** 4K takes 600 MB. */
const MEMORY_BYTES = 2 * 1024 ** 3;
/** Sound that waits for its picture. */
const MAX_SOUNDS = 2_000;

/**
 * Makes one rendition of a stream, in a process of its own: the picture goes through FFmpeg, the sound goes past it as it
 * is. Times and places of key frames are the source's. Settles when the process is gone and the name given back.
 *
 * An encoder that is too slow is a slow reader like any other: over `maxLagMs` it skips to a key frame.
 *
 * @throws Refused where the source is not live any more; AvError where FFmpeg fails, is stuck or is not there; MediaError for what it should not have written
 */
export async function encodeRendition(init: EncoderInit): Promise<EncoderEnd> {
  const { rendition, source, program, signal } = init;
  const over = new AbortController();
  const selection = { video: true, audio: true };
  const reader = readPackets(
    // No viewer, and nothing for it to wait for once the source has gone.
    (sink) => source.subscribe({ format: undefined, selection, sink, onePublication: true }),
    over.signal,
  );
  const stop = (): void => over.abort(signal.reason);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const hasSound = source.tracks.some(({ kind }) => kind === "audio");
  const child = runChild({
    name: "ffmpeg",
    command: program,
    args: ffmpegArguments(rendition, hasSound),
    stdin: true,
    signal: over.signal,
    timeoutMs: 0,
    stallTimeoutMs: 0,
    memoryBytes: MEMORY_BYTES,
    // Viewers of the source go before those who want another.
    background: true,
  });
  const output = new Output(init, over);
  try {
    const feeding = feedPicture(reader, child, output);
    feeding.catch((error: unknown) => over.abort(error));
    for await (const bytes of child.stdout) {
      await output.take(bytes);
      if (output.isTaken) return "taken";
    }
    const { code, stderr } = await child.done;
    const end = await feeding;
    if (end === undefined || code !== 0) {
      throw new AvError("failed", `ffmpeg ended with ${code}: ${lastLine(stderr)}`);
    }
    return end;
  } catch (error) {
    // What ended it from outside goes before what came of that.
    if (output.isTaken) return "taken";
    if (signal.aborted) return "source";
    const cause = over.signal.aborted ? over.signal.reason : error;
    if (!(cause instanceof AvError) || cause.code !== "no-engine") throw cause;
    throw new AvError("no-engine", `${cause.message}. ${INSTALL_FFMPEG}, or say where it is: SLUICE_FFMPEG`, {
      cause,
    });
  } finally {
    over.abort();
    signal.removeEventListener("abort", stop);
    await child.done.catch(() => {});
    output.end();
  }
}

/**
 * Gives the encoder the picture, and the output the sound.
 *
 * @returns undefined where the encoder takes no more
 */
async function feedPicture(
  reader: PacketReader,
  child: Child,
  output: Output,
): Promise<"source" | "changed" | undefined> {
  const format = fmp4Format();
  let muxer: Muxer | undefined;
  let track: Track | undefined;
  let gone = false;
  const leave = (): void => {
    gone = true;
    void reader.return?.();
  };
  child.done.then(leave, leave);
  for (;;) {
    const packets = await reader.nextBatch();
    if (packets === undefined) break;
    const out = new ByteWriter();
    for (const packet of packets) {
      if (packet.track.kind === "audio") output.sound(packet);
      if (packet.track.kind !== "video") continue;
      if (track === undefined || muxer === undefined) {
        if (!packet.key) continue;
        track = packet.track;
        muxer = format.createMuxer({ tracks: [track], metadata: {}, zero: packet.dts });
        output.begin(packet.dts);
        out.write(muxer.start([track], packet.dts));
      } else if (!sameConfig(track, packet.track)) {
        child.endInput();
        leave();
        return "changed";
      }
      output.fed(packet);
      muxer.write(packet, out);
    }
    muxer?.flush(out);
    if (out.length > 0) await child.write(out.finish());
    output.checkProgress();
  }
  child.endInput();
  return gone ? undefined : "source";
}

/** What comes out of the encoder, put together with the sound, and published. */
class Output {
  readonly #init: EncoderInit;
  readonly #over: AbortController;
  readonly #retimer = new Retimer();
  readonly #pictures: Packet[] = [];
  readonly #demuxer = createFlvDemuxer({
    track: (track) => {
      if (track.kind === "video") this.#track = track;
    },
    packet: (packet) => {
      if (packet.track.kind === "video") this.#pictures.push(packet);
    },
  });
  #track: VideoTrack | undefined;
  #sounds: Packet[] = [];
  /** What the encoder has as 0, microseconds on the timeline. */
  #zero = 0;
  #publisher: Publisher | undefined;
  #taken = false;

  constructor(init: EncoderInit, over: AbortController) {
    this.#init = init;
    this.#over = over;
  }

  /** Whether somebody else has the rendition's name. */
  get isTaken(): boolean {
    return this.#taken;
  }

  begin(zero: number): void {
    this.#zero = zero;
  }

  fed({ dts, pts, receivedAt }: Packet): void {
    this.#retimer.add({ dts, pts, receivedAt });
  }

  sound(packet: Packet): void {
    this.#sounds.push(packet);
    if (this.#sounds.length > MAX_SOUNDS) this.#sounds.shift();
  }

  /** @throws AvError `timeout` */
  checkProgress(): void {
    if (this.#retimer.span > STUCK_MICROS)
      throw new AvError("timeout", "ffmpeg takes in pictures and gives none back");
  }

  /** @throws MediaError */
  async take(bytes: Uint8Array): Promise<void> {
    this.#demuxer.push(bytes, 0);
    const publisher = this.#publisher ?? (await this.#publish());
    if (publisher === undefined) return;
    for (const picture of this.#pictures.splice(0)) {
      const times = this.#retimer.take(picture.pts + this.#zero);
      if (times === undefined) continue;
      for (const sound of this.#soundsBefore(times.dts)) publisher.write(sound);
      publisher.write({ ...picture, ...times });
    }
  }

  end(): void {
    this.#publisher?.end("unpublished");
  }

  /** Takes the name, once there is something to publish. */
  async #publish(): Promise<Publisher | undefined> {
    const track = this.#track;
    if (track === undefined || this.#pictures.length === 0 || this.#taken) return undefined;
    const { source, publish } = this.#init;
    const end = (reason: string): void => {
      if (reason === "unpublished") return;
      this.#taken = true;
      this.#over.abort();
    };
    try {
      const publisher = await publish({ madeFrom: source.name, origin: madeOrigin(source.name), onEnd: end });
      const sound = source.tracks.find(({ kind }) => kind === "audio");
      publisher.describe({}, { video: true, audio: sound !== undefined });
      publisher.track(track);
      if (sound !== undefined) publisher.track(sound);
      this.#publisher = publisher;
      return publisher;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#taken = true;
      return undefined;
    }
  }

  #soundsBefore(dts: number): readonly Packet[] {
    const after = this.#sounds.findIndex((sound) => sound.dts >= dts);
    return this.#sounds.splice(0, after < 0 ? this.#sounds.length : after);
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

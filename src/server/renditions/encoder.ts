import { AvError, INSTALL_FFMPEG } from "../../av/error.js";
import { type Child, runChild } from "../../av/process.js";
import { type PacketReader, readPackets } from "../../hub/packet-reader.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { Stream } from "../../hub/stream.js";
import { ByteWriter } from "../../media/bytes/writer.js";
import { fmp4Format } from "../../media/format/mp4/muxer.js";
import type { Muxer } from "../../media/model/container.js";
import { sameConfig } from "../../media/model/packet.js";
import type { Track } from "../../media/model/track.js";
import type { EncoderChoice } from "./encoder-choice.js";
import { type EncoderSource, ffmpegArguments, type MadeRendition } from "./ffmpeg-arguments.js";
import { EncoderOutput } from "./output.js";

export interface EncoderInit {
  readonly rendition: MadeRendition;
  readonly source: Stream;
  /** FFmpeg: a path, or a name to look for in PATH. */
  readonly program: string;
  readonly encoders: EncoderChoice;
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

/** 4K takes 600 MB. */
const MEMORY_BYTES = 2 * 1024 ** 3;

/**
 * Makes one rendition of a stream, in a process of its own: the picture goes through FFmpeg, the sound goes past it as it
 * is. Times and places of key frames are the source's. Settles when the process is gone and the name given back.
 *
 * An encoder that is too slow is a slow reader like any other: over `maxLagMs` it skips to a key frame.
 *
 * @throws Refused where the source is not live any more; AvError where FFmpeg fails, is stuck or is not there; MediaError for what it should not have written
 */
export async function encodeRendition(init: EncoderInit): Promise<EncoderEnd> {
  const { codec = "h264" } = init.rendition;
  try {
    const encoder = await init.encoders.choose(codec);
    return init.signal.aborted ? "source" : await encode(init, encoder);
  } catch (error) {
    if (init.signal.aborted) return "source";
    init.encoders.forget(codec);
    if (!(error instanceof AvError) || error.code !== "no-engine") throw error;
    throw new AvError("no-engine", `${error.message}. ${INSTALL_FFMPEG}, or say where it is: SLUICE_FFMPEG`, {
      cause: error,
    });
  }
}

/** @param encoder FFmpeg's name of it */
async function encode(init: EncoderInit, encoder: string): Promise<EncoderEnd> {
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
  const child = runChild({
    name: "ffmpeg",
    command: program,
    args: ffmpegArguments(rendition, encoder, describe(source)),
    stdin: true,
    signal: over.signal,
    timeoutMs: 0,
    stallTimeoutMs: 0,
    memoryBytes: MEMORY_BYTES,
    // Viewers of the source go before those who want another.
    background: true,
  });
  const output = new EncoderOutput(init, over);
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
    throw over.signal.aborted ? over.signal.reason : error;
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
  output: EncoderOutput,
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

function describe({ tracks }: Stream): EncoderSource {
  const video = tracks.find((track) => track.kind === "video");
  return { hasSound: tracks.some(({ kind }) => kind === "audio"), frameRate: video?.config.frameRate };
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

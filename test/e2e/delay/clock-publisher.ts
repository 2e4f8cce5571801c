import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { drawClock } from "./clock-code.js";
import { soundAt } from "./tone-code.js";

export interface ClockOptions {
  readonly width?: number;
  readonly height?: number;
  /** Pictures a second. */
  readonly rate?: number;
  /** Seconds between key frames. */
  readonly gopSeconds?: number;
  /** Leaves pictures out where FFmpeg does not keep up, instead of giving up: for who measures nothing. */
  readonly patient?: boolean;
}

export interface ClockPublisher {
  /** Ends FFmpeg and settles when it is gone. */
  stop(): Promise<void>;
  /** Settles with what FFmpeg complained about when it has ended by itself. */
  readonly ended: Promise<string>;
}

const SAMPLE_RATE = 48_000;
/** A pipe that takes no more for this many pictures: FFmpeg does not keep up, and the figures would be its delay. */
const MAX_BEHIND = 50;

/**
 * Publishes pictures that carry the moment they were made, by FFmpeg over RTMP: the encoder's delay is in what a viewer
 * reads from them. Pictures and sound carry the stream's own clock too: how far apart they are is there to be read.
 */
export function publishClock(url: string, options: ClockOptions = {}): ClockPublisher {
  const { width = 640, height = 360, rate = 25, gopSeconds = 2, patient = false } = options;
  const raw = ["-probesize", "32", "-analyzeduration", "0", "-thread_queue_size", "64"];
  const picture = `-f rawvideo -pix_fmt yuv420p -video_size ${width}x${height} -framerate ${rate} -i pipe:0`;
  const sound = `-f s16le -ar ${SAMPLE_RATE} -ac 1 -i pipe:3`;
  const video = `-c:v libx264 -preset ultrafast -tune zerolatency -b:v 1M -g ${rate * gopSeconds} -bf 0`;
  const output = "-c:a aac -b:a 64k -flush_packets 1 -f flv";
  const args = ["-v", "error", "-nostdin"].concat(
    raw,
    picture.split(" "),
    raw,
    sound.split(" "),
    video.split(" "),
    output.split(" "),
    url,
  );
  const child = spawn("ffmpeg", args, { stdio: ["pipe", "ignore", "pipe", "pipe"] });
  const [pictures, , errors, sounds] = child.stdio as unknown as [Writable, null, Readable, Writable];
  let complaints = "";
  errors.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  // FFmpeg's end tells more than a broken pipe.
  pictures.on("error", () => {});
  sounds.on("error", () => {});

  const luma = width * height;
  const still = Buffer.alloc((luma * 3) / 2, 128);
  const samples = SAMPLE_RATE / rate;
  const begun = performance.now();
  let due = 0;
  /** FFmpeg counts pictures, so the stream's clock does. */
  let drawn = 0;
  const timer = setInterval(() => {
    for (; due <= Math.floor(((performance.now() - begun) * rate) / 1000); due += 1) {
      if (pictures.writableLength > MAX_BEHIND * still.length) {
        if (patient) continue;
        child.kill("SIGKILL");
      }
      pictures.write(drawPicture(still, width, height, drawn, (drawn * 1000) / rate));
      sounds.write(soundOf(drawn * samples, samples));
      drawn += 1;
    }
  }, 4);

  const gone = once(child, "close");
  const ended = gone.then(() => {
    clearInterval(timer);
    return complaints;
  });
  return {
    ended,
    async stop() {
      clearInterval(timer);
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** The clocks above a bright block that moves. */
function drawPicture(still: Buffer, width: number, height: number, index: number, ms: number): Buffer {
  const frame = Buffer.from(still);
  const size = Math.round(height / 4);
  const left = (index * 6) % (width - size);
  for (let y = height - 2 * size; y < height - size; y += 1) {
    const start = y * width + left;
    frame.fill(60 + (y % 64) * 2, start, start + size);
  }
  const plane = frame.subarray(0, width * height);
  drawClock(plane, width, height, "media", ms);
  drawClock(plane, width, height, "wall", Date.now());
  return frame;
}

/** Signed 16-bit samples. */
function soundOf(from: number, count: number): Buffer {
  const out = Buffer.alloc(count * 2);
  for (let i = 0; i < count; i += 1) {
    out.writeInt16LE(Math.round(32_767 * soundAt(from + i, SAMPLE_RATE)), i * 2);
  }
  return out;
}

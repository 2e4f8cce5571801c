import type { Packet } from "../../media/model/packet.js";
import type { VideoTrack } from "../../media/model/track.js";

/** Decoded pictures are the decoder's own memory: it stops when it has lent so many. */
const MAX_AHEAD = 8;
/** Encoded pictures that wait for the decoder: beyond this all up to the next key frame is left out. */
const MAX_PENDING = 600;
/** A picture that stands longer than this is a freeze, milliseconds. */
const FREEZE_MS = 200;

export interface PictureStats {
  width: number;
  height: number;
  decodedFrames: number;
  droppedFrames: number;
  freezes: number;
  frozenMs: number;
}

/** Decodes pictures and paints each when it is due. */
export class Picture {
  readonly canvas: HTMLCanvasElement = document.createElement("canvas");
  readonly stats: PictureStats = {
    width: 0,
    height: 0,
    decodedFrames: 0,
    droppedFrames: 0,
    freezes: 0,
    frozenMs: 0,
  };
  readonly #context = this.canvas.getContext("2d", { alpha: false, desynchronized: true });
  readonly #failed: (message: string) => void;
  #decoder: VideoDecoder | undefined;
  #track: VideoTrack | undefined;
  #pending: Packet[] = [];
  #frames: VideoFrame[] = [];
  #waitsForKey = true;
  #paintedAt: number | undefined;

  constructor(failed: (message: string) => void) {
    this.#failed = failed;
  }

  /** Whether a picture has come to the screen since the beginning or the last restart. */
  get begun(): boolean {
    return this.#paintedAt !== undefined;
  }

  /** Milliseconds since the last picture was painted. */
  stoodFor(now: number): number {
    return this.#paintedAt === undefined ? 0 : now - this.#paintedAt;
  }

  push(packet: Packet): void {
    if (this.#waitsForKey && !packet.key) return;
    this.#waitsForKey = false;
    this.#pending.push(packet);
    if (this.#pending.length > MAX_PENDING) {
      this.stats.droppedFrames += this.#pending.length;
      this.#pending = [];
      this.#waitsForKey = true;
    }
    this.#pump();
  }

  /** Paints what is due. @param due milliseconds on the media's clock @param now milliseconds */
  paint(due: number, now: number): void {
    let chosen: VideoFrame | undefined;
    while (this.#frames[0] !== undefined && (this.#frames[0].timestamp <= due * 1000 || !this.begun)) {
      if (chosen !== undefined) this.#skip(chosen);
      chosen = this.#frames.shift();
      if (!this.begun && chosen !== undefined) break;
    }
    if (chosen !== undefined) {
      this.#show(chosen, now);
      chosen.close();
    }
    this.#pump();
  }

  /** Another connection: what waits is not continued. */
  restart(): void {
    for (const frame of this.#frames) frame.close();
    this.#frames = [];
    this.#pending = [];
    this.#waitsForKey = true;
    this.#closeDecoder();
  }

  close(): void {
    this.restart();
    this.canvas.remove();
  }

  #pump(): void {
    while (this.#pending.length > 0) {
      if (this.#frames.length + (this.#decoder?.decodeQueueSize ?? 0) >= MAX_AHEAD) return;
      const packet = this.#pending.shift() as Packet;
      if (packet.track !== this.#track || this.#decoder === undefined)
        this.#configure(packet.track as VideoTrack);
      try {
        this.#decoder?.decode(
          new EncodedVideoChunk({
            type: packet.key ? "key" : "delta",
            timestamp: packet.pts,
            data: packet.data as Uint8Array<ArrayBuffer>,
          }),
        );
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  #configure(track: VideoTrack): void {
    this.#track = track;
    this.#decoder ??= new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => this.#fail(error),
    });
    const { codec, description, codedWidth, codedHeight } = track.config;
    this.#decoder.ondequeue = () => this.#pump();
    this.#decoder.configure({
      codec,
      codedWidth,
      codedHeight,
      optimizeForLatency: true,
      ...(description === undefined ? {} : { description: description as Uint8Array<ArrayBuffer> }),
    });
  }

  #output(frame: VideoFrame): void {
    this.stats.decodedFrames += 1;
    this.#frames.push(frame);
    // In a page that is not seen nothing is painted: what the decoder lends has to come back all the same.
    while (this.#frames.length > MAX_AHEAD) this.#skip(this.#frames.shift() as VideoFrame);
    this.#pump();
  }

  #show(frame: VideoFrame, now: number): void {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.#context?.drawImage(frame, 0, 0, width, height);
    this.stats.width = width;
    this.stats.height = height;
    const stood = this.stoodFor(now);
    if (stood > FREEZE_MS) {
      this.stats.freezes += 1;
      this.stats.frozenMs += stood;
    }
    this.#paintedAt = now;
  }

  #skip(frame: VideoFrame): void {
    this.stats.droppedFrames += 1;
    frame.close();
  }

  #fail(error: unknown): void {
    this.restart();
    this.#failed(error instanceof Error ? error.message : String(error));
  }

  #closeDecoder(): void {
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
    this.#track = undefined;
  }
}

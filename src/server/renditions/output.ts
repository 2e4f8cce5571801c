import { AvError } from "../../av/error.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import { Refused } from "../../hub/refused.js";
import type { Stream } from "../../hub/stream.js";
import { createFlvDemuxer } from "../../media/format/flv/demuxer.js";
import { createNutDemuxer } from "../../media/format/nut/demuxer.js";
import type { Demuxer } from "../../media/model/container.js";
import type { Packet } from "../../media/model/packet.js";
import type { VideoTrack } from "../../media/model/track.js";
import type { MadeRendition } from "./ffmpeg-arguments.js";
import { madeOrigin } from "./origin.js";
import { Retimer } from "./retimer.js";

export interface EncoderOutputInit {
  readonly rendition: MadeRendition;
  readonly source: Stream;
  /** Takes the rendition's name. @throws Refused */
  readonly publish: (init: PublisherInit) => Promise<Publisher>;
}

/** An encoder that has taken in so much media and given nothing back is stuck: microseconds. */
const STUCK_MICROS = 15_000_000;
/** Sound that waits for its picture. */
const MAX_SOUNDS = 2_000;

/** What comes out of the encoder, put together with the sound, and published. */
export class EncoderOutput {
  readonly #init: EncoderOutputInit;
  readonly #over: AbortController;
  readonly #retimer = new Retimer();
  readonly #pictures: Packet[] = [];
  readonly #demuxer: Demuxer;
  #track: VideoTrack | undefined;
  #sounds: Packet[] = [];
  /** What the encoder has as 0, microseconds on the timeline. */
  #zero = 0;
  #publisher: Publisher | undefined;
  #taken = false;

  constructor(init: EncoderOutputInit, over: AbortController) {
    this.#init = init;
    this.#over = over;
    const createDemuxer = (init.rendition.codec ?? "h264") === "h264" ? createFlvDemuxer : createNutDemuxer;
    this.#demuxer = createDemuxer({
      track: (track) => {
        if (track.kind === "video") this.#track = track;
      },
      packet: (packet) => {
        if (packet.track.kind === "video") this.#pictures.push(packet);
      },
    });
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

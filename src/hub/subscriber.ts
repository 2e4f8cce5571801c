import type { Track } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import { Crossing } from "./crossing.js";
import type { ReaderState } from "./fan-out.js";
import { Given } from "./given.js";
import type { Move } from "./move.js";
import type { Packager } from "./packager.js";
import type { HubReason } from "./reason.js";
import type { Scheduler } from "./scheduler.js";
import type { Acceptor, Sink } from "./sink.js";
import { TransportHold } from "./transport-hold.js";

/** A reader of one variant: a cursor into its packager's batches. */
export class Subscriber {
  #packager: Packager;
  readonly #sink: Sink;
  /** What live batches go to. */
  #direct: Acceptor;
  readonly #scheduler: Scheduler;
  #onGone: (subscriber: Subscriber) => void;
  #state: ReaderState = "seeking";
  /** The next batch it needs. */
  #cursor = 0;
  /** The configurations it has been told; undefined before the first. */
  #known: readonly Track[] | undefined;
  /** Bytes to go before the batch at the cursor. */
  #preamble: Batch | undefined;
  /** It has never caught up since it joined: it may be as far behind as the cache reaches. */
  #joining = true;
  #progressAt: number;
  /** Where what it has been given ends. */
  readonly #given = new Given();
  /** What has become of the bytes that its sink took. */
  readonly #transport: TransportHold;
  #finishing: HubReason | undefined;
  #pumping = false;
  /** Where it is to go on, once anybody has asked that of it. */
  #crossing: Crossing | undefined;
  /** Frames that it was offered elsewhere, less those that there had been where it is now. */
  #offeredBefore = 0;

  constructor(
    packager: Packager,
    sink: Sink,
    scheduler: Scheduler,
    onGone: (subscriber: Subscriber) => void,
  ) {
    this.#packager = packager;
    this.#sink = sink;
    this.#direct = sink;
    this.#scheduler = scheduler;
    this.#onGone = onGone;
    this.#progressAt = scheduler.now();
    this.#transport = new TransportHold(this.#progressAt);
  }

  /** Milliseconds of media between what has reached its peer, as far as is known, and the newest. */
  get lagMs(): number {
    return this.#waitingMs + this.#transport.heldMicros / 1000;
  }

  /** The part of it that has been handed on and that its transport holds, as far as is known. */
  get heldMs(): number {
    return this.#transport.heldMicros / 1000;
  }

  /** Frames that its variant has had so far, whether it got them or not. */
  get offeredFrames(): number {
    return this.#offeredBefore + this.#packager.total.frames;
  }

  /** What has reached its peer lately, bits per second; undefined where that was all there is, or nobody tells. */
  get deliveredBitrate(): number | undefined {
    return this.#transport.deliveredBitrate;
  }

  /** What it reads from. */
  get packager(): Packager {
    return this.#packager;
  }

  /** Milliseconds of media between what it has been given and the newest. */
  get #waitingMs(): number {
    const { ring } = this.#packager;
    if (ring.head === undefined) return 0;
    if (this.#state === "seeking" && this.#given.begun) return (ring.head.dts - this.#given.dts) / 1000;
    const next = this.#state === "behind" ? ring.at(this.#cursor) : undefined;
    return next === undefined ? 0 : (ring.head.dts - next.dts) / 1000;
  }

  get ended(): boolean {
    return this.#state === "gone";
  }

  /** Starts, or goes on after a gap, at the batch `seq`; without one it waits for the next random access point. */
  begin(seq: number | undefined): void {
    if (seq === undefined) {
      this.#file("seeking");
      return;
    }
    this.#progressAt = this.#scheduler.now();
    this.#file("behind");
    this.#pump(seq);
  }

  /** A new batch, to a reader that has had all before it. The whole cost of a viewer is in here. */
  deliver(batch: Batch): void {
    // A reader that came or caught up while this batch was on its way has had it from the ring already.
    if (batch.seq < this.#cursor) return;
    if (this.#direct.accept(batch) === "ok") {
      this.#cursor = batch.seq + 1;
      if (batch.frames === 0) this.#known = batch.tracks;
      return;
    }
    this.#cursor = batch.seq;
    this.#given.before(batch);
    this.#progressAt = this.#scheduler.now();
    this.#file("behind");
  }

  /** From now on its sink sees every batch itself again, until it has been behind. */
  detour(): void {
    this.#direct = this.#sink;
  }

  /**
   * Goes on in another stream's packager: at the first key frame of the picture that is at one moment in both, and where
   * both can be cut for all tracks. It gets all of the old one before it, then the configurations that differ, then all of
   * the new one from it on. Until there is such a key frame the old one goes on; where the new one is later than the old
   * one, the reader waits for it, for up to two seconds. Takes the place of what was asked before.
   */
  move(move: Move): void {
    if (this.#state === "gone") {
      move.abandoned(this);
      return;
    }
    this.#crossing ??= new Crossing(this, this.#scheduler);
    this.#crossing.ask(move);
    // Whoever has caught up is asked nothing: this one looks at each batch, for as long as it takes.
    this.#direct = {
      accept: (batch) => {
        if (!batch.key || this.#wayAt(batch) === undefined) return this.#live.accept(batch);
        this.#scheduler.defer(() => this.resume());
        return "busy";
      },
    };
  }

  /** Stays where it is: what was asked of it is not to happen any more. */
  stay(): void {
    if (this.#crossing?.move === undefined) return;
    this.#direct = this.#live;
    this.#crossing.giveUp();
  }

  /** Where it is to go on, something has come. */
  look(): void {
    if (this.#crossing?.waits === true) this.resume();
  }

  /** The sink can take more. */
  resume(): void {
    if (this.#state === "behind" && !this.#transport.held) this.#pump();
  }

  /**
   * What has become of the bytes that its sink took; told now and then where a transport hides how slow a peer is. Over
   * the bound of the lag it gets nothing more until half of that is out, and goes on at a key frame.
   *
   * @param queued bytes that have not reached the peer
   * @param arrived bytes that have, since it began
   */
  observe(queued: number, arrived: number): void {
    if (this.#state === "gone") return;
    const { options, ring } = this.#packager;
    const verdict = this.#transport.observe(
      {
        queued,
        arrived,
        now: this.#scheduler.now(),
        mediaMicrosPerByte: ring.microsPerByte,
        waitingMs: this.#waitingMs,
        canHold: this.#state === "ready" || this.#state === "behind",
      },
      options,
    );
    if (verdict === "stuck") this.close("too-slow");
    else if (verdict === "hold") this.#hold();
    else if (verdict !== undefined) {
      this.#progressAt = Math.max(this.#progressAt, this.#transport.movedAt);
      if (verdict === "go-on") this.#goOn();
    }
  }

  /** After its transport held too much: at the newest key frame, where what has come since that would be in time. */
  #goOn(): void {
    const { newestKey: key, head } = this.#packager.ring;
    if (key === undefined || head === undefined || key.seq <= this.#cursor) {
      this.#pump();
      return;
    }
    const bytes = head.totalBytes - key.totalBytes + key.size;
    const lateMicros = this.#transport.heldMicros + bytes * this.#transport.microsPerByte;
    if (lateMicros <= this.#packager.options.maxLagMs * 1000) this.#pump(key.seq);
    else this.begin(undefined);
  }

  #hold(): void {
    this.#given.blame("transport");
    if (this.#state === "behind") return;
    const { ring, total } = this.#packager;
    const next = ring.at(this.#cursor);
    if (next === undefined) this.#given.upTo(total.frames, total.bytes, ring.head?.dts ?? 0);
    else this.#given.before(next);
    this.#progressAt = this.#scheduler.now();
    this.#file("behind");
  }

  /** Ends it once it has what is kept for it; at once if it is not behind. */
  finish(reason: HubReason): void {
    if (this.#state !== "behind") {
      this.close(reason);
      return;
    }
    this.#finishing ??= reason;
    // It may have been waiting.
    this.stay();
  }

  /** Ends it now. Idempotent. */
  close(reason: HubReason): void {
    if (this.#state === "gone") return;
    this.stay();
    const passedOver = this.#state === "seeking" && this.#given.begun;
    this.#file("gone");
    this.#preamble = undefined;
    this.#onGone(this);
    try {
      const { frames, bytes } = this.#packager.total;
      if (passedOver) this.#missed(frames, bytes, this.#packager.ring.head?.dts ?? this.#given.dts);
      this.#sink.end(reason);
    } catch (error) {
      this.#packager.report(error);
    }
  }

  /** Its sink threw: nobody else may notice. */
  fail(error: unknown): void {
    this.#packager.report(error);
    this.close("internal");
  }

  /** Closes it when its sink has taken nothing for too long. @param now the scheduler's clock, microseconds */
  checkProgress(now: number): void {
    if (now - this.#progressAt > this.#packager.options.stallTimeoutMs * 1000) this.close("too-slow");
  }

  /** Hands over what the sink takes. @param start the batch to pass over to first */
  #pump(start?: number): void {
    // A sink may call resume from within accept: the loop below goes on anyway.
    if (this.#pumping) return;
    this.#packager.handingOut(() => this.#pumpOn(start));
  }

  #pumpOn(start: number | undefined): void {
    this.#pumping = true;
    const { readers } = this.#packager;
    readers.enter();
    try {
      if (start !== undefined) this.#goTo(start);
      // Who joins gets some seconds' batches: one by one they would cost more than that viewer's next minute.
      this.#sink.cork?.();
      try {
        while (this.#state === "behind" && this.#step());
      } finally {
        this.#sink.uncork?.();
      }
    } catch (error) {
      this.fail(error);
    }
    this.#pumping = false;
    readers.leave();
  }

  /** Hands over one batch; false where it must wait. */
  #step(): boolean {
    const { ring } = this.#packager;
    if (this.#cursor >= ring.nextSeq) {
      this.#joining = false;
      if (this.#crossing?.move === undefined) this.#direct = this.#live;
      if (this.#finishing === undefined) this.#file("ready");
      else this.close(this.#finishing);
      return false;
    }
    const batch = ring.at(this.#cursor);
    if (batch === undefined || this.#tooFarBehind(batch)) {
      // What it waits for would come too late.
      if (this.#crossing?.waits === true) this.stay();
      return this.#skip();
    }
    const way = batch.key ? this.#wayAt(batch) : undefined;
    if (way !== undefined) {
      if (way !== "wait") this.#goOver(way);
      return false;
    }
    const preamble = this.#preamble;
    if (this.#sink.accept(preamble ?? batch) === "busy") {
      this.#given.dts = batch.dts;
      return false;
    }
    this.#progressAt = this.#scheduler.now();
    if (preamble !== undefined) {
      this.#known = preamble.tracks;
      this.#preamble = undefined;
      return true;
    }
    if (batch.frames === 0) this.#known = batch.tracks;
    this.#given.with(batch);
    this.#cursor += 1;
    return true;
  }

  /** What takes live batches. */
  get #live(): Acceptor {
    return this.#sink.direct ?? this.#sink;
  }

  /** The batch of another stream to go on with in place of this one; undefined to stay. */
  #wayAt(batch: Batch): Batch | "wait" | undefined {
    if (this.#known === undefined || this.#finishing !== undefined) return undefined;
    return this.#crossing?.wayAt(batch, this.#known, this.#packager.options.maxLagMs);
  }

  /** Goes on with this batch of another packager. */
  #goOver(to: Batch): void {
    const move = this.#crossing?.take();
    if (move === undefined) return;
    const { packager: from } = this;
    const { packager } = move;
    from.readers.move(this, "behind", "gone");
    packager.readers.move(this, "behind", "behind");
    this.#packager = packager;
    this.#offeredBefore += from.total.frames - packager.total.frames;
    this.#cursor = to.seq;
    this.#given.before(to);
    this.#preamble = packager.preamble(to, this.#known);
    if (this.#preamble === undefined) this.#known = to.tracks;
    // The new one may be further than the old one was: that is not its lag.
    this.#joining = true;
    const leave = this.#onGone;
    this.#onGone = move.arrived(this);
    leave(this);
    // Its sink may be in the middle of something: what follows is the new packager's to hand out.
    this.#scheduler.defer(() => this.resume());
  }

  #tooFarBehind(next: Batch): boolean {
    const { options, ring } = this.#packager;
    if (this.#joining || ring.head === undefined) return false;
    return (
      ring.head.dts - next.dts > options.maxLagMs * 1000 ||
      ring.head.totalBytes - next.totalBytes > options.maxLagBytes
    );
  }

  /** Passes over to the newest random access point ahead, or waits for the next one. */
  #skip(): boolean {
    this.#joining = false;
    const key = this.#packager.ring.newestKey;
    if (key !== undefined && key.seq > this.#cursor && !this.#tooFarBehind(key)) {
      this.#goTo(key.seq);
      return true;
    }
    this.#preamble = undefined;
    this.#file("seeking");
    if (this.#finishing !== undefined) this.close(this.#finishing);
    return false;
  }

  #goTo(seq: number): void {
    this.#cursor = seq;
    const batch = this.#packager.ring.at(seq);
    if (batch === undefined) return;
    this.#missed(batch.totalFrames - batch.frames, batch.totalBytes - batch.size, batch.dts);
    this.#given.begun = true;
    this.#preamble = this.#packager.preamble(batch, this.#known);
    if (this.#preamble === undefined) this.#known = batch.tracks;
  }

  /** Reports what lies between what it was given and these totals, and goes on counting from there. */
  #missed(frames: number, bytes: number, dts: number): void {
    const drop = this.#given.passOver(frames, bytes, dts);
    if (drop !== undefined) this.#sink.dropped?.(drop);
  }

  #file(state: ReaderState): void {
    if (this.#state === "gone") return;
    this.#packager.readers.move(this, this.#state, state);
    this.#state = state;
  }
}

import type { Track } from "../media/model/track.js";
import type { Batch } from "./batch.js";
import type { ReaderState } from "./fan-out.js";
import { canFollow, type Move } from "./move.js";
import type { Packager } from "./packager.js";
import type { HubReason } from "./reason.js";
import type { Cancel, Scheduler } from "./scheduler.js";

/** What takes batches. */
export interface Acceptor {
  /**
   * Takes the batch, or says `busy` and takes nothing: then it calls the subscriber's `resume` once it can again (from
   * within `accept` that has no effect). The first call may come before `subscribe` has returned.
   */
  accept(batch: Batch): "ok" | "busy";
}

/** Where a subscriber's batches go: a socket's writer, an iterator, a relay. */
export interface Sink extends Acceptor {
  /** What takes them in its place once it has caught up, where that is another: one step less for each batch. */
  readonly direct?: Acceptor | undefined;
  /** Several batches may follow at once, until `uncork`: they need not leave one by one. */
  cork?(): void;
  uncork?(): void;
  /** What the subscriber missed because it was too far behind; a summary once it goes on, or ends. */
  dropped?(drop: Drop): void;
  /** Nothing follows. Called exactly once, and never from within `accept` unless that closes the subscriber itself. */
  end(reason: HubReason): void;
}

/** Frames that a reader did not get. */
export interface Drop {
  /** Why: its sink was busy for too long, or what its sink had taken had not reached the peer. */
  readonly cause: "sink" | "transport";
  readonly frames: number;
  readonly bytes: number;
  /** Media time passed over, milliseconds. */
  readonly ms: number;
}

/** A reader whose transport held too much goes on once this share of the bound is left. */
const RESUME_SHARE = 0.5;

/** A reader that is to go on in another stream waits this long for the key frame there, milliseconds; */
const MAX_WAIT_MS = 2_000;
/** and no longer than for this share of the lag that it may have. */
const WAIT_SHARE = 0.5;

/** Where a reader is to go on; and while it waits for the key frame there, what ends that. */
interface Pending {
  readonly move: Move;
  endWait: Cancel | undefined;
}

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
  /** When bytes last reached the peer, the scheduler's clock. */
  #movedAt: number;
  /** It has been given a place to start from: what it misses after that is a drop. */
  #begun = false;
  /** The packager's totals, and the dts, where its last batch ended: what a gap is measured from. */
  #gotFrames = 0;
  #gotBytes = 0;
  #gotDts = 0;
  #finishing: HubReason | undefined;
  /** The transport holds so much for it that it gets no more until that is out. */
  #held = false;
  #cause: Drop["cause"] = "sink";
  /** What the transport held last, as media time, microseconds. */
  #heldMicros = 0;
  /** Bytes that had reached the peer when it was last looked at, when that was, and whether there were more to come. */
  #arrived = Number.NEGATIVE_INFINITY;
  #observedAt = 0;
  #wasQueued = false;
  /** How long a byte takes to reach the peer while there are some to go, microseconds; 0 while nothing is known of it. */
  #microsPerByte = 0;
  /** When it began, the scheduler's clock; undefined once what it got to begin with has arrived. */
  #freshSince: number | undefined;
  #pumping = false;
  #pending: Pending | undefined;
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
    this.#movedAt = this.#progressAt;
    this.#freshSince = this.#progressAt;
  }

  /** Milliseconds of media between what has reached its peer, as far as is known, and the newest. */
  get lagMs(): number {
    return this.#waitingMs + this.#heldMicros / 1000;
  }

  /** The part of it that has been handed on and that its transport holds, as far as is known. */
  get heldMs(): number {
    return this.#heldMicros / 1000;
  }

  /** Frames that its variant has had so far, whether it got them or not. */
  get offeredFrames(): number {
    return this.#offeredBefore + this.#packager.total.frames;
  }

  /** What has reached its peer lately, bits per second; undefined where that was all there is, or nobody tells. */
  get deliveredBitrate(): number | undefined {
    return this.#wasQueued && this.#microsPerByte > 0 ? 8e6 / this.#microsPerByte : undefined;
  }

  /** What it reads from. */
  get packager(): Packager {
    return this.#packager;
  }

  /** Milliseconds of media between what it has been given and the newest. */
  get #waitingMs(): number {
    const { ring } = this.#packager;
    if (ring.head === undefined) return 0;
    if (this.#state === "seeking" && this.#begun) return (ring.head.dts - this.#gotDts) / 1000;
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
    this.#gotFrames = batch.totalFrames - batch.frames;
    this.#gotBytes = batch.totalBytes - batch.size;
    this.#gotDts = batch.dts;
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
    const before = this.#pending;
    this.#pending = { move, endWait: undefined };
    move.packager.expect(this);
    // Only then, as it may be the same packager: nobody wanting it for a moment would be its end.
    if (before !== undefined) this.#abandon(before);
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
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#direct = this.#live;
    this.#abandon(pending);
  }

  /** Where it is to go on, something has come. */
  look(): void {
    if (this.#pending?.endWait !== undefined) this.resume();
  }

  /** The sink can take more. */
  resume(): void {
    if (this.#state === "behind" && !this.#held) this.#pump();
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
    const now = this.#scheduler.now();
    const { maxLagMs, maxLagBytes, stallTimeoutMs } = this.#packager.options;
    const progress = arrived > this.#arrived || queued === 0;
    // A peer that gets nothing at all says nothing of its rate: how much waits for it bounds that one.
    if (this.#wasQueued && arrived > this.#arrived) {
      const sample = (now - this.#observedAt) / (arrived - this.#arrived);
      this.#microsPerByte = this.#microsPerByte === 0 ? sample : (this.#microsPerByte + sample) / 2;
    }
    this.#arrived = Math.max(arrived, this.#arrived);
    this.#observedAt = now;
    this.#wasQueued = queued > 0;
    // A sink that takes is no progress where the transport only piles it up.
    if (progress) this.#movedAt = now;
    else if (now - this.#movedAt > stallTimeoutMs * 1000) {
      this.close("too-slow");
      return;
    }
    // What a peer reads at a quarter of the stream's rate comes four times as late as it is long.
    this.#heldMicros = queued * Math.max(this.#packager.ring.microsPerByte, this.#microsPerByte);
    const share = Math.max(this.lagMs / maxLagMs, queued / maxLagBytes);
    if (this.#held) {
      this.#progressAt = Math.max(this.#progressAt, this.#movedAt);
      if (Math.max(this.#heldMicros / 1000 / maxLagMs, queued / maxLagBytes) > RESUME_SHARE) return;
      this.#held = false;
      this.#goOn();
      return;
    }
    if (share <= 1) this.#freshSince = undefined;
    // Who has just joined was given a group of pictures at once, and takes its time over it.
    else if (this.#freshSince === undefined || now - this.#freshSince > stallTimeoutMs * 1000) this.#hold();
  }

  /** After its transport held too much: at the newest key frame, where what has come since that would be in time. */
  #goOn(): void {
    const { newestKey: key, head } = this.#packager.ring;
    if (key === undefined || head === undefined || key.seq <= this.#cursor) {
      this.#pump();
      return;
    }
    const bytes = head.totalBytes - key.totalBytes + key.size;
    const lateMicros = this.#heldMicros + bytes * this.#microsPerByte;
    if (lateMicros <= this.#packager.options.maxLagMs * 1000) this.#pump(key.seq);
    else this.begin(undefined);
  }

  #hold(): void {
    if (this.#state !== "ready" && this.#state !== "behind") return;
    this.#held = true;
    this.#cause = "transport";
    if (this.#state === "behind") return;
    const { ring, total } = this.#packager;
    const next = ring.at(this.#cursor);
    this.#gotFrames = next === undefined ? total.frames : next.totalFrames - next.frames;
    this.#gotBytes = next === undefined ? total.bytes : next.totalBytes - next.size;
    this.#gotDts = next?.dts ?? ring.head?.dts ?? 0;
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
    const passedOver = this.#state === "seeking" && this.#begun;
    this.#file("gone");
    this.#preamble = undefined;
    this.#onGone(this);
    try {
      const { frames, bytes } = this.#packager.total;
      if (passedOver) this.#missed(frames, bytes, this.#packager.ring.head?.dts ?? this.#gotDts);
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
      if (this.#pending === undefined) this.#direct = this.#live;
      if (this.#finishing === undefined) this.#file("ready");
      else this.close(this.#finishing);
      return false;
    }
    const batch = ring.at(this.#cursor);
    if (batch === undefined || this.#tooFarBehind(batch)) {
      // What it waits for would come too late.
      if (this.#pending?.endWait !== undefined) this.stay();
      return this.#skip();
    }
    const way = batch.key ? this.#wayAt(batch) : undefined;
    if (way !== undefined) {
      if (way !== "wait") this.#goOver(way);
      return false;
    }
    const preamble = this.#preamble;
    if (this.#sink.accept(preamble ?? batch) === "busy") {
      this.#gotDts = batch.dts;
      return false;
    }
    this.#progressAt = this.#scheduler.now();
    if (preamble !== undefined) {
      this.#known = preamble.tracks;
      this.#preamble = undefined;
      return true;
    }
    if (batch.frames === 0) this.#known = batch.tracks;
    this.#gotFrames = batch.totalFrames;
    this.#gotBytes = batch.totalBytes;
    this.#gotDts = batch.dts;
    this.#cursor += 1;
    return true;
  }

  /** What takes live batches. */
  get #live(): Acceptor {
    return this.#sink.direct ?? this.#sink;
  }

  /** The batch of another stream to go on with in place of this one; undefined to stay. */
  #wayAt(batch: Batch): Batch | "wait" | undefined {
    const pending = this.#pending;
    const known = this.#known;
    if (pending === undefined || known === undefined || this.#finishing !== undefined) return undefined;
    const found = pending.move.find(batch);
    if (found === "wait") {
      const limitMs = Math.min(MAX_WAIT_MS, WAIT_SHARE * this.#packager.options.maxLagMs);
      pending.endWait ??= this.#scheduler.after(limitMs, () => this.stay());
      return "wait";
    }
    pending.endWait?.();
    pending.endWait = undefined;
    if (found === undefined || canFollow(pending.move.packager.variant.format, known, found.tracks))
      return found;
    this.stay();
    return undefined;
  }

  #abandon({ move, endWait }: Pending): void {
    if (this.#pending?.move.packager !== move.packager) move.packager.unexpect(this);
    move.abandoned(this);
    if (endWait === undefined) return;
    endWait();
    this.#scheduler.defer(() => this.resume());
  }

  /** Goes on with this batch of another packager. */
  #goOver(to: Batch): void {
    const move = this.#pending?.move;
    if (move === undefined) return;
    const { packager: from } = this;
    const { packager } = move;
    this.#pending = undefined;
    packager.unexpect(this);
    from.readers.move(this, "behind", "gone");
    packager.readers.move(this, "behind", "behind");
    this.#packager = packager;
    this.#offeredBefore += from.total.frames - packager.total.frames;
    this.#cursor = to.seq;
    this.#gotFrames = to.totalFrames - to.frames;
    this.#gotBytes = to.totalBytes - to.size;
    this.#gotDts = to.dts;
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
    this.#begun = true;
    this.#preamble = this.#packager.preamble(batch, this.#known);
    if (this.#preamble === undefined) this.#known = batch.tracks;
  }

  /** Reports what lies between what it was given and these totals, and goes on counting from there. */
  #missed(frames: number, bytes: number, dts: number): void {
    const drop: Drop = {
      cause: this.#cause,
      frames: frames - this.#gotFrames,
      bytes: bytes - this.#gotBytes,
      ms: Math.max(0, dts - this.#gotDts) / 1000,
    };
    this.#gotFrames = frames;
    this.#gotBytes = bytes;
    this.#gotDts = dts;
    if (!this.#begun || drop.frames <= 0) return;
    this.#cause = "sink";
    this.#sink.dropped?.(drop);
  }

  #file(state: ReaderState): void {
    if (this.#state === "gone") return;
    this.#packager.readers.move(this, this.#state, state);
    this.#state = state;
  }
}

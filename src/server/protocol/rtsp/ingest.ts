import { randomBytes } from "node:crypto";
import type { Publisher } from "../../../hub/publisher.js";
import type { AudioTrack, VideoTrack } from "../../../media/model/track.js";
import { createRtpReceiver } from "../../../media/wire/rtp/receiver.js";
import type { Alignment } from "../../../media/wire/rtp/timeline.js";
import type { ProtocolContext } from "../../contract/protocol.js";
import type { Session } from "../../contract/session.js";
import { createOnceASecond } from "../../net/once-a-second.js";
import { createFirstMedia } from "../../observe/trace/first-media.js";
import type { ChosenMedia } from "./media.js";

/** The way from a source's RTP to its stream. Tracks are told apart by their index in what was chosen. */
export interface Ingest {
  /** What each track's RTP clock showed at the same moment, where the server has told. */
  inform(rtptimes: readonly (number | undefined)[]): void;
  /** Where packets go from here on; before, they go nowhere. */
  publishTo(publisher: Publisher): void;
  /** Takes RTP or RTCP; borrowed for the call. */
  take(index: number, kind: "rtp" | "rtcp", data: Uint8Array): void;
  /** Looks at the clock, about once a second. */
  sweep(): void;
  /** What to report to the sender of a track. */
  report(index: number): Uint8Array;
}

/** @param onEnded called when the source has said that it ends */
export function createIngest(
  chosen: readonly ChosenMedia[],
  session: Session,
  { scheduler, log }: ProtocolContext,
  onEnded: () => void,
): Ingest {
  const tracks = new Map<number, VideoTrack | AudioTrack>();
  const firsts = createFirstMedia(session.trace);
  const logDropped = createOnceASecond(scheduler);
  const logChange = createOnceASecond(scheduler);
  let publisher: Publisher | undefined;
  let told: Alignment | undefined;

  const receiver = createRtpReceiver(
    {
      formats: chosen.map(({ format }) => format),
      ssrc: randomBytes(4).readUInt32BE(),
      cname: randomBytes(12).toString("base64"),
    },
    {
      track(track) {
        tracks.set(track.id, track);
        publisher?.track(track);
      },
      packet(packet) {
        session.counters.packetsIn += 1;
        if (!firsts.done) firsts.packet(packet);
        publisher?.write(packet);
      },
      dropped: ({ message }) => undecodable(message),
      lost: (index, count) => undecodable(`${count} packets of the ${chosen[index]?.format.kind} were lost`),
      ended: onEnded,
    },
  );
  const { timeline } = receiver;

  function undecodable(problem: string): void {
    session.counters.undecodable += 1;
    logDropped(() => {
      const fields = { undecodable: session.counters.undecodable, problem };
      log.warn({ ...session.logFields, ...fields }, "undecodable media left out");
    });
  }

  /** Says once, and again when it changes, what keeps picture and sound in step. */
  function logAlignment(): void {
    const { alignment, senderWall, origin } = timeline;
    if (alignment === told || origin === undefined) return;
    logChange(() => {
      told = alignment;
      // The sender's clock less ours: also less by what its network and its encoder take.
      const senderClockMs = senderWall === undefined ? undefined : Math.round((senderWall - origin) / 1000);
      log.info({ ...session.logFields, alignment, senderClockMs }, "picture and sound are in step");
    });
  }

  return {
    inform: (rtptimes) => timeline.inform(rtptimes),
    publishTo(given) {
      publisher = given;
      firsts.begin();
      const kinds = chosen.map(({ format }) => format.kind);
      given.describe({}, { video: kinds.includes("video"), audio: kinds.includes("audio") });
      for (const track of tracks.values()) given.track(track);
    },
    take(index, kind, data) {
      const at = { now: scheduler.now(), wall: scheduler.wall() };
      if (kind === "rtp") {
        receiver.rtp(index, data, at);
        return;
      }
      receiver.rtcp(index, data, at);
      logAlignment();
    },
    sweep() {
      receiver.expire({ now: scheduler.now(), wall: scheduler.wall() });
    },
    report: (index) => receiver.report(index, { now: scheduler.now(), wall: scheduler.wall() }),
  };
}

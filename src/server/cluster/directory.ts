import { Refused } from "../../hub/refused.js";
import type { Scheduler } from "../../hub/scheduler.js";
import type { StreamInfo } from "../stream-info.js";
import type { Claim, Owner, StreamNews } from "./messages.js";

/** One process that can publish and play. */
export interface Participant {
  /** Where its relay listens. */
  readonly relay: string;
  /** Ends its publisher of this name. @throws Refused `busy` where that one stays */
  makeWay(name: string): Promise<void>;
  /** How far its readers of this name are, microseconds; 0 where it has none. */
  position(name: string): Promise<number>;
  /** Where a stream is published now. */
  tell(owner: Owner): void;
}

export interface DirectoryListener {
  publish(stream: StreamInfo): void;
  tracks(stream: StreamInfo): void;
  unpublish(stream: StreamInfo, reason: string): void;
}

/** Who has which stream. One for all processes, in the parent: as if there were one. */
export interface Directory {
  join(participant: Participant): void;
  /** It has gone: its streams have ended, and its claims. */
  leave(participant: Participant): void;
  /**
   * The right to publish a name; others wait until it is used or given up.
   *
   * @throws Refused `busy` while another publishes it and stays, or too many wait for it
   */
  claim(participant: Participant, name: string): Promise<Claim>;
  /** Takes in what a participant says of its streams. */
  news(participant: Participant, news: StreamNews): void;
  /** Counts a viewer, or one less. */
  viewer(name: string, change: 1 | -1): void;
  readonly streams: readonly StreamInfo[];
  readonly owners: readonly Owner[];
  /** Gives up all claims. */
  close(): void;
}

/** Who wants to publish a name while others are being let in to it. */
const MAX_WAITING_CLAIMS = 32;

interface StreamRecord {
  info: StreamInfo;
  /** Who publishes it, and by which claim. */
  owner:
    | { readonly participant: Participant; readonly claim: number; readonly origin: string | undefined }
    | undefined;
  packets: number;
  bytes: number;
}

/** Who was given the right to publish and neither uses it nor gives it up has lost it after this long. */
const CLAIM_MS = 10_000;

export function createDirectory(listener: DirectoryListener, scheduler: Scheduler): Directory {
  const participants = new Set<Participant>();
  const records = new Map<string, StreamRecord>();
  const viewers = new Map<string, number>();
  /** Claims that are neither used nor given up. */
  const open = new Map<number, { readonly participant: Participant; readonly settle: () => void }>();
  /** For each name the end of the line that claims stand in. */
  const lines = new Map<string, { length: number; last: Promise<void> }>();
  let ids = 0;

  function shown(record: StreamRecord): StreamInfo {
    const { info, packets, bytes } = record;
    return { ...info, viewers: viewers.get(info.key) ?? 0, packets, bytes };
  }

  function forgetIfVacant(name: string): void {
    if (records.get(name)?.owner === undefined && !viewers.has(name)) records.delete(name);
  }

  function settle(claim: number): void {
    open.get(claim)?.settle();
    open.delete(claim);
  }

  function tellAll(owner: Owner): void {
    for (const participant of participants) participant.tell(owner);
  }

  async function admit(participant: Participant, name: string, settled: () => void): Promise<Claim> {
    const owner = records.get(name)?.owner;
    if (owner !== undefined && owner.participant !== participant) await owner.participant.makeWay(name);
    const others = [...participants].filter((other) => other !== participant);
    // Who does not answer is stuck or has gone: nobody sees what its readers do.
    const positions = await Promise.all(others.map((other) => other.position(name).catch(() => 0)));
    if (!participants.has(participant)) throw new Refused("closed", "the process has gone");
    const claim = { id: ++ids, position: Math.max(0, ...positions) };
    const cancel = scheduler.after(CLAIM_MS, () => settle(claim.id));
    open.set(claim.id, {
      participant,
      settle() {
        cancel();
        settled();
      },
    });
    return claim;
  }

  function ended(record: StreamRecord, reason: string): void {
    record.owner = undefined;
    record.info = { ...record.info, live: false };
    tellAll([record.info.key, undefined]);
    const stream = shown(record);
    forgetIfVacant(record.info.key);
    listener.unpublish(stream, reason);
  }

  return {
    join(participant) {
      participants.add(participant);
    },
    leave(participant) {
      participants.delete(participant);
      for (const [claim, { participant: holder }] of open) if (holder === participant) settle(claim);
      for (const record of [...records.values()]) {
        if (record.owner?.participant === participant) ended(record, "internal");
      }
    },
    async claim(participant, name) {
      const line = lines.get(name) ?? { length: 0, last: Promise.resolve() };
      lines.set(name, line);
      if (line.length >= MAX_WAITING_CLAIMS)
        throw new Refused("busy", `${name}: too many want to publish it at once`);
      const before = line.last;
      let settled = (): void => {};
      line.length += 1;
      line.last = new Promise((resolve) => {
        settled = () => {
          line.length -= 1;
          if (line.length === 0) lines.delete(name);
          resolve();
        };
      });
      await before;
      try {
        return await admit(participant, name, settled);
      } catch (error) {
        settled();
        throw error;
      }
    },
    news(participant, news) {
      if (news.kind === "release") {
        settle(news.claim);
        return;
      }
      const name = news.kind === "taken" ? news.name : news.stream.key;
      const known = records.get(name);
      switch (news.kind) {
        case "publish": {
          const record = known ?? { info: news.stream, owner: undefined, packets: 0, bytes: 0 };
          const { since } = record.info;
          record.info = { ...news.stream, since };
          record.owner = { participant, claim: news.claim, origin: news.origin };
          records.set(name, record);
          settle(news.claim);
          tellAll(ownerOf(name, participant, news.origin));
          listener.publish(shown(record));
          break;
        }
        case "tracks":
          if (known?.owner?.participant !== participant) return;
          known.info = { ...news.stream, since: known.info.since };
          listener.tracks(shown(known));
          break;
        case "unpublish":
          if (known?.owner?.claim === news.claim) ended(known, news.reason);
          break;
        case "taken":
          if (known === undefined) return;
          known.packets += news.packets;
          known.bytes += news.bytes;
          known.info = { ...known.info, gopMs: news.gopMs };
      }
    },
    viewer(name, change) {
      const count = (viewers.get(name) ?? 0) + change;
      if (count > 0) viewers.set(name, count);
      else viewers.delete(name);
      if (count <= 0) forgetIfVacant(name);
    },
    get streams() {
      return [...records.values()].map(shown);
    },
    get owners() {
      return [...records].flatMap(([name, { owner }]): readonly Owner[] =>
        owner === undefined ? [] : [ownerOf(name, owner.participant, owner.origin)],
      );
    },
    close() {
      for (const claim of [...open.keys()]) settle(claim);
    },
  };
}

function ownerOf(name: string, { relay }: Participant, origin: string | undefined): Owner {
  return origin === undefined ? [name, relay] : [name, relay, origin];
}

import type { Elsewhere, Hub } from "../../hub/hub.js";
import type { Publisher, PublisherInit } from "../../hub/publisher.js";
import { Refused } from "../../hub/refused.js";
import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import type { Stream } from "../../hub/stream.js";
import type { WorkProbe } from "../../hub/work.js";
import type { Logger } from "../contract/logger.js";
import { streamInfo } from "../stream-info.js";
import type { Claim, Owner, StreamNews } from "./messages.js";
import { dialRelay, type RelayClient } from "./relay-client.js";
import { createRelayServer, type RelayServer } from "./relay-server.js";

const SWEEP_MS = 1_000;
/** Sweeps that find nobody who wants a stream of another process before it is let go. */
const IDLE_SWEEPS = 2;
/** After a relay has broken, milliseconds: the directory may not have heard yet. */
const REDIAL_MS = 100;

export interface MemberInit {
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly probe: WorkProbe;
  /** Where its relay listens; asked for after `listen` was called. */
  readonly relay: () => string;
  readonly secret: string;
  readonly owners: readonly Owner[];
  /** Asks the directory for the right to publish a name. @throws Refused */
  claim(name: string): Promise<Claim>;
  /** Tells the directory. */
  tell(news: StreamNews): void;
}

/** One process among several that are one server: what it has is had by all, and what they have it can get. */
export interface Member {
  readonly elsewhere: Elsewhere;
  /** Tells the directory what becomes of this hub's streams: once, before anything is published. */
  bind(hub: Hub): void;
  /** Makes its relay reachable. @throws what the listen call failed with */
  listen(): Promise<void>;
  /** Publishes here, once no other process does. @throws Refused */
  publish(name: string, init: PublisherInit): Promise<Publisher>;
  /** Ends the publisher of this name. @throws Refused `busy` where it stays */
  makeWay(name: string): void;
  /** How far its readers of this name are, microseconds; 0 where it has none. */
  position(name: string): number;
  /** Takes in where a stream is published now. */
  heard(owner: Owner): void;
  close(): Promise<void>;
}

interface Relayed {
  readonly client: RelayClient;
  idleSweeps: number;
}

export function createMember(init: MemberInit): Member {
  const { scheduler, log, probe, secret, tell } = init;
  const owners = new Map<string, { readonly relay: string; readonly origin: string | undefined }>();
  const relayed = new Map<string, Relayed>();
  /** Names whose relay broke, until they are dialled anew. */
  const broken = new Map<string, Cancel>();
  /** By which claim a stream is published here, and by which it will be. */
  const claims = new Map<string, number>();
  const next = new Map<string, number>();
  const taken = new Map<string, { readonly packets: number; readonly bytes: number }>();
  const releases: Cancel[] = [];
  let hub: Hub | undefined;
  let server: RelayServer | undefined;
  let closed = false;

  function ownerElsewhere(name: string): string | undefined {
    const relay = owners.get(name)?.relay;
    return relay === init.relay() ? undefined : relay;
  }

  /** Dials where somebody here wants what another process has. */
  function consider(name: string): void {
    const address = ownerElsewhere(name);
    if (closed || hub === undefined || address === undefined) return;
    if (relayed.has(name) || broken.has(name) || !hub.wants(name)) return;
    const client = dialRelay({
      hub,
      scheduler,
      log,
      probe,
      address,
      name,
      origin: owners.get(name)?.origin,
      secret,
      onOver(reason) {
        relayed.delete(name);
        if (closed) return;
        // The next owner is told of; only the same one must be tried again.
        const again = scheduler.after(reason === undefined || reason === "not-live" ? REDIAL_MS : 0, () => {
          broken.delete(name);
          consider(name);
        });
        broken.set(name, again);
      },
    });
    relayed.set(name, { client, idleSweeps: 0 });
  }

  function countTaken(stream: Stream): void {
    const before = taken.get(stream.name) ?? { packets: 0, bytes: 0 };
    const { packets, bytes } = stream.taken;
    if (packets === before.packets) return;
    taken.set(stream.name, { packets, bytes });
    tell({
      kind: "taken",
      name: stream.name,
      packets: packets - before.packets,
      bytes: bytes - before.bytes,
      gopMs: streamInfo(stream).gopMs,
    });
  }

  function sweep(): void {
    for (const name of claims.keys()) {
      const stream = hub?.stream(name);
      if (stream !== undefined) countTaken(stream);
    }
    for (const [name, entry] of relayed) {
      entry.idleSweeps = hub?.wants(name) === true ? 0 : entry.idleSweeps + 1;
      if (entry.idleSweeps >= IDLE_SWEEPS) entry.client.close();
    }
  }

  function follow(events: Hub): void {
    releases.push(
      events.on("publish", ({ stream, relayed }) => {
        const claim = next.get(stream.name);
        if (relayed || claim === undefined) return;
        next.delete(stream.name);
        claims.set(stream.name, claim);
        taken.set(stream.name, stream.taken);
        tell({ kind: "publish", stream: streamInfo(stream), claim, origin: stream.publisher?.origin });
      }),
      events.on("tracks", ({ stream }) => {
        if (stream.publisher?.relayed === false) tell({ kind: "tracks", stream: streamInfo(stream) });
      }),
      events.on("unpublish", ({ stream, reason, relayed }) => {
        const claim = claims.get(stream.name);
        if (relayed || claim === undefined) return;
        countTaken(stream);
        claims.delete(stream.name);
        taken.delete(stream.name);
        tell({ kind: "unpublish", stream: streamInfo(stream), claim, reason });
      }),
      scheduler.every(SWEEP_MS, sweep),
    );
  }

  for (const owner of init.owners) heard(owner);

  function heard([name, relay, origin]: Owner): void {
    if (relay === undefined) owners.delete(name);
    else owners.set(name, { relay, origin });
    consider(name);
  }

  return {
    elsewhere: {
      has: (name) => ownerElsewhere(name) !== undefined,
      want(name) {
        // Who waits is on the list only after this call.
        queueMicrotask(() => consider(name));
      },
    },
    bind(given) {
      hub = given;
      follow(given);
    },
    async listen() {
      if (hub === undefined || closed) return;
      server = createRelayServer({ hub, scheduler, log, address: init.relay(), secret });
      await server.listen();
    },
    async publish(name, publisher) {
      if (hub === undefined || closed) throw new Refused("closed", "the server is shutting down");
      const { id, position } = await init.claim(name);
      next.set(name, id);
      try {
        return hub.publish(name, { ...publisher, position });
      } finally {
        if (next.delete(name)) tell({ kind: "release", claim: id });
      }
    },
    makeWay: (name) => hub?.stream(name)?.makeWay(),
    position: (name) => hub?.stream(name)?.position ?? 0,
    heard,
    async close() {
      closed = true;
      for (const release of releases) release();
      for (const cancel of broken.values()) cancel();
      for (const { client } of [...relayed.values()]) client.close();
      await server?.close();
    },
  };
}

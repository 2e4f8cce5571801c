import { connect } from "node:net";
import type { Hub } from "../../hub/hub.js";
import type { Publisher } from "../../hub/publisher.js";
import type { Scheduler } from "../../hub/scheduler.js";
import { type WorkProbe, worked } from "../../hub/work.js";
import { createRelayDemuxer } from "../../media/format/relay/demuxer.js";
import { encodeRelayRequest } from "../../media/format/relay/request.js";
import type { Logger } from "../contract/logger.js";
import { sourceOfOrigin } from "../renditions/origin.js";

export interface RelayClientInit {
  readonly hub: Hub;
  readonly scheduler: Scheduler;
  readonly log: Logger;
  readonly probe: WorkProbe;
  /** The relay of the process that has the stream. */
  readonly address: string;
  readonly name: string;
  /** The origin of its Publisher there. */
  readonly origin: string | undefined;
  readonly secret: string;
  /** Called once, when it is over, with what the other side said; undefined where it said nothing. */
  readonly onOver: (reason: string | undefined) => void;
}

/** One stream of another process, published here as it was placed there. */
export interface RelayClient {
  /** Lets go of it. Idempotent. */
  close(): void;
}

/** What the publication here ends with. Whatever broke in between is mended by dialling anew: viewers are kept. */
function reasonHere(reason: string | undefined): string {
  return reason === "unpublished" || reason === "kicked" || reason === "shutdown" ? reason : "taken-over";
}

export function dialRelay(init: RelayClientInit): RelayClient {
  const { hub, log, probe, address, name, origin, secret, onOver } = init;
  const reading = { stage: "ingest", protocol: "relay", stream: name };
  const socket = connect({ path: address });
  let publisher: Publisher | undefined;
  let said: string | undefined;
  let over = false;

  const demuxer = createRelayDemuxer({
    start(metadata, tracks) {
      const kinds = new Set(tracks.map(({ kind }) => kind));
      const madeFrom = sourceOfOrigin(origin);
      publisher = hub.publish(name, { relayed: true, origin, madeFrom, onEnd: () => finish() });
      publisher.describe(metadata, { video: kinds.has("video"), audio: kinds.has("audio") });
      for (const track of tracks) publisher.track(track);
    },
    track: (track) => publisher?.track(track),
    packet: (packet) => publisher?.write(packet),
    clock: (clock) => publisher?.tellClock(clock),
    end(reason) {
      said = reason;
    },
  });

  /** Ends once, whoever began it: the other side, the socket, a publisher that takes the name over here, or `close`. */
  function finish(): void {
    if (over) return;
    over = true;
    socket.destroy();
    publisher?.end(reasonHere(said));
    onOver(said);
  }

  socket.on("connect", () => socket.write(encodeRelayRequest({ name, secret })));
  function receive(slice: Uint8Array): void {
    if (over) return;
    try {
      demuxer.push(slice);
      if (said !== undefined) finish();
    } catch (error) {
      log.error({ name, err: error }, "a stream of another process cannot be taken in");
      finish();
    }
  }

  socket.on("data", (slice: Uint8Array) => worked(probe, reading, () => receive(slice)));
  socket.on("error", (error) => log.debug({ name, err: error }, "the relay of a stream broke"));
  socket.on("close", finish);

  return {
    close() {
      said ??= "unpublished";
      finish();
    },
  };
}

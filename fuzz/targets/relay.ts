import { concatBytes, equalBytes } from "../../src/media/bytes/bytes.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import type { RelayClock } from "../../src/media/format/relay/clock.js";
import { createRelayDemuxer } from "../../src/media/format/relay/demuxer.js";
import { encodeRelayEnd, relayFormat } from "../../src/media/format/relay/muxer.js";
import { createRelayRequestParser, encodeRelayRequest } from "../../src/media/format/relay/request.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { Track } from "../../src/media/model/track.js";
import { allowMediaError, type FuzzTarget, type Random } from "../target.js";

export const target: FuzzTarget = {
  name: "relay",
  cases(random) {
    const valid = random.chance(0.9)
      ? relayed(random)
      : encodeRelayRequest({ name: "live/a", secret: "x".repeat(random.int(64)) });
    return random.chance(0.8) ? random.mutate(valid) : valid;
  },
  run(bytes, random) {
    const slices = random.slices(bytes);
    allowMediaError(() => {
      const parser = createRelayRequestParser();
      for (const slice of slices) if (parser.push(slice) !== undefined) break;
    });
    const { tracks, packets, clocks } = read(slices);
    for (const { from, offset } of clocks)
      if (!Number.isSafeInteger(from) || !Number.isSafeInteger(offset))
        throw new Error("a clock of no sense");
    if (packets.length === 0) return;
    // What was understood comes out the same when it is passed on.
    const again = read([write(tracks, packets)]);
    if (again.packets.length !== packets.length) throw new Error("packets were lost on the way");
    for (const [i, packet] of packets.entries()) {
      const other = again.packets[i] as Packet;
      if (!equalBytes(packet.data, other.data) || packet.dts !== other.dts || packet.pts !== other.pts)
        throw new Error(`packet ${i} differs`);
    }
  },
};

interface Read {
  readonly tracks: Track[];
  readonly packets: Packet[];
  readonly clocks: RelayClock[];
}

function read(slices: readonly Uint8Array[]): Read {
  const tracks: Track[] = [];
  const packets: Packet[] = [];
  const clocks: RelayClock[] = [];
  allowMediaError(() => {
    const demuxer = createRelayDemuxer({
      start: (_metadata, announced) => tracks.push(...announced),
      track: (track) => tracks.push(track),
      packet: (packet) => packets.push(packet),
      clock: (clock) => clocks.push(clock),
      end() {},
    });
    for (const slice of slices) demuxer.push(slice);
  });
  return { tracks, packets, clocks };
}

function write(tracks: readonly Track[], packets: readonly Packet[]): Uint8Array {
  const muxer = relayFormat().createMuxer({ tracks: [], metadata: {}, zero: 0 });
  const out = new ByteWriter();
  for (const track of tracks) muxer.config(track, 0, out);
  for (const packet of packets) muxer.write(packet, out);
  return concatBytes([muxer.start([], 0), out.finish(), encodeRelayEnd("unpublished")]);
}

function relayed(random: Random): Uint8Array {
  const description = Uint8Array.of(1, 2, 3, random.int(256));
  const tracks: readonly Track[] = [
    {
      id: 1,
      kind: "video",
      codec: random.pick(["avc", "hevc", "av1", "vp9"] as const),
      config: { codec: "x", description, codedWidth: random.int(5000), codedHeight: 360 },
    },
    { id: 2, kind: "audio", codec: "aac", config: { codec: "x", sampleRate: 48_000, numberOfChannels: 2 } },
    { id: 3, kind: "data", codec: "amf0", config: { codec: "amf0" } },
  ];
  const announced = tracks.slice(0, random.int(3));
  const clock = random.chance(0.5) ? { from: random.int(2 ** 30), offset: random.int(2 ** 30) } : undefined;
  const muxer = relayFormat(() => clock).createMuxer({
    tracks: announced,
    metadata: { n: random.int(9) },
    zero: 0,
  });
  const out = new ByteWriter();
  for (let i = random.int(20); i > 0; i--) {
    const track = random.pick(tracks);
    if (random.chance(0.1) && track.kind !== "data") muxer.config(track, 0, out);
    const dts = random.int(2 ** 30);
    const data = new Uint8Array(random.int(200)).fill(i);
    muxer.write(
      { track, dts, pts: dts + random.int(1000), key: random.chance(0.5), data, receivedAt: i },
      out,
    );
  }
  return concatBytes([muxer.start(announced, 0), out.finish(), encodeRelayEnd("unpublished")]);
}

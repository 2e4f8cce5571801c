import { ByteReader } from "../../src/media/bytes/reader.js";
import { ByteWriter } from "../../src/media/bytes/writer.js";
import { fmp4Format } from "../../src/media/format/mp4/muxer.js";
import type { Packet } from "../../src/media/model/packet.js";
import type { AudioTrack, Track, VideoTrack } from "../../src/media/model/track.js";
import { readFragments, readTracks } from "../support/mp4-boxes.js";
import { allowMediaError, type FuzzTarget, type Random } from "../target.js";

// A muxer gets no bytes from the network, but the configurations and timestamps that demuxers found there. An input is
// a script: two configurations, then packets; what comes out must read back to what went in.

const videoCodecs = ["avc", "hevc", "av1", "vp9"] as const;
const audioCodecs = ["aac", "opus", "mp3"] as const;
const opusHead = Uint8Array.of(
  0x4f,
  0x70,
  0x75,
  0x73,
  0x48,
  0x65,
  0x61,
  0x64,
  1,
  2,
  56,
  1,
  0x80,
  0xbb,
  0,
  0,
  0,
  0,
  0,
);
const vpRecord = Uint8Array.of(0, 31, 0x82, 1, 1, 1, 0, 0);

export const target: FuzzTarget = {
  name: "mp4",
  cases(random) {
    const script = new ByteWriter();
    script.u8(random.int(256));
    script.u32(random.pick([8000, 44_100, 48_000, 96_000]));
    for (const description of [vpRecord, opusHead]) {
      script.u8(description.length);
      script.write(description);
    }
    for (let i = random.int(30); i > 0; i--) writeStep(script, random);
    const valid = script.finish();
    return random.chance(0.7) ? random.mutate(valid) : valid;
  },
  run(bytes) {
    allowMediaError(() => play(new ByteReader(bytes)));
  },
};

function writeStep(script: ByteWriter, random: Random): void {
  script.u8(random.int(256));
  script.u32(random.chance(0.9) ? random.int(40) : random.int(2 ** 32));
  script.u32(random.chance(0.5) ? 0 : random.int(2 ** 32));
  script.u8(random.int(64));
}

/** Muxes what the script says, and checks it; the script's own end is a MediaError. */
function play(script: ByteReader): void {
  const choice = script.u8();
  const sampleRate = script.u32();
  const video: VideoTrack = {
    id: 1,
    kind: "video",
    codec: videoCodecs[choice & 3] ?? "avc",
    config: { codec: "", description: script.view(script.u8()), codedWidth: 640, codedHeight: 360 },
  };
  const audio: AudioTrack = {
    id: 2,
    kind: "audio",
    codec: audioCodecs[(choice >> 2) % 3] ?? "aac",
    config: { codec: "", description: script.view(script.u8()), sampleRate, numberOfChannels: 2 },
  };
  const format = fmp4Format();
  const tracks: Track[] = [video, audio].filter((track) => format.carries(track));
  const muxer = format.createMuxer({ tracks, metadata: {}, zero: 0 });
  const written = readTracks(muxer.start(tracks, 0));
  if (written.length !== tracks.length) throw new Error("a track is missing in the initialization segment");

  const out = new ByteWriter();
  const expected: Packet[] = [];
  let dts = 0;
  while (script.remaining >= 10) {
    const flags = script.u8();
    dts += (script.u32() | 0) * 1000;
    const pts = dts + (script.u32() | 0) * 1000;
    const data = new Uint8Array(script.u8()).fill(expected.length);
    const track = (flags & 1) === 0 ? video : audio;
    const packet: Packet = { track, dts, pts, key: (flags & 2) === 0, data, receivedAt: 0 };
    expected.push(packet);
    muxer.write(packet, out);
    if ((flags & 0x1c) === 0) muxer.flush(out);
  }
  muxer.flush(out);

  const fragments = readFragments(out.finish(), written);
  if (fragments.some(({ sequence }, i) => sequence !== i + 1))
    throw new Error("sequence numbers do not count up");
  for (const [i, track] of tracks.entries()) {
    const samples = fragments.flatMap((fragment) =>
      fragment.tracks.filter(({ trackId }) => trackId === i + 1).flatMap((each) => each.samples),
    );
    const packets = expected.filter((packet) => packet.track === track);
    if (samples.length !== packets.length) throw new Error(`${samples.length} samples of ${packets.length}`);
    for (const [n, sample] of samples.entries())
      check(sample, packets[n] as Packet, written[i]?.timescale ?? 1);
  }
}

function check(sample: { dts: number; data: Uint8Array }, packet: Packet, timescale: number): void {
  const { data } = packet;
  if (sample.data.length !== data.length || sample.data[0] !== data[0]) throw new Error("other bytes");
  const expected = (Math.max(packet.dts, 0) * timescale) / 1e6;
  const tolerance = packet.track.kind === "video" ? 0.5 : timescale / 1000 + 1.5;
  if (Math.abs(sample.dts - expected) > tolerance)
    throw new Error(`dts ${sample.dts} instead of ${expected}`);
}

// What run.ts has FFmpeg 8 do, in a process of its own: a native crash ends only this one.
//   node ffmpeg8.mjs FOLDER send INPUT OUTPUT [re]   ffmpeg [-re] -i INPUT -c copy -f flv OUTPUT
//   node ffmpeg8.mjs FOLDER read INPUT               every packet and configuration as JSON
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const [folder, command, input, output, pace] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { Dictionary, FormatContext, Log, Packet } = require("node-av/lib");

// It complains of files whose length it cannot write into their header again. What matters is in the return codes.
Log.setLevel(8); // AV_LOG_FATAL

const END_OF_FILE = -0x20_46_4f_45; // AVERROR_EOF
const COPY_TAG = 0;
/** What FFmpeg tells a server that it understands (rtmpproto.c's rtmp_enhanced_codecs). */
const ENHANCED = "hvc1,av01,vp09";

function check(code, what) {
  if (code < 0) throw new Error(`${what}: FFmpeg's error ${code}`);
}

async function open(url) {
  const source = new FormatContext();
  source.allocContext();
  const options = new Dictionary();
  if (url.startsWith("rtmp:")) options.set("rtmp_enhanced_codecs", ENHANCED);
  check(await source.openInput(url, null, options), `open ${url}`);
  check(await source.findStreamInfo(null), `streams of ${url}`);
  return source;
}

async function* packetsOf(source) {
  for (;;) {
    const packet = new Packet();
    packet.alloc();
    const code = await source.readFrame(packet);
    if (code === END_OF_FILE) return;
    check(code, "read");
    // FFmpeg 8.1 makes an empty one of the message that says which channel is where.
    if (packet.data !== null) yield packet;
    packet.free();
  }
}

const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");

async function read() {
  const source = await open(input);
  const streams = source.streams.map(({ codecpar, timeBase }) => ({
    codec: codecpar.codecId,
    kind: codecpar.codecType === 0 ? "video" : "audio",
    config: codecpar.extradata?.toString("hex") ?? "",
    clock: `${timeBase.num}/${timeBase.den}`,
  }));
  const packets = [];
  for await (const { streamIndex, dts, pts, size, data, isKeyframe } of packetsOf(source)) {
    packets.push({
      stream: streamIndex,
      dts: Number(dts),
      pts: Number(pts),
      size,
      hash: md5(data),
      key: isKeyframe,
    });
  }
  process.stdout.write(JSON.stringify({ streams, packets }));
}

async function send() {
  const source = await open(input);
  const target = new FormatContext();
  check(target.allocOutputContext2(null, "flv", output), "flv");
  const streams = source.streams.map((stream) => {
    const copy = target.newStream(null);
    check(stream.codecpar.copy(copy.codecpar), "parameters");
    copy.codecpar.codecTag = COPY_TAG;
    copy.timeBase = stream.timeBase;
    return copy;
  });
  check(await target.openOutput(), `open ${output}`);
  check(await target.writeHeader(null), "header");
  const begun = performance.now();
  for await (const packet of packetsOf(source)) {
    const { timeBase: from } = source.streams[packet.streamIndex];
    if (pace === "re") {
      const due = (Number(packet.dts) * from.num * 1000) / from.den - (performance.now() - begun);
      if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    }
    packet.rescaleTs(from, streams[packet.streamIndex].timeBase);
    check(await target.interleavedWriteFrame(packet), "write");
  }
  check(await target.writeTrailer(), "trailer");
  await target.closeOutput();
}

await { read, send }[command]();

/**
 * floor.ts CLIP BATCH_MS: the least that a Node.js server can do. It plays the clip itself, and writes every FLV tag,
 * or what has come in BATCH_MS, to every socket as one shared Buffer. It receives nothing, checks nothing, logs nothing
 * and drops nobody in a sensible way: no server can be cheaper with the same batches.
 */
import { createReadStream } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { ByteWriter } from "../src/media/bytes/writer.js";
import { flvFormat } from "../src/media/format/flv/muxer.js";
import { createNodeScheduler } from "../src/server/net/node-scheduler.js";
import { replay } from "../src/server/protocol/file/replay.js";
import { readClip } from "./clip.js";
import { sharedMicros, stamped } from "./stamp.js";

const HEAD =
  "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
/** Who is this far behind is disconnected. */
const MAX_BEHIND_BYTES = 16 * 1024 * 1024;

const [file = "", batchMs = "0"] = process.argv.slice(2);
const { tracks, metadata } = readClip(file);
const muxer = flvFormat().createMuxer({ tracks, metadata, zero: 0 });
const header = muxer.start(tracks, 0);
const out = new ByteWriter();
const viewers = new Set<Socket>();
/** The batches since the last key frame. */
let cached: Buffer[] = [];

const server = createServer({ noDelay: true }, (socket) => {
  socket.once("data", () => {
    socket.write(HEAD);
    socket.write(header);
    for (const batch of cached) socket.write(batch);
    viewers.add(socket);
  });
  socket.on("error", () => {});
  socket.on("close", () => viewers.delete(socket));
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});

function cut(): void {
  const bytes = out.finish();
  if (bytes.length === 0) return;
  const batch = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  cached.push(batch);
  for (const socket of viewers) {
    if (socket.writableLength > MAX_BEHIND_BYTES) socket.destroy();
    else socket.write(batch);
  }
}

// In order, so that a profile is written.
process.on("SIGTERM", () => process.exit());
if (Number(batchMs) > 0) setInterval(cut, Number(batchMs));
await replay(
  () => createReadStream(file),
  {
    describe() {},
    track() {},
    write(packet) {
      if (packet.key && packet.track.kind === "video") {
        cut();
        cached = [];
      }
      muxer.write(stamped(packet, sharedMicros()), out);
      if (Number(batchMs) === 0) cut();
    },
  },
  { loop: true, signal: new AbortController().signal, scheduler: createNodeScheduler() },
);

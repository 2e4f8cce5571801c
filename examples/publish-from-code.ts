// Your code is the publisher: reads an FLV file and writes its packets to live/code in real time.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer } from "sluice";
import { createFlvDemuxer, type Packet, type Track } from "sluice/media";

const tracks: Track[] = [];
const packets: Packet[] = [];
const demuxer = createFlvDemuxer({
  track: (track) => tracks.push(track),
  packet: (packet) => packets.push(packet),
});
demuxer.push(await readFile(process.argv[2] ?? "assets/demo.flv"), 0);
demuxer.end();

const live = createServer();
await live.listen();
process.once("SIGTERM", () => void live.close());

const writer = live.publish("live/code", tracks);
console.log("http://localhost:8080/watch/live/code");
const start = performance.now() - (packets[0]?.dts ?? 0) / 1000;
for (const { track, dts, pts, key, data } of packets) {
  const dueIn = start + dts / 1000 - performance.now(); // our times are microseconds, timers take milliseconds
  if (dueIn > 0) await sleep(dueIn, undefined, { signal: writer.signal }).catch(() => {});
  if (writer.signal.aborted) break; // the server closes, or another publisher has taken over
  writer.write({ track: track.id, dts, pts, key, data });
}
writer.end();
await live.close();

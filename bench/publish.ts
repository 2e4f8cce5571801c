/** publish.ts URL CLIP: loops a clip to an RTMP server in real time, with a stamp in every picture. */
import { createReadStream } from "node:fs";
import { createNodeScheduler } from "../src/server/net/node-scheduler.js";
import { replay } from "../src/server/protocol/file/replay.js";
import { openRtmpPush } from "../src/server/protocol/rtmp/push.js";
import { parseRtmpUrl } from "../src/server/protocol/rtmp/url.js";
import { sharedMicros, stamped } from "./stamp.js";

const [url = "", clip = ""] = process.argv.slice(2);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const push = await openRtmpPush(parseRtmpUrl(url), { signal: stop.signal });
console.log("publishing");
try {
  await replay(
    () => createReadStream(clip),
    { ...push, write: (packet) => push.write(stamped(packet, sharedMicros())) },
    { loop: true, signal: stop.signal, scheduler: createNodeScheduler() },
  );
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  await push.close();
}

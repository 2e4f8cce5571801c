// Every compressed frame of a stream, in your own code: publish to rtmp://localhost/live/mine and watch the lines.
import { createServer } from "sluice";

const live = createServer();
live.on("publish", ({ key }) => console.log("on air:", key));
live.on("unpublish", ({ key, reason }) => console.log("off air:", key, reason));
await live.listen();

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const oneHour = 3_600_000;
for await (const packet of live.subscribe("live/mine", { signal: stop.signal, waitMs: oneHour })) {
  const { track, dts, pts, key, data } = packet;
  console.log(
    track.config.codec,
    `dts ${dts} us`,
    `cts ${pts - dts} us`,
    key ? "key" : "",
    `${data.length} bytes`,
  );
}
await live.close();

// A plain http.Server with routes of its own, and live streams below /media.
import { createServer as createHttpServer } from "node:http";
import { createServer } from "sluice";

const live = createServer({ http: false }); // RTMP on 1935, no HTTP port of its own
const server = createHttpServer((request, response) => response.end(`Yours: ${request.url}\n`));
live.attach(server, { prefix: "/media" }); // before your listener, and WebSocket included

await live.listen();
server.listen(3000, () =>
  console.log("rtmp://localhost/live/NAME -> http://localhost:3000/media/live/NAME.flv"),
);

process.once("SIGTERM", () => {
  server.close();
  void live.close(); // ends publishers and viewers in order; then the process has nothing left to do
});

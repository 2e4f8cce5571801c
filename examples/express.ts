// Live streams inside an Express application, behind whatever middleware comes before them.
import express from "express";
import { createServer } from "sluice";

const live = createServer({ http: false });
const app = express();
app.get("/hello", (_request, response) => void response.send("Hello from Express\n"));
app.use("/media", live.handler); // what is not ours goes on to the next route

await live.listen();
const server = app.listen(3000, () => console.log("http://localhost:3000/media/live/NAME.flv"));
// Express routes no WebSocket handshakes, so nobody else takes the mount point off.
server.on("upgrade", (request, socket, head) => {
  request.url = (request.url ?? "/").replace(/^\/media(?=\/)/, "");
  live.upgrade(request, socket, head);
});

process.once("SIGTERM", () => {
  server.close();
  void live.close();
});

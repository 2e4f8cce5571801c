// Live streams inside a Hono application, through the Fetch API. It copies for each viewer: for a few of them, or where
// there is nothing but fetch. On Node, `live.attach(server, { prefix: "/media" })` serves many.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { mount } from "hono/mount";
import { createServer } from "sluice";

const live = createServer({ http: false });
const app = new Hono();
app.get("/hello", (c) => c.text("Hello from Hono\n"));
app.all("/media/*", mount(live.fetch));

await live.listen();
const server = serve({ fetch: app.fetch, port: 3000 });
// Fetch knows no WebSocket: Node's server does.
server.on("upgrade", (request, socket, head) => {
  request.url = (request.url ?? "/").replace(/^\/media(?=\/)/, "");
  live.upgrade(request, socket, head);
});
console.log("http://localhost:3000/media/live/NAME.flv");

process.once("SIGTERM", () => {
  server.close();
  void live.close();
});

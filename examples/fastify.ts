// Live streams inside a Fastify application: hijacked replies, and no copy on the way to the socket.
import Fastify from "fastify";
import { createServer } from "sluice";

const live = createServer({ http: false });
const app = Fastify();
app.get("/hello", () => "Hello from Fastify\n");
app.all("/media/*", (request, reply) => {
  reply.hijack(); // Fastify's hooks up to here have run: authentication, rate limits
  request.raw.url = withoutPrefix(request.url);
  live.handler(request.raw, reply.raw);
});
app.server.on("upgrade", (request, socket, head) => {
  request.url = withoutPrefix(request.url);
  live.upgrade(request, socket, head);
});

await live.listen();
await app.listen({ port: 3000 });
console.log("http://localhost:3000/media/live/NAME.flv");

process.once("SIGTERM", () => {
  void live.close().then(() => app.close());
});

function withoutPrefix(url = "/"): string {
  return url.replace(/^\/media(?=\/)/, "");
}

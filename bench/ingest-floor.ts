/** ingest-floor.ts: reads what comes on plain sockets and does nothing with it: no server can take it in for less. */
import { type AddressInfo, createServer } from "node:net";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => {});
  socket.on("error", () => {});
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on("SIGTERM", () => process.exit());

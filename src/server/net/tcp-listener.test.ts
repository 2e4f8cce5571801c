import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { until } from "../../../test/support/until.js";
import { createTcpListener } from "./tcp-listener.js";

describe("the TCP listener", () => {
  it("hands over connections up to its limit, and closes when they have", async () => {
    const taken: Socket[] = [];
    const listener = createTcpListener({
      host: "127.0.0.1",
      port: 0,
      maxConnections: 2,
      onConnection: (socket) => taken.push(socket),
      onError() {},
    });
    const { host, port } = await listener.listen();
    expect(host).toBe("127.0.0.1");
    const clients = [0, 1, 2].map(() => connect(port, host).on("error", () => {}));
    const closed = clients.map((client) => new Promise((resolve) => client.once("close", resolve)));
    await Promise.race(closed);
    expect(taken).toHaveLength(2);
    expect(taken[0]?.writableHighWaterMark).toBe(65_536);
    let done = false;
    const closing = listener.close().then(() => {
      done = true;
    });
    taken[0]?.destroy();
    await until(() => clients.filter((client) => client.destroyed).length === 2);
    expect(done).toBe(false);
    taken[1]?.destroy();
    await closing;
    await Promise.all(closed);
    await listener.close();
  });

  it("says that a port is in use, and listens on every address", async () => {
    const init = { port: 0, maxConnections: 1, onConnection() {}, onError() {} };
    const first = createTcpListener({ ...init, host: "::" });
    const { port } = await first.listen();
    const second = createTcpListener({ ...init, host: "::", port });
    await expect(second.listen()).rejects.toMatchObject({ code: "EADDRINUSE" });
    const client = connect(port, "127.0.0.1");
    await new Promise((resolve) => client.once("connect", resolve));
    client.destroy();
    await Promise.all([first.close(), second.close()]);
  });
});

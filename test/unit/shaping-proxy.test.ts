import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type NetworkShape, startShapingProxy } from "../support/shaping-proxy.js";
import { until } from "../support/until.js";

async function stage(shape: NetworkShape) {
  const accepted: Socket[] = [];
  const server = createServer((socket) => {
    // Broken off on purpose.
    socket.on("error", () => {});
    accepted.push(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await startShapingProxy((server.address() as AddressInfo).port, 7, shape);
  const client = connect({ port: proxy.port, host: "127.0.0.1" });
  let received = "";
  client.setEncoding("latin1").on("data", (text: string) => {
    received += text;
  });
  client.on("error", () => {});
  await until(() => accepted.length === 1);
  onTestFinished(async () => {
    client.destroy();
    await proxy.close();
    server.close();
  });
  return { proxy, client, far: accepted[0] as Socket, received: () => received };
}

describe("the shaping proxy", () => {
  it("passes everything on in order, whatever the jitter", async () => {
    const { far, received } = await stage({ delayMs: 5, jitterMs: 20 });
    let sent = "";
    for (let i = 0; i < 50; i += 1) {
      far.write(`${i},`);
      sent += `${i},`;
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await until(() => received().length === sent.length);
    expect(received()).toBe(sent);
  });

  it("holds everything while it is cut, and loses nothing", async () => {
    const { proxy, far, received } = await stage({});
    far.write("before,");
    await until(() => received() === "before,");
    proxy.cut();
    far.write("during,");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received()).toBe("before,");
    proxy.restore();
    await until(() => received() === "before,during,");
  });

  it("lets no more through than the rate", async () => {
    const { far, received } = await stage({ bytesPerSecond: 200_000 });
    const begun = performance.now();
    far.write(Buffer.alloc(100_000, 65));
    await until(() => received().length === 100_000);
    // 100 kB at 200 kB/s less the first pieces: it cannot be quicker, however fast the machine.
    expect(performance.now() - begun).toBeGreaterThan(300);
  });

  it("reads no more than it may hold from who is faster", async () => {
    const { proxy, far } = await stage({});
    proxy.cut();
    for (let i = 0; i < 400; i += 1) far.write(Buffer.alloc(64 * 1024));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(far.writableLength).toBeGreaterThan(0);
  });

  it("breaks connections off", async () => {
    const { proxy, client } = await stage({});
    proxy.reset();
    await until(() => client.destroyed);
  });
});

import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";

export interface JumpingFlv {
  readonly port: number;
  /** All that follows is so much later on the stream's clock, milliseconds; below 0 earlier. */
  jump(ms: number): void;
  close(): Promise<void>;
}

/** FLV header and the size before the first tag; a tag's header; the size after a tag. */
const HEADER = 13;
const TAG_HEADER = 11;
const TAG_SIZE = 4;

/**
 * Hands on what a server answers, HTTP-FLV with timestamps that jump. Ours mends what a publisher's clock does, others
 * hand it on to their viewers.
 */
export async function startJumpingFlv(target: number): Promise<JumpingFlv> {
  let offset = 0;
  const server = createServer((request, response) => {
    const upstream = get({ port: target, host: "127.0.0.1", path: request.url }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (!answer.headers["content-type"]?.includes("flv")) {
        answer.pipe(response);
        return;
      }
      let held = Buffer.alloc(0);
      let begun = false;
      answer.on("data", (bytes: Buffer) => {
        held = Buffer.concat([held, bytes]);
        if (!begun && held.length < HEADER) return;
        let at = begun ? 0 : HEADER;
        begun = true;
        for (;;) {
          const end = at + TAG_HEADER + TAG_SIZE + (held.length >= at + 4 ? held.readUIntBE(at + 1, 3) : 0);
          if (held.length < at + TAG_HEADER || held.length < end) break;
          setTime(held, at, (timeOf(held, at) + offset) >>> 0);
          at = end;
        }
        response.write(Buffer.from(held.subarray(0, at)));
        held = held.subarray(at);
      });
      answer.on("close", () => response.destroy());
    });
    upstream.on("error", () => response.destroy());
    response.on("close", () => upstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    jump(ms) {
      offset += ms;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** FLV 10.1 section E.4.1: the low 24 bits, then the high 8. */
function timeOf(tag: Buffer, at: number): number {
  return tag.readUIntBE(at + 4, 3) + tag.readUInt8(at + 7) * 2 ** 24;
}

function setTime(tag: Buffer, at: number, time: number): void {
  tag.writeUIntBE(time % 2 ** 24, at + 4, 3);
  tag.writeUInt8(Math.floor(time / 2 ** 24), at + 7);
}

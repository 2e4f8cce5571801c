import { createServer, type LiveServer, type ServerOptions } from "../../src/server/index.js";

/** A whole server on free loopback ports, with the addresses of its streams in app `live`. */
export interface LiveTestServer {
  readonly live: LiveServer;
  readonly rtmpPort: number;
  readonly httpPort: number;
  /** @param name such as `room` */
  rtmp(name: string): string;
  /** @param file such as `room.flv` */
  http(file: string): string;
  ws(file: string): string;
  close(): Promise<void>;
}

export async function startLiveServer(options: ServerOptions = {}): Promise<LiveTestServer> {
  const live = createServer({
    logger: false,
    ops: false,
    ...options,
    rtmp: { host: "127.0.0.1", port: 0, ...options.rtmp },
    http: { host: "127.0.0.1", port: 0, ...options.http },
  });
  const { rtmp, http } = await live.listen();
  if (rtmp === undefined || http === undefined) throw new Error("the server has no port");
  return {
    live,
    rtmpPort: rtmp.port,
    httpPort: http.port,
    rtmp: (name) => `rtmp://127.0.0.1:${rtmp.port}/live/${name}`,
    http: (file) => `http://127.0.0.1:${http.port}/live/${file}`,
    ws: (file) => `ws://127.0.0.1:${http.port}/live/${file}`,
    close: () => live.close(),
  };
}

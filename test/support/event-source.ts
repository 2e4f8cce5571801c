import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { until } from "./until.js";

/** One event of a `text/event-stream`, as the HTML standard has a browser take it apart (section 9.2.6). */
export interface ServerEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What EventSource does, by hand and with headers. */
export interface EventReader {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly events: readonly ServerEvent[];
  /** What `Last-Event-ID` would say. */
  readonly lastId: string;
  /** The server has ended it. */
  readonly ended: boolean;
  /** The first event of a type that fits, once it has come. */
  next(type: string, fits?: (data: ServerEvent["data"]) => boolean): Promise<ServerEvent>;
  leave(): void;
}

export async function readEvents(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const events: ServerEvent[] = [];
  let lastId = "";
  let ended = false;
  const sent: ClientRequest = request(url, { headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve).on("error", reject).end();
  });
  let rest = "";
  let fields = { type: "message", data: "" };
  response.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, name, value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (name === "id") lastId = value;
      else if (name === "event") fields.type = value;
      else if (name === "data") fields.data += value;
      else if (line === "") {
        if (fields.data !== "")
          events.push({
            id: lastId,
            type: fields.type,
            data: JSON.parse(fields.data) as ServerEvent["data"],
          });
        fields = { type: "message", data: "" };
      }
    }
  });
  const over = (): void => {
    ended = true;
  };
  response.on("end", over).on("error", over);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    get lastId() {
      return lastId;
    },
    get ended() {
      return ended;
    },
    async next(type, fits = () => true) {
      const find = (): ServerEvent | undefined =>
        events.find((event) => event.type === type && fits(event.data));
      await until(() => find() !== undefined);
      return find() as ServerEvent;
    },
    leave: () => void sent.destroy(),
  };
}

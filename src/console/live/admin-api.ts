/** A stream as `GET /api/v1/streams` lists it. */
export interface AdminStream {
  readonly app: string;
  readonly name: string;
  readonly codecs: readonly string[];
  readonly width?: number;
  readonly height?: number;
  readonly since: string;
  readonly live: boolean;
  readonly viewers: number;
  readonly packets: number;
  /** Payload taken from its publishers so far. */
  readonly bytes: number;
  /** From one key frame to the next, the last time; absent without a picture, or where the server does not know. */
  readonly gopMs?: number;
  readonly encoder?: string;
}

/** A connection as `GET /api/v1/sessions` lists it. */
export interface AdminSession {
  readonly id: string;
  readonly protocol: string;
  readonly action: "publish" | "play" | null;
  readonly app?: string;
  readonly name?: string;
  readonly remoteAddress: string;
  readonly userAgent?: string;
  readonly since: string;
  readonly firstFrameMs?: number;
  readonly counters: {
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly droppedFrames: number;
    readonly droppedMs: number;
  };
  /** What the player says of itself: unchecked, so each figure is read as if it might be anything. */
  readonly report?: Readonly<Record<string, unknown>>;
}

export interface SessionPage {
  /** How many there are, of which these are the first. */
  readonly total: number;
  readonly sessions: readonly AdminSession[];
}

/** The server refused. `status` 401 and 403 are about the token. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }

  /** Whether another token is needed. */
  get refused(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** The API for who has the token. Each call @throws ApiError where the server refuses, TypeError where it is away */
export interface AdminApi {
  streams(): Promise<readonly AdminStream[]>;
  /** Who publishes and plays one stream. */
  sessions(app: string, name: string, limit: number): Promise<SessionPage>;
  /** Ends a connection; one that is gone already is as good. */
  kick(id: string): Promise<void>;
  /** Gets the cookie by which `EventSource` is let in. */
  openEvents(): Promise<void>;
}

const TIMEOUT_MS = 5000;

export function createAdminApi(token: string): AdminApi {
  async function ask(path: string, method: "GET" | "POST" | "DELETE" = "GET"): Promise<Response> {
    const response = await fetch(`api/v1/${path}`, {
      method,
      cache: "no-store",
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return response;
    const said = (await response.json().catch(() => undefined)) as { message?: unknown } | undefined;
    const message =
      typeof said?.message === "string" ? said.message : `The server answered ${response.status}.`;
    throw new ApiError(response.status, message);
  }

  return {
    async streams() {
      return ((await (await ask("streams")).json()) as { streams: readonly AdminStream[] }).streams;
    },
    async sessions(app, name, limit) {
      const query = new URLSearchParams({ app, name, limit: `${limit}` });
      return (await (await ask(`sessions?${query}`)).json()) as SessionPage;
    },
    async kick(id) {
      try {
        await ask(`sessions/${encodeURIComponent(id)}`, "DELETE");
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
      }
    },
    async openEvents() {
      await ask("events/cookie", "POST");
    },
  };
}

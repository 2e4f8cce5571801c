import { SESSION_HEADER, type Side, SourceError } from "./source.js";

/** The stream over HTTP. */
export async function fetchSource(
  url: string,
  signal: AbortSignal,
  onBytes: (bytes: Uint8Array) => void,
  side: Side,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      signal,
      cache: "no-store",
      credentials: "same-origin",
      headers: side.headers ?? {},
    });
  } catch {
    signal.throwIfAborted();
    throw new SourceError(
      "unreachable",
      `${url} cannot be reached: is the server up, and does it allow this origin?`,
    );
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel().catch(() => {});
    throw statusError(url, response.status);
  }
  const { headers } = response;
  side.told = {
    ...side.told,
    session: headers.get(SESSION_HEADER) ?? undefined,
    traceparent: headers.get("traceparent") ?? undefined,
  };
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes(value);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TypeError)
      throw new SourceError("unreachable", `${url} broke off: ${error.message}`);
    throw error;
  } finally {
    reader.cancel().catch(() => {});
  }
}

function statusError(url: string, status: number): SourceError {
  if (status === 404) return new SourceError("not-found", `${url}: nobody is publishing it`);
  if (status === 401 || status === 403) {
    return new SourceError(
      "denied",
      `${url}: the server does not allow it (${status}); check the key or token`,
      true,
    );
  }
  return new SourceError("http-status", `${url}: the server answered ${status}`);
}

import type { Cancel, Scheduler } from "../../hub/scheduler.js";
import { BodyError, type BodyFailure } from "../contract/body-error.js";
import type { BodyLimits } from "../contract/exchange.js";
import type { HttpRequest } from "./http-exchange.js";

/** Reads the body of a request of Node's. @throws BodyError */
export function readRequestBody(
  request: HttpRequest,
  { maxBytes, timeoutMs }: BodyLimits,
  scheduler: Scheduler,
): Promise<Uint8Array> {
  if (request.readableEnded) return parsedBefore(request, maxBytes);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return failWith("too-large");
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let cancel: Cancel = () => {};

    function release(): void {
      cancel();
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onClose);
      request.off("error", onClose);
    }
    function fail(code: BodyFailure): void {
      release();
      reject(new BodyError(code));
    }
    function onData(chunk: Buffer): void {
      length += chunk.length;
      if (length > maxBytes) fail("too-large");
      else chunks.push(chunk);
    }
    function onEnd(): void {
      release();
      resolve(Buffer.concat(chunks, length));
    }
    const onClose = (): void => fail("cut-off");

    cancel = scheduler.after(timeoutMs, () => fail("timeout"));
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onClose);
    request.on("error", onClose);
  });
}

/** What a framework's parser, called before us, has left on the request: text or bytes as they were. */
function parsedBefore(request: HttpRequest, maxBytes: number): Promise<Uint8Array> {
  const { body } = request as { readonly body?: unknown };
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  if (!(bytes instanceof Uint8Array)) return failWith("consumed");
  return bytes.length > maxBytes ? failWith("too-large") : Promise.resolve(bytes);
}

function failWith(code: BodyFailure): Promise<never> {
  return Promise.reject(new BodyError(code));
}

/** Reads the body of a Fetch API request. @throws BodyError */
export async function readFetchBody(
  request: Request,
  { maxBytes, timeoutMs }: BodyLimits,
  scheduler: Scheduler,
): Promise<Uint8Array> {
  if (request.bodyUsed) throw new BodyError("consumed");
  if (request.body === null) return new Uint8Array(0);
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let late = false;
  // It makes a read that waits come to its end.
  const leave = (): void => void reader.cancel().catch(() => {});
  const cancel = scheduler.after(timeoutMs, () => {
    late = true;
    leave();
  });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new BodyError("cut-off");
      });
      if (late) throw new BodyError("timeout");
      if (done) return Buffer.concat(chunks, length);
      length += value.length;
      if (length > maxBytes) throw new BodyError("too-large");
      chunks.push(value);
    }
  } finally {
    cancel();
    leave();
  }
}

import { connect, type Socket } from "node:net";
import type { RtspUrl } from "./url.js";

/**
 * Connects. Settles with an open socket that has no listeners of ours.
 *
 * @throws Error that says what is wrong, in words for people; the signal's reason when it fires
 */
export function dial({ host, port }: RtspUrl, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = connect({ host, port, noDelay: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.off("connect", onConnect);
      socket.off("error", onError);
    };
    const fail = (error: unknown): void => {
      settle();
      // What it may still say is nobody's business any more.
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (error: Error): void => fail(new Error(explain(error, host, port), { cause: error }));
    const onAbort = (): void => fail(signal.reason);
    const timer = setTimeout(
      () => fail(new Error(`${host} did not answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    signal.addEventListener("abort", onAbort);
    socket.on("connect", onConnect);
    socket.on("error", onError);
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return `connection refused: nothing listens on ${host} port ${port}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `there is no host ${host}`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${host} cannot be reached`;
    default:
      return error.message;
  }
}

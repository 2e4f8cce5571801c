import type { SourceError } from "../source/source.js";
import { codecAdvice } from "./advice.js";
import { readCapabilities } from "./capabilities.js";
import { choosePath, explainChoice, type PathChoice, type PlayerPath } from "./choose.js";
import type { Refused } from "./first.js";
import { probeHls } from "./probe-hls.js";

/** The choice, or why there is none. Plain data: this chunk's classes are not the player's. */
export interface Decision {
  /** Undefined while it cannot be made. */
  readonly choice?: PathChoice;
  readonly problem?: Pick<SourceError, "code" | "message" | "fatal">;
}

/**
 * Decides on a path by what the browser has and, only where it comes to that, by whether the server has HLS.
 *
 * @param url of the stream, http or https
 * @param codec that the last path did not play, where it came to that
 */
export async function decidePath(
  url: string,
  wanted: readonly PlayerPath[] | undefined,
  refused: Refused,
  codec: string | undefined,
  signal: AbortSignal,
): Promise<Decision> {
  const can = { ...readCapabilities(), refused, serverHls: true };
  let choice = choosePath(can, wanted);
  if (choice.path === "hls") {
    const found = await probeHls(url, signal);
    if (found === "not-live") {
      return { problem: { code: "not-found", message: `${url}: nobody is publishing it`, fatal: false } };
    }
    choice = choosePath({ ...can, serverHls: found === "there" }, wanted);
  }
  if (choice.path !== undefined) return { choice };
  const reasons = explainChoice(choice);
  return {
    choice,
    problem:
      codec === undefined
        ? { code: "browser-unsupported", message: `this browser cannot play it: ${reasons}`, fatal: true }
        : { code: "codec-unsupported", message: `${codecAdvice(codec)} (${reasons})`, fatal: true },
  };
}

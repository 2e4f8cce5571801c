import type { AvErrorCode } from "../../error.js";
import type { Library } from "./library.js";

/** Why a job in this process came to nothing; its parent makes an AvError of it. */
export class Failure extends Error {
  /** Undefined for an error of FFmpeg's: the message has FFmpeg's words, whose meaning the parent knows. */
  readonly code: AvErrorCode | undefined;

  constructor(code: AvErrorCode | undefined, message: string) {
    super(message);
    this.name = "Failure";
    this.code = code;
  }
}

/** Checks a return code of FFmpeg's, and hands it on. @throws Failure */
export type Check = (code: number) => number;

export function createCheck(library: Library): Check {
  return (code) => {
    if (code < 0) throw new Failure(undefined, library.FFmpegError.strerror(code));
    return code;
  };
}

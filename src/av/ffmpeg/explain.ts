import { AvError, type AvErrorCode } from "../error.js";
import type { ChildEnd } from "../process.js";

/** What FFmpeg's words mean, the first that fits. They are the same from 4.4 to 8.1. */
const MEANINGS: readonly (readonly [RegExp, AvErrorCode, string])[] = [
  [
    /Format not on whitelist '?(\S*?)'?$/m,
    "unsupported",
    "its kind of file is not read, for it may name others",
  ],
  [/Protocol '?(\S+?)'? not on whitelist/, "denied", "it names a place that may not be read from here"],
  [/No such file or directory/, "not-found", "there is no such file"],
  [/Is a directory/, "not-media", "it is a folder, not a file"],
  [/Permission denied|Operation not permitted/, "denied", "no permission"],
  [/401 Unauthorized|403 Forbidden|authorization failed/i, "denied", "the server says that we may not"],
  [
    /404 Not Found|StreamNotFound|HTTP error 4\d\d|Server returned 4/i,
    "not-found",
    "the server has no such thing",
  ],
  [/HTTP error 5\d\d|Server returned 5/i, "unreachable", "the server failed"],
  [
    /Connection refused|Connection reset|Network is unreachable|No route to host|Failed to resolve|Name or service|Temporary failure|Connection timed out|TLS|handshake/i,
    "unreachable",
    "no connection to the server",
  ],
  [/timed out|timeout/i, "timeout", "the server did not answer in time"],
  [
    /Unknown (en|de)coder|(En|De)coder .* not found|Decoder \(codec .*\) not found/,
    "unsupported",
    "this FFmpeg lacks a codec",
  ],
  [/No such filter|Unknown filter/, "unsupported", "this FFmpeg lacks a filter"],
  [/No space left on device/, "failed", "the disk is full"],
  [/Cannot allocate memory|Out of memory/, "memory", "not enough memory"],
  [/moov atom not found/, "corrupt", "an MP4 without its index (moov): cut off, or still being written"],
  [
    /does not contain any stream|matches no streams|Output file #0 does not contain/,
    "not-media",
    "no audio or video in it",
  ],
  [/Invalid data found when processing input/, "not-media", "this is no audio or video that we know"],
  [/End of file|truncat/i, "corrupt", "it ends too early"],
];

/**
 * Why FFmpeg gave up, as an error.
 *
 * @param what its subject, such as the input's name
 */
export function explain(end: ChildEnd, what: string): AvError {
  const words = lastWords(end.stderr);
  for (const [pattern, code, sentence] of MEANINGS) {
    if (pattern.test(end.stderr)) return new AvError(code, `${what}: ${sentence}${words && ` (${words})`}`);
  }
  if (end.signal !== null) {
    // SIGSEGV and the like: a hostile file, or a fault of FFmpeg's.
    return new AvError("corrupt", `${what}: ffmpeg died of ${end.signal}${words && ` (${words})`}`);
  }
  return new AvError("failed", `${what}: ffmpeg failed${words && `: ${words}`}`);
}

/** The last line, without control characters and addresses of structures, at most 200 characters. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    // A file's name or tag may bring control characters into a terminal.
    .map((line) =>
      line
        .replace(/\p{Cc}/gu, " ")
        .replace(/\[([^\]]*?) @ 0x[0-9a-f]+\]/g, "$1:")
        .trim(),
    )
    .filter((line) => line !== "" && !/^(Last message repeated|Conversion failed|Exiting)/.test(line));
  return (lines.at(-1) ?? "").slice(0, 200);
}

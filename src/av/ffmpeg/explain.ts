import { AvError, type AvErrorCode } from "../error.js";
import type { ChildEnd } from "../process.js";

/** Demuxers of what names other files or addresses: it is media, and not read on purpose. */
const NAMING =
  /\[(hls|applehttp|dash|concat|concatf|sdp|rtsp|image2|imf|smoothstreaming|ffmetadata)\b[^\]]*\] Format not on|not detecting m3u8/i;

/** What FFmpeg's words mean, the first that fits: those of 4.4 to 8.1. */
const MEANINGS: readonly (readonly [RegExp, AvErrorCode, string])[] = [
  [NAMING, "unsupported", "a list of other files or addresses, which are not read: name the media itself"],
  [/Format not on whitelist/, "not-media", "this is no audio or video that we know"],
  [/Protocol '?\S+?'? not on whitelist/, "denied", "it names a place that may not be read from there"],
  [/No such file or directory/, "not-found", "there is no such file"],
  [/Is a directory/, "not-media", "it is a folder, not a file"],
  [/Permission denied|Operation not permitted/, "denied", "no permission"],
  [/401 Unauthorized|403 Forbidden|authorization failed/i, "denied", "the server does not let us"],
  [
    /404 Not Found|StreamNotFound|HTTP error 4\d\d|Server returned 4/i,
    "not-found",
    "the server has no such thing",
  ],
  [/HTTP error 5\d\d|Server returned 5/i, "unreachable", "the server failed"],
  [
    /Connection refused|Connection reset|unreachable|No route to host|resolve hostname|Name or service|Broken pipe|handshake/i,
    "unreachable",
    "no connection to the server",
  ],
  [/timed out/i, "timeout", "no answer in time"],
  [
    /Unknown (en|de)coder|(En|De)coder \S* ?not found|Decoder \(codec/i,
    "unsupported",
    "this FFmpeg lacks a codec",
  ],
  [/No such filter|Filter not found/, "unsupported", "this FFmpeg lacks a filter"],
  [/No space left on device/, "failed", "the disk is full"],
  [/Cannot allocate memory|Out of memory/i, "memory", "not enough memory"],
  [/moov atom not found/, "corrupt", "an MP4 without its index (moov): cut off, or still being written"],
  [/does not contain any stream|matches no streams/, "not-media", "it has no such track"],
  [
    /Picture size \S+ is invalid|exceeds specified max pixel count/,
    "unsupported",
    "its picture is too large",
  ],
  [/Invalid data found when processing input/, "not-media", "this is no audio or video that we know"],
  [/End of file|truncat/i, "corrupt", "it ends too early"],
];
const MAX_WORDS = 200;

/**
 * Why FFmpeg gave up, as an error.
 *
 * @param what its subject, such as the input's name
 */
export function explain(end: ChildEnd, what: string): AvError {
  const words = lastWords(end.stderr);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(end.stderr));
  if (meaning !== undefined) {
    const [, code, sentence] = meaning;
    return new AvError(code, `${what}: ${sentence}${words && ` (${words})`}`);
  }
  // SIGSEGV and the like: a hostile file, or a fault of FFmpeg's.
  if (end.signal !== null) return new AvError("corrupt", `${what}: ffmpeg died of ${end.signal}`);
  return new AvError("failed", `${what}: ffmpeg failed${words && `: ${words}`}`);
}

/**
 * The last line, without where a structure lies in memory, and addresses without user, password and query, which may be
 * secrets. A file's name or tag may bring control characters.
 */
function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(/\p{Cc}/gu, " ")
        .replace(/\[([^\]]*?) @ 0x[0-9a-f]+\]/g, "$1:")
        .replace(/\b([a-z][a-z0-9+.-]{0,15}:\/\/)(?:[^\s/@]*@)?([^\s?#]*)(?:[?#]\S*)?/gi, "$1$2")
        .trim(),
    )
    .filter(
      (line) => line !== "" && !/^(Last message repeated|Conversion failed|Exiting|To ignore)/.test(line),
    );
  return (lines.at(-1) ?? "").slice(0, MAX_WORDS);
}

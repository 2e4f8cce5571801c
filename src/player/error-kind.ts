import type { PlayerErrorCode, PlayerErrorKind } from "./types.js";

/** Codes whose kind is not `network`. */
const KINDS: Readonly<Partial<Record<PlayerErrorCode, PlayerErrorKind>>> = {
  malformed: "media",
  "codec-unsupported": "media",
  "browser-unsupported": "media",
  "append-failed": "playback",
  stuck: "playback",
  "autoplay-blocked": "playback",
};

/** What an error's code is about. */
export function kindOf(code: PlayerErrorCode): PlayerErrorKind {
  return KINDS[code] ?? "network";
}

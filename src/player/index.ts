/**
 * `sluice/player`: plays live FLV in a browser.
 *
 * @module
 */

export type { PathChoice, PathStep, PlayerPath } from "./path/choose.js";
export { createPlayer } from "./player.js";
export type {
  Player,
  PlayerError,
  PlayerErrorCode,
  PlayerErrorKind,
  PlayerEvents,
  PlayerOptions,
  PlayerState,
  PlayerStats,
} from "./types.js";

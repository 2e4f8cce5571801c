/**
 * `sluice/player`: plays live FLV in a browser.
 *
 * @module
 */
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

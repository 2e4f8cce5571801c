import type { Stream } from "./library.js";

const DISPLAY_MATRIX = 5; // AV_PKT_DATA_DISPLAYMATRIX
const MATRIX_BYTES = 9 * 4;

/** Degrees clockwise that a player turns the picture: 0, 90, 180 or 270 (libavutil/display.h). */
export function rotationOf(stream: Stream): number {
  return rotationOfMatrix(stream.codecpar.getCodedSideData(DISPLAY_MATRIX));
}

/** Of a display matrix: nine 32-bit numbers, in this machine's order. */
export function rotationOfMatrix(bytes: Uint8Array | null): number {
  if (bytes === null || bytes.length < MATRIX_BYTES) return 0;
  const matrix = new Int32Array(bytes.slice(0, MATRIX_BYTES).buffer);
  const [a = 0, b = 0, , c = 0, d = 0] = matrix;
  const across = Math.hypot(a, c);
  const down = Math.hypot(b, d);
  if (across === 0 || down === 0) return 0;
  const degrees = (Math.atan2(b / down, a / across) * 180) / Math.PI;
  return (((Math.round(degrees / 90) * 90) % 360) + 360) % 360;
}

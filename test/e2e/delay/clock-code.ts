/**
 * The wall clock as a bar code: 24 bits of milliseconds and a checksum of 8, the highest bit first, each a bar that is
 * black or white across the top of the picture. It outlives an encoder, a decoder and a change of size.
 */
const BITS = 32;
const CLOCK_BITS = 24;
/** The clock in the picture starts over every 2^24 ms, 4.6 hours. */
const ROUND = 2 ** CLOCK_BITS;
/** Share of the picture's height that a band of bars takes. */
const BAR_SHARE = 0.2;
const BLACK = 16;
const WHITE = 235;

/** Bands from the top: the wall clock when the picture was drawn, and its place on the stream's own clock. */
export type Band = "wall" | "media";
const BANDS: readonly Band[] = ["wall", "media"];

/**
 * Draws a clock into the luma plane of a picture, one byte a pixel.
 *
 * @param ms the clock, milliseconds
 */
export function drawClock(luma: Uint8Array, width: number, height: number, band: Band, ms: number): void {
  const clock = Math.floor(ms) % ROUND;
  const word = clock * 256 + checksum(clock);
  const rows = Math.round(height * BAR_SHARE);
  const row = new Uint8Array(width);
  for (let x = 0; x < width; x += 1) {
    const bit = Math.floor((x * BITS) / width);
    row[x] = Math.floor(word / 2 ** (BITS - 1 - bit)) % 2 === 1 ? WHITE : BLACK;
  }
  const top = BANDS.indexOf(band) * rows;
  for (let y = top; y < top + rows; y += 1) luma.set(row, y * width);
}

/** Where the middle of a band is, as a share of the height. */
export function middleOf(band: Band): number {
  return BAR_SHARE * (BANDS.indexOf(band) + 0.5);
}

/**
 * Reads a clock.
 *
 * @param row RGBA pixels of one row through the bars
 * @returns milliseconds from 0 up to 2^24, or undefined where there is no clock in the row
 */
export function readClock(row: Uint8ClampedArray): number | undefined {
  const width = row.length / 4;
  let word = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const x = Math.floor(((bit + 0.5) * width) / BITS);
    word = word * 2 + ((row[x * 4] as number) > 127 ? 1 : 0);
  }
  const clock = Math.floor(word / 256);
  return word % 256 === checksum(clock) ? clock : undefined;
}

/** How long ago a picture was drawn whose clock was read, milliseconds. */
export function ageOf(clock: number, now: number): number {
  const age = ((now % ROUND) - clock + ROUND) % ROUND;
  return age > ROUND / 2 ? age - ROUND : age;
}

function checksum(clock: number): number {
  const bytes = [clock >>> 16, (clock >>> 8) & 0xff, clock & 0xff];
  return bytes.reduce((sum, byte) => (sum * 31 + byte + 7) & 0xff, 0x5a);
}

/** CRC-32 of generator 04C11DB7, most significant bit first, from 0 and without a last inversion: NUT's checksum. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    // Headers are short: a table would not pay.
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  return crc >>> 0;
}

const CODECS: readonly (readonly [RegExp, string])[] = [
  [/^avc[13]/, "H.264"],
  [/^(hvc|hev)1/, "H.265"],
  [/^av01/, "AV1"],
  [/^vp09/, "VP9"],
  [/^(mp3|mp4a\.6b)/i, "MP3"],
  [/^mp4a/, "AAC"],
  [/^opus/i, "Opus"],
];

/** The name people know a codec by; its RFC 6381 string where there is none. */
export function codecName(codec: string): string {
  return CODECS.find(([pattern]) => pattern.test(codec))?.[1] ?? codec;
}

/** `2.65 Mbit/s` */
export function formatBitrate(bitsPerSecond: number): string {
  if (bitsPerSecond <= 0) return "–";
  if (bitsPerSecond < 1_000_000) return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
  return `${(bitsPerSecond / 1_000_000).toFixed(2)} Mbit/s`;
}

/** `0.84 s` */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** `85 ms`, `2.00 s` */
export function formatMillis(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : formatSeconds(milliseconds);
}

/** `0 %`, `0.4 %`, `12 %` @param share of 1 */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** `1280 × 720`, or nothing to tell. */
export function formatSize(width: number | undefined, height: number | undefined): string {
  return width && height ? `${width} × ${height}` : "–";
}

/** `1:02:03`, how long something has been going on. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const pad = (value: number): string => String(value).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

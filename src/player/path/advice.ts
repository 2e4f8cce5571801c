/** Codecs by how their RFC 6381 strings begin: what they are called, and what to do where one is not played. */
const CODECS: readonly (readonly [RegExp, string, string])[] = [
  [/^avc/, "H.264 video", "publish 4:2:0 with 8 bits (-pix_fmt yuv420p), or use another browser"],
  [
    /^(hvc|hev)/,
    "HEVC video",
    "publish H.264, or use Safari, or Chrome or Edge on a machine that decodes HEVC in hardware",
  ],
  [/^av01/, "AV1 video", "publish H.264, or use Chrome, Edge or Firefox; Safari needs hardware for it"],
  [/^vp0?[89]/, "VP9 video", "publish H.264, or use Chrome, Edge or Firefox"],
  [/^mp4a\.(6b|69|40\.34)/i, "MP3 sound", "publish AAC"],
  [/^mp3/, "MP3 sound", "publish AAC"],
  [/^mp4a/, "AAC sound", "publish AAC-LC, or use another browser"],
  [/^opus/i, "Opus sound", "publish AAC, or use Chrome, Edge, Firefox, or Safari from 17"],
  [/^flac/i, "FLAC sound", "publish AAC"],
];

/** What codec it is by name, and what to do where a browser does not play it. @param codec an RFC 6381 string */
export function codecAdvice(codec: string): string {
  const [, name, advice] = CODECS.find(([pattern]) => pattern.test(codec)) ?? [
    undefined,
    "",
    "publish H.264 and AAC, or use another browser",
  ];
  return `this browser does not play ${name === "" ? codec : `${name} (${codec})`}: ${advice}`;
}

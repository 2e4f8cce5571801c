// A SWF file of one frame with one video on it (SWF File Format Specification 19, chapters 2, 3, 14).

const u16 = (value) => [value & 0xff, (value >> 8) & 0xff];
const u32 = (value) => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** Fields of any width, the highest bit first. @param fields pairs of value and width */
function bits(fields) {
  const all = fields
    .map(([value, width]) => (value >>> 0).toString(2).padStart(width, "0").slice(-width))
    .join("");
  return (all.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

function tag(code, body = []) {
  // The long form, which is allowed for any length.
  return [...u16((code << 6) | 0x3f), ...u32(body.length), ...body];
}

/**
 * A SWF 8 file whose frame has a video named `video` and runs these actions.
 *
 * @param width pixels
 * @param actions AVM1 bytes
 */
export function videoSwf({ width, height, framesPerSecond, actions }) {
  const [right, bottom] = [width * 20, height * 20];
  const size = bits([
    [16, 5],
    [0, 16],
    [right, 16],
    [0, 16],
    [bottom, 16],
  ]);
  // DefineVideoStream: character 1, no frames of its own, smoothed.
  const video = [...u16(1), ...u16(0), ...u16(width), ...u16(height), 1, 0];
  // PlaceObject2: name, matrix and character; at depth 1, where it is.
  const place = [
    0x26,
    ...u16(1),
    ...u16(1),
    ...bits([
      [0, 1],
      [0, 1],
      [0, 5],
    ]),
    ...Buffer.from("video\0"),
  ];
  const body = [
    ...size,
    ...u16(framesPerSecond << 8),
    ...u16(1),
    // FileAttributes: it uses the network.
    ...tag(69, u32(1)),
    ...tag(9, [0, 0, 0]),
    ...tag(60, video),
    ...tag(26, place),
    ...tag(12, [...actions, 0]),
    ...tag(1),
    ...tag(0),
  ];
  return Uint8Array.from([...Buffer.from("FWS"), 8, ...u32(body.length + 8), ...body]);
}

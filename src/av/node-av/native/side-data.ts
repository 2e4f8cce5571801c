import type { SideData } from "../../ffmpeg/probed.js";
import type { CodecParameters, Frame } from "./library.js";
import { rotationOfMatrix } from "./rotation.js";

// libavcodec/packet.h and libavutil/frame.h number what may come beside a stream and beside a frame.
const OF_STREAM = { matrix: 5, mastering: 20, light: 22, dolbyVision: 29 } as const;
const OF_FRAME = { matrix: 6, mastering: 11, light: 14 } as const;

const RATIONAL_BYTES = 8;
/** AVMasteringDisplayMetadata: x and y of red, green, blue and white, the least and the most, then two flags. */
const MASTERING_BYTES = 10 * RATIONAL_BYTES + 8;
const HAS_PRIMARIES_AT = 10 * RATIONAL_BYTES;
const HAS_LUMINANCE_AT = HAS_PRIMARIES_AT + 4;
const LIGHT_BYTES = 8;
const MASTERING_NAMES = [
  ...["red_x", "red_y", "green_x", "green_y", "blue_x", "blue_y", "white_point_x", "white_point_y"],
  ...["min_luminance", "max_luminance"],
] as const;
const PRIMARIES = 8;

/** What ffprobe would list of a stream. */
export function streamSideData(parameters: CodecParameters): SideData[] {
  const get = (type: number): Buffer | null => parameters.getCodedSideData(type);
  const matrix = get(OF_STREAM.matrix);
  return [
    ...(matrix === null ? [] : [{ side_data_type: "Display Matrix", rotation: -rotationOfMatrix(matrix) }]),
    ...light(get(OF_STREAM.mastering), get(OF_STREAM.light)),
    ...(get(OF_STREAM.dolbyVision) === null ? [] : [{ side_data_type: "DOVI configuration record" }]),
  ];
}

/** What ffprobe would list of a frame, of that which is read. */
export function frameSideData(frame: Frame): SideData[] {
  return light(frame.getSideData(OF_FRAME.mastering), frame.getSideData(OF_FRAME.light));
}

function light(mastering: Buffer | null, contentLight: Buffer | null): SideData[] {
  return [
    ...(mastering === null ? [] : [masteringOf(mastering)]),
    ...(contentLight === null ? [] : [contentLightOf(contentLight)]),
  ];
}

/** @internal */
export function masteringOf(bytes: Uint8Array): SideData {
  const name = { side_data_type: "Mastering display metadata" };
  if (bytes.length < MASTERING_BYTES) return name;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const entries = MASTERING_NAMES.flatMap((key, index) => {
    const has = view.getInt32(index < PRIMARIES ? HAS_PRIMARIES_AT : HAS_LUMINANCE_AT, LITTLE_ENDIAN) !== 0;
    const at = index * RATIONAL_BYTES;
    const value = `${view.getInt32(at, LITTLE_ENDIAN)}/${view.getInt32(at + 4, LITTLE_ENDIAN)}`;
    return has ? [[key, value] as const] : [];
  });
  return { ...name, ...Object.fromEntries(entries) };
}

function contentLightOf(bytes: Uint8Array): SideData {
  const name = { side_data_type: "Content light level metadata" };
  if (bytes.length < LIGHT_BYTES) return name;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    ...name,
    max_content: view.getUint32(0, LITTLE_ENDIAN),
    max_average: view.getUint32(4, LITTLE_ENDIAN),
  };
}

/** These are structures in memory, in this machine's order; all machines that node-av is built for have this one. */
const LITTLE_ENDIAN = true;

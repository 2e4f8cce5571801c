import { showBitrate } from "./bitrate.js";
import { readClient, readDevice } from "./client.js";
import { chooseCodec, codecOf } from "./codec-choice.js";
import { createHeaderReader, type HeaderReader } from "./headers.js";
import { readNetwork } from "./network.js";
import { readNumber } from "./scan.js";
import { DEFAULT_TABLE } from "./table.js";
import type { Codec, Decision, NegotiateOptions, Rendition, RequestHeaders, TableRow } from "./types.js";

/** Pixels; what is beyond no screen has. */
const MAX_VIEWPORT_WIDTH = 32_768;
const MAX_PIXEL_RATIO = 10;

/**
 * Picks the rendition for a request, by what its headers say of the device, the codecs and the network, or by what its
 * query asks for (`?rendition=480p`, `?codecs=av01.0.05M.08,avc1.64001f`). Pure: the same request always gets the same.
 *
 * VP9, AV1 and HEVC are taken only where `Accept` or `?codecs=` names them and a rendition has them (or
 * `allowHeavyCodecs` is set); else it is H.264 at the rate that the table has.
 *
 * @param renditions what there is to choose from, in any order
 * @throws TypeError for a wrong argument; nothing that a request says is one
 */
export function negotiate<R extends Rendition>(
  headers: RequestHeaders,
  renditions: readonly R[],
  options: NegotiateOptions = {},
): Decision<R> {
  const { query, table = DEFAULT_TABLE, allowHeavyCodecs = false } = options;
  checkArguments(renditions, table);
  const reader = createHeaderReader(headers);
  const reasons: string[] = [];

  const asked = query?.get("rendition") ?? undefined;
  const named = renditions.find(({ name }) => name === asked);
  if (named !== undefined) {
    reasons.push("the query names it");
    return decided(named, codecOf(named));
  }
  if (asked !== undefined) reasons.push("the query names a rendition that there is not");

  const saving =
    (renditions.length > 1 || allowHeavyCodecs) && reader.read("Save-Data")?.trim().toLowerCase() === "on";
  if (saving) reasons.push("Save-Data: the least");
  const row = saving ? table[0]! : chooseRow(reader, table, renditions, allowHeavyCodecs, reasons);
  const { codec, bitrate } = chooseCodec(reader, row, renditions, options, reasons);
  const ladder = renditions
    .filter((rendition) => codecOf(rendition) === codec)
    .sort((a, b) => b.bitrate - a.bitrate);
  // What is not there is made from the others, at one of their rates.
  const steps = ladder.length > 0 || !allowHeavyCodecs ? ladder : descending(renditions);
  return decided(chooseStep(steps, saving ? 0 : bitrate, reader, reasons), codec);

  function decided(rendition: R | undefined, codec: Codec): Decision<R> {
    reasons.push(
      rendition === undefined
        ? "no rendition has the codec"
        : `${rendition.name}: ${showBitrate(rendition.bitrate)}`,
    );
    return { rendition, codec, client: readClient(reader), reasons, vary: [...reader.names] };
  }
}

/** The row for the screen: that of the device or that of the viewport, whichever is the smaller. */
function chooseRow(
  reader: HeaderReader,
  table: readonly TableRow[],
  renditions: readonly Rendition[],
  allowHeavyCodecs: boolean,
  reasons: string[],
): TableRow {
  const last = table.length - 1;
  if (last === 0 || (renditions.length < 2 && !allowHeavyCodecs)) return table[last]!;
  const width = readViewport(reader);
  const byWidth = width === undefined ? -1 : table.findIndex(({ maxWidth }) => width <= maxWidth);
  let index = byWidth < 0 ? last : byWidth;
  if (index > 0) {
    const { device, by } = readDevice(reader.read);
    const byDevice = table.findIndex((row) => row.device === device);
    if (byDevice >= 0) index = Math.min(index, byDevice);
    reasons.push(`${device}: ${by}`);
  }
  if (index === byWidth) reasons.push(`viewport of ${width} px`);
  return table[index]!;
}

/** The highest that is not over the limits; the lowest where all are. */
function chooseStep<R extends Rendition>(
  steps: readonly R[],
  bitrate: number,
  reader: HeaderReader,
  reasons: string[],
): R | undefined {
  const last = steps.length - 1;
  const within = (limit: number): number => {
    const found = steps.findIndex((step) => step.bitrate <= limit);
    return found < 0 ? last : found;
  };
  let index = within(bitrate);
  // Nothing can lower the lowest: then nothing more is looked at.
  if (index < last) {
    const network = readNetwork(reader.read);
    if (network !== undefined && within(network.bitrate) > index) {
      index = within(network.bitrate);
      reasons.push(`${network.by}: at most ${showBitrate(network.bitrate)}`);
    }
  }
  if (index < last && steps[index]?.width !== undefined) {
    const pixels = readScreenPixels(reader);
    const before = index;
    while (index < last && (steps[index + 1]?.width ?? 0) >= pixels) index += 1;
    if (index > before) reasons.push(`a screen of ${Math.round(pixels)} pixels across`);
  }
  return steps[index];
}

function readViewport(reader: HeaderReader): number | undefined {
  const width = readNumber(reader.read("Sec-CH-Viewport-Width")) ?? readNumber(reader.read("Viewport-Width"));
  return width !== undefined && width > 0 && width <= MAX_VIEWPORT_WIDTH ? width : undefined;
}

/** How many pixels a picture can fill from left to right; Infinity where that is not told. */
function readScreenPixels(reader: HeaderReader): number {
  const width = readViewport(reader);
  if (width === undefined) return Number.POSITIVE_INFINITY;
  const ratio = readNumber(reader.read("Sec-CH-DPR")) ?? readNumber(reader.read("DPR"));
  if (ratio === undefined || ratio <= 0 || ratio > MAX_PIXEL_RATIO) return Number.POSITIVE_INFINITY;
  return width * ratio;
}

function descending<R extends Rendition>(renditions: readonly R[]): readonly R[] {
  return [...renditions].sort((a, b) => b.bitrate - a.bitrate);
}

function checkArguments(renditions: readonly Rendition[], table: readonly TableRow[]): void {
  if (!Array.isArray(renditions)) throw new TypeError("renditions: not an array");
  for (const { name, bitrate } of renditions as readonly Rendition[]) {
    if (typeof name !== "string" || !(bitrate > 0))
      throw new TypeError("renditions: each needs a name and a bitrate");
  }
  if (!Array.isArray(table) || table.length === 0 || table.some(({ choices }) => choices.length === 0)) {
    throw new TypeError("options.table: needs a row, and each row a choice");
  }
}

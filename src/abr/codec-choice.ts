import { type CodecWeights, weightsOfAccept, weightsOfList } from "./codecs.js";
import type { HeaderReader } from "./headers.js";
import type { Codec, NegotiateOptions, Rendition, TableRow } from "./types.js";

const MAX_QUERY_LENGTH = 512;

type Choice = TableRow["choices"][number];

/**
 * The codec, and the rate that goes with it. What weighs the most with the client is taken, of equals what comes first
 * in the row. `Accept` is looked at only where it can make a difference.
 */
export function chooseCodec(
  reader: HeaderReader,
  row: TableRow,
  renditions: readonly Rendition[],
  { query, allowHeavyCodecs = false }: NegotiateOptions,
  reasons: string[],
): Choice {
  const light: Choice = row.choices.find(({ codec }) => codec === "h264") ?? {
    codec: "h264",
    bitrate: row.choices[0]!.bitrate,
  };
  const others: readonly Codec[] = renditions.map(codecOf).filter((codec) => codec !== "h264");
  const choices = row.choices.filter(
    (choice) => choice === light || allowHeavyCodecs || others.includes(choice.codec),
  );
  if (!choices.includes(light)) choices.push(light);
  if (choices.length === 1 && others.length === 0) return light;

  const { weights, by } = readWeights(reader, query?.get("codecs"));
  const most = Math.max(...choices.map(({ codec }) => weights[codec]));
  const chosen =
    most > 0
      ? choices.find(({ codec }) => weights[codec] === most)
      : // It takes no H.264, and nothing that the row has: what else it names, at the same rate.
        others.map((codec) => ({ codec, bitrate: light.bitrate })).find(({ codec }) => weights[codec] > 0);
  reasons.push(`${(chosen ?? light).codec}: by ${by}`);
  return chosen ?? light;
}

export function codecOf(rendition: Rendition): Codec {
  return rendition.codec ?? "h264";
}

function readWeights(
  reader: HeaderReader,
  list: string | null | undefined,
): { readonly weights: CodecWeights; readonly by: string } {
  if (list !== undefined && list !== null) {
    return { weights: weightsOfList(list.slice(0, MAX_QUERY_LENGTH)), by: "the query" };
  }
  return { weights: weightsOfAccept(reader.read("Accept")), by: "Accept" };
}

/** H.265 over RTP (RFC 7798), in decoding order. */
import { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";
import type { SdpFormat } from "../sdp/sdp.js";
import { type AccessUnits, createAccessUnits } from "./access-units.js";
import type { Depacketizer, UnitSink } from "./depacketizer.js";
import { addSprop, createNalDepacketizer, pushFragment } from "./nal-units.js";

/** Payload structures beside the single NAL unit (section 4.4). */
const AGGREGATION = 48;
const FRAGMENTATION = 49;

/** @throws MediaError `unsupported` for streams out of decoding order, and for sets that cannot be read */
export function createH265Depacketizer({ parameters }: SdpFormat, sink: UnitSink): Depacketizer {
  if (Number(parameters.get("sprop-max-don-diff") ?? 0) > 0) {
    throw new MediaError("unsupported", "H.265 out of decoding order (sprop-max-don-diff)");
  }
  const units = createAccessUnits("hevc", sink);
  for (const name of ["sprop-vps", "sprop-sps", "sprop-pps"]) addSprop(units, parameters.get(name));
  units.announce();
  return createNalDepacketizer(units, pushPayload);
}

function pushPayload(units: AccessUnits, payload: Uint8Array): void {
  const reader = new ByteReader(payload);
  if (reader.remaining === 0) return;
  const first = reader.u8();
  const second = reader.u8();
  const type = (first >> 1) & 0x3f;
  if (type < AGGREGATION) units.nal(payload);
  else if (type === AGGREGATION) {
    while (reader.remaining > 0) units.nal(reader.view(reader.u16()));
  } else if (type === FRAGMENTATION) {
    const header = reader.u8();
    // The payload header with the fragmented unit's type in it is that unit's header (section 4.4.3).
    const nalHeader = Uint8Array.of((first & 0x81) | ((header & 0x3f) << 1), second);
    pushFragment(units, header, nalHeader, reader.rest());
  } else throw new MediaError("unsupported", `an H.265 payload of type ${type}`);
}

/** H.264 over RTP (RFC 6184), packetization modes 0 and 1. */
import { ByteReader } from "../../bytes/reader.js";
import { MediaError } from "../../model/error.js";
import type { SdpFormat } from "../sdp/sdp.js";
import { type AccessUnits, createAccessUnits } from "./access-units.js";
import type { Depacketizer, UnitSink } from "./depacketizer.js";
import { addSprop, createNalDepacketizer, pushFragment } from "./nal-units.js";

/** Packet types beside those of single NAL units (section 5.4). */
const STAP_A = 24;
const FU_A = 28;
const LAST_SINGLE = 23;

/** @throws MediaError `unsupported` for the interleaved mode, and for sets in the description that cannot be read */
export function createH264Depacketizer({ parameters }: SdpFormat, sink: UnitSink): Depacketizer {
  if (parameters.get("packetization-mode") === "2") {
    throw new MediaError("unsupported", "H.264 in packetization mode 2");
  }
  const units = createAccessUnits("avc", sink);
  addSprop(units, parameters.get("sprop-parameter-sets"));
  units.announce();
  return createNalDepacketizer(units, pushPayload);
}

function pushPayload(units: AccessUnits, payload: Uint8Array): void {
  const reader = new ByteReader(payload);
  if (reader.remaining === 0) return;
  const indicator = reader.u8();
  const type = indicator & 0x1f;
  if (type > 0 && type <= LAST_SINGLE) units.nal(payload);
  else if (type === STAP_A) {
    while (reader.remaining > 0) units.nal(reader.view(reader.u16()));
  } else if (type === FU_A) {
    const header = reader.u8();
    // The NAL unit's own header byte is in two halves (section 5.8).
    const first = Uint8Array.of((indicator & 0xe0) | (header & 0x1f));
    pushFragment(units, header, first, reader.rest());
  } else throw new MediaError("unsupported", `an H.264 payload of type ${type}`);
}

/** What H.264 (RFC 6184) and H.265 (RFC 7798) over RTP have in common. */
import { fromBase64 } from "../../bytes/base64.js";
import { MediaError } from "../../model/error.js";
import type { AccessUnits } from "./access-units.js";
import type { Depacketizer } from "./depacketizer.js";

/**
 * Puts access units together from packets whose payloads somebody else can read.
 *
 * @param pushPayload hands on the NAL units of one payload; what it throws is damage to the present access unit
 */
export function createNalDepacketizer(
  units: AccessUnits,
  pushPayload: (units: AccessUnits, payload: Uint8Array) => void,
): Depacketizer {
  return {
    push({ payload, timestamp, marker }) {
      units.begin(timestamp);
      try {
        pushPayload(units, payload);
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        units.damage(error);
      }
      if (marker) units.end();
    },
    lost: () => units.lost(),
  };
}

/** @param header the FU header: start and end in its two highest bits, in H.264 and H.265 alike */
export function pushFragment(
  units: AccessUnits,
  header: number,
  nalHeader: Uint8Array,
  part: Uint8Array,
): void {
  if ((header & 0x80) !== 0) units.openNal(nalHeader, part);
  else if (!units.moreNal(part)) throw new MediaError("truncated", "a fragment without the one before it");
  if ((header & 0x40) !== 0) units.closeNal();
}

/**
 * The parameter sets that a description names: base64, with commas between them.
 *
 * @throws MediaError when they are no base64, or no sets
 */
export function addSprop({ sets }: AccessUnits, sprop: string | undefined): void {
  for (const text of sprop?.split(",") ?? []) {
    const nal = fromBase64(text.trim());
    if (nal.length > 0 && sets.isSet(nal[0] as number)) sets.add(nal);
  }
}

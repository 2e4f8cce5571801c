import { MediaError } from "../../../media/model/error.js";
import { type RtpFormat, rtpFormatOf, type UnitSink } from "../../../media/wire/rtp/depacketizer.js";
import type { SessionDescription } from "../../../media/wire/sdp/sdp.js";

/** A medium that is fetched. */
export interface ChosenMedia {
  /** Its `a=control`. */
  readonly control: string | undefined;
  readonly format: RtpFormat;
}

const NOBODY: UnitSink = { track() {}, unit() {}, dropped() {} };

/**
 * The first picture and the first sound of a description that we carry.
 *
 * @param leftOut told of each other medium, in words
 */
export function chooseMedia(
  { media }: SessionDescription,
  leftOut: (detail: string) => void,
): readonly ChosenMedia[] {
  const chosen: ChosenMedia[] = [];
  for (const medium of media) {
    const format = rtpFormatOf(medium);
    const names = medium.formats
      .map(({ encoding, payloadType }) => encoding || String(payloadType))
      .join(", ");
    if (format === undefined) leftOut(`${medium.kind} (${names}): nothing that is carried`);
    else if (chosen.some(({ format: { kind } }) => kind === format.kind)) {
      leftOut(`${medium.kind} (${names}): a second one`);
    } else {
      try {
        // To see whether its description can be read: a broken one takes nothing else with it.
        format.create(NOBODY);
        chosen.push({ control: medium.control, format });
      } catch (error) {
        if (!(error instanceof MediaError)) throw error;
        leftOut(`${medium.kind} (${names}): ${error.message}`);
      }
    }
  }
  return chosen;
}

import { u24At, u32At } from "../../bytes/bytes.js";
import { ByteQueue } from "../../bytes/queue.js";
import { createSteps } from "../../bytes/steps.js";
import type { Demuxer, DemuxerSink } from "../../model/container.js";
import { MediaError } from "../../model/error.js";
import {
  FLV_HEADER_SIZE,
  PREVIOUS_TAG_SIZE_SIZE,
  TAG_AUDIO,
  TAG_HEADER_SIZE,
  TAG_SCRIPT,
  TAG_SCRIPT_AMF3,
  TAG_VIDEO,
} from "./constants.js";
import { createTagDecoder } from "./tag-decoder.js";

/** Nothing is known to lie between the header and the first tag; a little is passed over, as DataOffset allows. */
const MAX_DATA_OFFSET = 65_536;

/**
 * Reads FLV from a file or a live source (FLV specification, Annex E). The header's audio and video flags are not
 * believed: live sources set them before they know.
 *
 * Producers also get PreviousTagSize and StreamID wrong, so neither alone means anything. Both wrong at once, reserved
 * bits or an unknown tag type mean that the framing is lost: a MediaError `malformed`.
 *
 * @param sink is handed tracks, packets and metadata from within `push`
 */
export function createFlvDemuxer(sink: DemuxerSink): Demuxer {
  const queue = new ByteQueue();
  const decoder = createTagDecoder(sink);
  /** Bytes between the header and the first PreviousTagSize still to pass over; undefined until the header is read. */
  let headerRest: number | undefined;
  /** What the next PreviousTagSize should be; undefined while it is inside a tag. */
  let previousTagSize = 0;
  let tag: TagHeader | undefined;

  function step(receivedAt: number): boolean {
    if (headerRest === undefined) {
      const header = queue.take(FLV_HEADER_SIZE);
      if (header === undefined) return false;
      headerRest = dataOffset(header) - FLV_HEADER_SIZE;
      return true;
    }
    if (headerRest > 0) {
      headerRest -= queue.skip(headerRest);
      return headerRest === 0;
    }
    if (tag === undefined) {
      const head = queue.take(PREVIOUS_TAG_SIZE_SIZE + TAG_HEADER_SIZE);
      if (head === undefined) return false;
      tag = readTagHeader(head, previousTagSize);
      return true;
    }
    const body = queue.take(tag.size);
    if (body === undefined) return false;
    const { type, filtered, timestamp, size } = tag;
    tag = undefined;
    previousTagSize = TAG_HEADER_SIZE + size;
    if (filtered) sink.dropped?.(new MediaError("unsupported", "an encrypted tag"));
    else decoder.decode(type, timestamp, body, receivedAt);
    return true;
  }

  const steps = createSteps(queue, step);
  return {
    push: steps.push,
    end() {
      steps.check();
      const whole = headerRest === 0 && tag === undefined;
      if (whole && (queue.length === 0 || queue.length === PREVIOUS_TAG_SIZE_SIZE)) return;
      throw new MediaError("truncated", headerRest === undefined ? "no FLV header" : "FLV ends inside a tag");
    },
  };
}

interface TagHeader {
  readonly type: number;
  /** The Filter bit: the body is encrypted (section F). */
  readonly filtered: boolean;
  readonly size: number;
  /** Milliseconds, 32 bits. */
  readonly timestamp: number;
}

function dataOffset(header: Uint8Array): number {
  const [f, l, v, version] = header;
  if (f !== 0x46 || l !== 0x4c || v !== 0x56) throw new MediaError("malformed", "not FLV: wrong signature");
  if (version !== 1) throw new MediaError("unsupported", `FLV version ${version}`);
  const offset = u32At(header, 5);
  if (offset < FLV_HEADER_SIZE) throw new MediaError("malformed", `FLV DataOffset ${offset}`);
  if (offset > MAX_DATA_OFFSET) throw new MediaError("limit", `FLV DataOffset ${offset}`);
  return offset;
}

/** Reads a PreviousTagSize and the FLVTAG fields behind it, section E.4.1. */
function readTagHeader(head: Uint8Array, expectedPreviousTagSize: number): TagHeader {
  const previousTagSize = u32At(head, 0);
  const first = head[4] as number;
  const type = first & 0x1f;
  const known = type === TAG_AUDIO || type === TAG_VIDEO || type === TAG_SCRIPT || type === TAG_SCRIPT_AMF3;
  if (!known || (first & 0xc0) !== 0) {
    throw new MediaError("malformed", `FLV framing is lost: tag type byte ${first}`);
  }
  const streamId = u24At(head, 12);
  if (previousTagSize !== expectedPreviousTagSize && streamId !== 0) {
    throw new MediaError(
      "malformed",
      `FLV framing is lost: PreviousTagSize ${previousTagSize}, expected ${expectedPreviousTagSize}, StreamID ${streamId}`,
    );
  }
  return {
    type,
    filtered: (first & 0x20) !== 0,
    size: u24At(head, 5),
    // TimestampExtended holds the upper eight bits.
    timestamp: (((head[11] as number) << 24) | u24At(head, 8)) >>> 0,
  };
}

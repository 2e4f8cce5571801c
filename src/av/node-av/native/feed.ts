import { type Input, readOnly, type Tools } from "./input.js";
import { keyFrameBefore, REORDER_US } from "./key-frame.js";
import type { Lane, Span } from "./lane.js";
import { fromMicroseconds, type Packet, SEEK_BACKWARD, toMicroseconds, VIDEO } from "./library.js";
import { packetsOf } from "./packets.js";

/** An input, and where its tracks go. */
export interface Feed {
  readonly input: Input;
  readonly span: Span;
  readonly lanes: readonly Lane[];
}

/** Packets come in the order of the file, in which pictures and sound of one time are this far apart. */
const INTERLEAVED_US = 2_000_000;

interface Source {
  readonly feed: Feed;
  readonly packets: AsyncGenerator<Packet, void, undefined>;
  /** Of the newest packet, in the output's time, microseconds. */
  timeUs: number;
}

/** Everything of the inputs into their lanes; from the one that is behind, where there are several. @throws Failure */
export async function pump(tools: Tools, feeds: readonly Feed[], tell: () => void): Promise<void> {
  const sources: Source[] = [];
  for (const feed of feeds) {
    const { input, lanes } = feed;
    readOnly(
      input,
      lanes.map((lane) => lane.input),
    );
    await seek(tools, feed);
    sources.push({
      feed,
      packets: packetsOf(tools, input),
      timeUs: Number.NEGATIVE_INFINITY,
    });
  }
  let open = sources;
  try {
    while (open.length > 0) {
      const source = open.reduce((least, each) => (each.timeUs < least.timeUs ? each : least));
      if (await step(source)) tell();
      else open = open.filter((each) => each !== source);
    }
  } finally {
    for (const { packets } of sources) await packets.return();
  }
}

/** Hands one packet on; false at the end of what is wanted. */
async function step(source: Source): Promise<boolean> {
  const { value: packet } = await source.packets.next();
  if (packet === undefined) return false;
  const { lanes, span } = source.feed;
  const lane = lanes.find(({ input }) => input.index === packet.streamIndex);
  if (lane === undefined) return true;
  const time = toMicroseconds(packet.dts, lane.input.timeBase);
  if (time !== undefined) source.timeUs = time - span.originUs;
  if (source.timeUs > (span.toUs ?? Number.POSITIVE_INFINITY) + INTERLEAVED_US) return false;
  lane.push(packet);
  return true;
}

/** Where packets come from after this, none from the span's beginning on is missing that its lanes need. */
async function seek(tools: Tools, { input, lanes, span: { fromUs, originUs } }: Feed): Promise<void> {
  const video = lanes.find((lane) => lane.input.codecpar.codecType === VIDEO)?.input;
  if (fromUs === undefined || video === undefined || !input.seekable) return;
  let target = fromUs;
  if (input.format.iformat?.name === "mpegts") {
    // It has no index: a seek lands anywhere before the time of decoding. What comes too early is left out.
    target = Math.max(0, ((await keyFrameBefore(tools, input, video, fromUs)) ?? 0) - REORDER_US);
  }
  const at = fromMicroseconds(target + originUs, video.timeBase);
  tools.check(await input.format.seekFrame(video.index, at, SEEK_BACKWARD));
}

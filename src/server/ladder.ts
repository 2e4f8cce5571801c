import { ACCEPT_CH } from "../abr/headers.js";
import { negotiate } from "../abr/negotiate.js";
import type { Rendition } from "../abr/types.js";
import type { Exchange } from "./contract/exchange.js";
import type { Ladder, LadderStep } from "./contract/ladder.js";
import { CORS_HEADERS } from "./net/problem.js";
import { type StreamName, streamKey } from "./net/stream-name.js";

/** A rendition, and where it comes from. */
export interface ConfiguredRendition extends Rendition {
  /** It is the picture with this track id in the publication of the stream itself (Enhanced RTMP's Multitrack). */
  readonly track?: number | undefined;
}

export interface LadderInit {
  /** At least one. */
  readonly renditions: readonly ConfiguredRendition[];
  /** Whether viewers can join a stream now. What makes a rendition when it is asked for says yes here, too. */
  readonly isLive: (key: string) => boolean;
}

/** What the pages ask browsers for: on the answer to a stream they would ignore it. */
export const LADDER_PAGE_HEADERS: Readonly<Record<string, string>> = { "Accept-CH": ACCEPT_CH };

/** Takes the streams NAME_480p, NAME_720p … beside a stream NAME for renditions of it. */
export function createLadder({ renditions, isLive }: LadderInit): Ladder {
  const suffixes = renditions.filter(({ source }) => source !== true).map(({ name }) => `_${name}`);
  const highest = Math.max(...renditions.map(({ bitrate }) => bitrate));

  /** What the viewer may be moved to: what is played in the codec that it has, up to what it was given to begin with. */
  function stepsUpTo(
    asked: StreamName,
    taken: Rendition | undefined,
    streamOf: (rendition: Rendition) => StreamName,
  ): readonly LadderStep[] {
    const codec = codecOf(taken);
    const lower = renditions
      .filter((each) => codecOf(each) === codec)
      .filter((each) => (taken === undefined ? each.source !== true : each.bitrate < taken.bitrate))
      .map((each) => ({ rendition: each.name, bitrate: each.bitrate, stream: streamOf(each) }));
    const first: LadderStep =
      taken === undefined
        ? { rendition: undefined, bitrate: highest, stream: asked }
        : { rendition: taken.name, bitrate: taken.bitrate, stream: streamOf(taken) };
    return [...lower.sort((a, b) => a.bitrate - b.bitrate), first];
  }

  return {
    tracks: renditions.flatMap(({ track, name }) => (track === undefined ? [] : [{ track, name }])),
    choose(asked, { headers, query, path }) {
      // Who asks for a rendition gets it, and not a rendition of that.
      if (suffixes.some((suffix) => asked.name.endsWith(suffix) && asked.name.length > suffix.length)) {
        return undefined;
      }
      const streamOf = ({ name, source }: Rendition): StreamName =>
        source === true ? asked : { app: asked.app, name: `${asked.name}_${name}` };
      const itselfLive = isLive(streamKey(asked));
      const live = renditions.filter((rendition) => isLive(streamKey(streamOf(rendition))));
      // What is not live is answered with the stream itself, if that is, and if it plays everywhere.
      const possible = renditions.filter(
        (rendition) => live.includes(rendition) || (itselfLive && codecOf(rendition) === "h264"),
      );
      const { rendition, client, reasons, vary } = negotiate(headers, possible, { query });
      const taken = rendition !== undefined && live.includes(rendition) ? rendition : undefined;
      const stream = taken === undefined ? asked : streamOf(taken);
      // Who names a rendition wants that one.
      const isNamed = taken !== undefined && query.get("rendition") === taken.name;
      return {
        stream,
        steps: isNamed ? [] : stepsUpTo(asked, taken, streamOf),
        adapted: {
          asked: asked.name,
          rendition: taken?.name,
          bitrate: taken?.bitrate,
          device: client.device,
          reasons: taken === rendition ? reasons : [...reasons, "not live: the stream itself"],
        },
        headers: {
          "Accept-CH": ACCEPT_CH,
          ...(vary.length > 0 && { Vary: vary.join(", ") }),
          ...(taken !== undefined && {
            "X-Adapted-Bitrate": `${taken.bitrate}`,
            "Content-Location": contentLocation(stream, path),
            "Access-Control-Expose-Headers": `${CORS_HEADERS["Access-Control-Expose-Headers"]}, X-Adapted-Bitrate, Content-Location`,
          }),
        },
      };
    },
  };
}

function codecOf(rendition: Rendition | undefined): string {
  return rendition?.codec ?? "h264";
}

/** Relative to the address that was asked for, wherever that is mounted. */
function contentLocation({ name }: StreamName, path: Exchange["path"]): string {
  return `${encodeURIComponent(name)}${path.slice(path.lastIndexOf("."))}`;
}

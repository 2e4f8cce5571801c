import type { SessionInfo } from "../contract/session.js";
import type { StreamInfo } from "../stream-info.js";

// What the API and the events say of streams and sessions: one place for both.

/** @param micros since the Unix epoch */
export function isoTime(micros: number): string {
  return new Date(micros / 1000).toISOString();
}

/** A stream as everybody may see it: nothing about who publishes. */
export function visibleStream({ app, name, since, codecs, tracks }: StreamInfo): object {
  return {
    app,
    name,
    codecs,
    // The video's size before it is played, for a list.
    ...sizeOf(tracks),
    since: isoTime(since),
  };
}

/** A stream as who has a token sees it. */
export function shownStream(stream: StreamInfo): object {
  const { live, viewers, packets, bytes, gopMs, metadata } = stream;
  const { encoder } = metadata;
  return {
    ...visibleStream(stream),
    live,
    viewers,
    packets,
    bytes,
    gopMs,
    tracks: stream.tracks.map(shownTrack),
    ...(typeof encoder === "string" ? { encoder } : {}),
  };
}

function shownTrack({ kind, config }: StreamInfo["tracks"][number]): object {
  const { codec } = config;
  if (kind === "video") return { kind, codec, width: config.codedWidth, height: config.codedHeight };
  if (kind === "audio") {
    return { kind, codec, sampleRate: config.sampleRate, channels: config.numberOfChannels };
  }
  return { kind, codec };
}

export function shownSession(session: SessionInfo): object {
  const { id, protocol, action, app, name, remoteAddress, userAgent, since, firstFrameMs, adapted } = session;
  const counters = { ...session.counters };
  return {
    id,
    protocol,
    action: action ?? null,
    app,
    name,
    remoteAddress,
    userAgent,
    since: isoTime(since),
    firstFrameMs,
    adapted,
    counters,
  };
}

function sizeOf(tracks: StreamInfo["tracks"]): object {
  for (const track of tracks) {
    if (track.kind === "video") return { width: track.config.codedWidth, height: track.config.codedHeight };
  }
  return {};
}

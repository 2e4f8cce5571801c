import type { PlayerPath } from "../path/choose.js";
import type { PipelineInit } from "../pipeline/pipeline.js";

/** The video codecs that a server may have renditions in, each in a profile and level of an ordinary 1080p. */
const CODECS = ["avc1.640028", "hvc1.1.6.L120.90", "vp09.00.40.08", "av01.0.08M.08"];

/**
 * Says which codecs this browser plays, so that a server with renditions can choose: to the page's own origin in an
 * `Accept` header. To another it would need a preflight, and a WebSocket takes no headers: there `?codecs=` says it.
 */
export async function askFor(source: PipelineInit, path: PlayerPath): Promise<PipelineInit> {
  // Neither is fetched by us, nor from where renditions are chosen.
  if (path === "hls" || path === "flash") return source;
  const plays = path === "webcodecs" ? decodes : isAppendable;
  const answers = await Promise.all(CODECS.map(plays));
  const codecs = CODECS.filter((_, i) => answers[i]);
  const url = new URL(source.url);
  if (source.transport === "fetch" && url.origin === location.origin) {
    const named = codecs.map((codec) => `video/mp4;codecs="${codec}"`);
    return { ...source, headers: { Accept: [...named, "*/*;q=0.1"].join(", ") } };
  }
  // What the page says itself stands.
  if (!url.searchParams.has("codecs")) url.searchParams.set("codecs", codecs.join());
  return { ...source, url: url.href };
}

async function decodes(codec: string): Promise<boolean> {
  try {
    return (await VideoDecoder.isConfigSupported({ codec })).supported === true;
  } catch {
    return false;
  }
}

async function isAppendable(codec: string): Promise<boolean> {
  const source =
    globalThis.MediaSource ?? (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
  return source?.isTypeSupported(`video/mp4;codecs="${codec}"`) === true;
}

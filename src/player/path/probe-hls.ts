/** The playlist beside an FLV stream: the same address with another ending. */
export function playlistUrl(url: string): string {
  return url.replace(/\.flv(?=$|[?#])/, ".m3u8");
}

/**
 * Asks the server whether it has a stream as HLS. A 404 may also mean that nobody publishes it yet: the FLV's own
 * answer tells which.
 *
 * @param url of the FLV stream
 * @returns `not-live` while it has neither
 */
export async function probeHls(url: string, signal: AbortSignal): Promise<"there" | "none" | "not-live"> {
  const status = async (address: string): Promise<number> => {
    try {
      const { status } = await fetch(address, { method: "HEAD", cache: "no-store", signal });
      return status;
    } catch {
      return 0;
    }
  };
  const playlist = playlistUrl(url);
  if (playlist === url) return "none";
  const found = await status(playlist);
  // A server that knows no HEAD has something there.
  if ((found >= 200 && found < 300) || found === 405 || found === 501) return "there";
  return found === 404 && (await status(url)) === 404 ? "not-live" : "none";
}

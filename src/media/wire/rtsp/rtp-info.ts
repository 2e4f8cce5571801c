/**
 * What `RTP-Info` (RFC 2326 section 12.33) says of each track's RTP clock: `url=…;seq=…;rtptime=…`, with commas between.
 *
 * @param controls the tracks' addresses, as they were set up
 * @returns the RTP timestamp of the moment that was played from, for each track; undefined where it is not told
 */
export function readRtpInfo(header: string, controls: readonly string[]): (number | undefined)[] {
  const found: (number | undefined)[] = controls.map(() => undefined);
  const entries = header.slice(0, 8192).split(",");
  for (const [position, entry] of entries.entries()) {
    const parts = entry.split(";").map((part) => part.trim());
    const value = (name: string): string | undefined =>
      parts.find((part) => part.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
    const rtptime = value("rtptime");
    if (rtptime === undefined || !/^\d{1,10}$/.test(rtptime) || Number(rtptime) > 0xffff_ffff) continue;
    const url = value("url")?.replace(/^"|"$/g, "") ?? "";
    const named = controls.findIndex(
      (control) => control === url || (url !== "" && control.endsWith(`/${url}`)),
    );
    // Devices write other addresses there than they were asked with; the order is that of the set-up then.
    const index = named >= 0 ? named : entries.length === controls.length ? position : -1;
    if (index >= 0) found[index] = Number(rtptime);
  }
  return found;
}

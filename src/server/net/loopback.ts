import { BlockList, isIP } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether an IP address is this machine's own; also an IPv4 address in IPv6 form. */
export function isLoopbackAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? "ipv6" : "ipv4");
}

/**
 * Whether a `Host` (RFC 9110 section 7.2) names this machine as such: `localhost`, or a loopback address as it is
 * written. Any other name can be made to resolve to 127.0.0.1 by whoever owns it, and a browser then takes its pages for
 * ours.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@\s]+))(?::\d{1,5})?$/i.exec(host ?? "");
  if (match === null) return false;
  const [, six, name = ""] = match;
  if (six !== undefined) return isLoopbackAddress(six);
  return name.toLowerCase() === "localhost" || isLoopbackAddress(name);
}

/** The peer's IP address as people write it: an IPv4 address that came in over an IPv6 socket without its prefix. */
export function peerAddress(socket: { readonly remoteAddress?: string | undefined } | null): string {
  const address = socket?.remoteAddress ?? "";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

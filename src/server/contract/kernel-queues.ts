/** One end of a TCP connection, as `net.Socket` tells of it. */
export interface TcpConnection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/**
 * What the kernel holds for peers that do not read: up to megabytes a connection, long before a socket says that it is
 * full. Read once a second for all connections together; where the kernel does not tell, nothing is ever reported.
 */
export interface KernelQueues {
  /**
   * Has the bytes told, once a second, that were sent on the connection and that its peer has not acknowledged.
   *
   * @returns ends it
   */
  watch(connection: TcpConnection, onQueued: (bytes: number) => void): () => void;
}

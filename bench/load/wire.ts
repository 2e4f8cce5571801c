/** What a viewer says, and what it makes of what it hears. */
export interface Wire {
  /** The connection is there. */
  open(): void;
  /** The next bytes, only borrowed. @throws Error when it was refused, or something is damaged */
  push(slice: Uint8Array): void;
  /** Whether the server has let it in. */
  readonly playing: boolean;
}

export interface WireInit {
  readonly url: URL;
  send(bytes: Uint8Array): void;
  /** Takes the container's bytes; absent for a viewer that does no more than the protocol asks of it. */
  readonly body?: ((part: Uint8Array) => void) | undefined;
}

/** The exchanges whose connections are in use, so that closing can wait for them, and cut off what does not end. */
export interface OpenExchanges {
  /** @returns says that its connection has been released */
  add(destroy: () => void): () => void;
  /** Settles when there are none. */
  drained(): Promise<void>;
  destroy(): void;
  readonly size: number;
}

export function createOpenExchanges(): OpenExchanges {
  const open = new Set<() => void>();
  const waiting: (() => void)[] = [];
  return {
    add(destroy) {
      const entry = (): void => destroy();
      open.add(entry);
      return () => {
        open.delete(entry);
        if (open.size === 0) for (const settle of waiting.splice(0)) settle();
      };
    },
    drained() {
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
    destroy() {
      for (const entry of [...open]) entry();
    },
    get size() {
      return open.size;
    },
  };
}

/** Typed events: `E` maps each event's name to what its listeners are given. */
export interface Emitter<E> {
  /** Adds a listener and returns its removal. */
  on<K extends keyof E>(name: K, listener: (event: E[K]) => void): () => void;
  emit<K extends keyof E>(name: K, event: E[K]): void;
}

/**
 * @param onError gets what a listener throws, so that one listener's fault stops neither the others nor the media path
 */
export function createEmitter<E>(onError: (error: unknown) => void): Emitter<E> {
  const listeners = new Map<keyof E, Set<(event: never) => void>>();
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      // A wrapper of its own, so that the same function added twice is two listeners and is removed one at a time.
      const entry = (event: never): void => listener(event);
      set.add(entry);
      return () => {
        set.delete(entry);
      };
    },
    emit(name, event) {
      // A copy: who is added by a listener hears the next event, not this one.
      for (const listener of [...(listeners.get(name) ?? [])]) {
        try {
          listener(event as never);
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}

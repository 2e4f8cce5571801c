/** Typed events: `E` maps each event's name to what its listeners are given. */
export interface Emitter<E> {
  on<K extends keyof E>(name: K, listener: (event: E[K]) => void): () => void;
  emit<K extends keyof E>(name: K, event: E[K]): void;
  clear(): void;
}

export function createEmitter<E>(): Emitter<E> {
  const listeners = new Map<keyof E, Set<{ call: (event: never) => void }>>();
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      const entry = { call: listener as (event: never) => void };
      set.add(entry);
      return () => {
        set.delete(entry);
      };
    },
    emit(name, event) {
      // One listener's fault stops neither the others nor the player; the browser reports it as uncaught.
      for (const entry of [...(listeners.get(name) ?? [])]) {
        try {
          entry.call(event as never);
        } catch (error) {
          reportError(error);
        }
      }
    },
    clear() {
      listeners.clear();
    },
  };
}

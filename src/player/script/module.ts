// What loader.js loads where the browser knows modules: hands it the player.
import { createPlayer } from "../player.js";

/** `Sluice`, as far as it is used here. */
interface Loader {
  loaded(create: typeof createPlayer): void;
}

(globalThis as unknown as { readonly Sluice: Loader }).Sluice.loaded(createPlayer);

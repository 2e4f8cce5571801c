import { defineConfig } from "vite";

export default defineConfig({
  // In development Vite bundles dependencies, and would leave the player's worker behind.
  optimizeDeps: { exclude: ["sluice"] },
  // A Sluice server beside it, in development.
  server: { proxy: { "/live": { target: "http://localhost:8080", ws: true } } },
});

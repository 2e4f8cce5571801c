import { chooseTheme, chosenTheme, type Theme } from "./settings.js";

const listeners = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: dark)");

export function theme(): Theme {
  return chosenTheme() ?? (system.matches ? "dark" : "light");
}

/** Puts what was chosen before onto the page. */
export function applyTheme(): void {
  const chosen = chosenTheme();
  if (chosen !== undefined) document.documentElement.dataset.theme = chosen;
}

export function switchTheme(): void {
  const next = theme() === "dark" ? "light" : "dark";
  chooseTheme(next);
  document.documentElement.dataset.theme = next;
  for (const listener of listeners) listener();
}

/** Tells when colours have changed: what is drawn on a canvas does not follow by itself. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

system.addEventListener("change", () => {
  for (const listener of listeners) listener();
});

// What the reader chose, kept in the browser. Storage may be forbidden: then it lasts as long as the page.

function storageOf(kind: "local" | "session"): Storage | undefined {
  try {
    return kind === "local" ? globalThis.localStorage : globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

function read(kind: "local" | "session", key: string): string | undefined {
  try {
    return storageOf(kind)?.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(kind: "local" | "session", key: string, value: string | undefined): void {
  try {
    if (value === undefined) storageOf(kind)?.removeItem(key);
    else storageOf(kind)?.setItem(key, value);
  } catch {
    // Full, or forbidden.
  }
}

export type Language = "en" | "zh";
export type Theme = "light" | "dark";

const LANGUAGE = "sluice-language";
const THEME = "sluice-theme";
const TOKEN = "sluice-token";

/** Whoever chose one has it; everybody else what the browser asks for. */
export function language(): Language {
  const chosen = read("local", LANGUAGE);
  if (chosen === "en" || chosen === "zh") return chosen;
  return /^zh\b/i.test(globalThis.navigator?.language ?? "") ? "zh" : "en";
}

export function chooseLanguage(chosen: Language): void {
  write("local", LANGUAGE, chosen);
}

/** Undefined for as the system has it. */
export function chosenTheme(): Theme | undefined {
  const chosen = read("local", THEME);
  return chosen === "light" || chosen === "dark" ? chosen : undefined;
}

export function chooseTheme(chosen: Theme): void {
  write("local", THEME, chosen);
}

/** The API's token, for as long as the tab lives. */
export function keptToken(): string | undefined {
  return read("session", TOKEN);
}

export function keepToken(token: string | undefined): void {
  write("session", TOKEN, token);
}

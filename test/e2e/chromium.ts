import { type Browser, chromium } from "playwright-core";

/** What people have: for reports. */
const WHOLE = "/usr/bin/chromium";
/** The same without windows: it starts and opens a page in a quarter of the processor time. For tests. */
const SHELL = "/usr/bin/chromium-headless-shell";

/** As long as Vitest waits for what a test polls. */
const PATIENCE_MS = 108_000;

/** Debian's browser, without what it does over the network by itself. */
export function launchChromium(): Promise<Browser> {
  return launch(WHOLE, "no-user-gesture-required");
}

let shared: Promise<Browser> | undefined;

/**
 * The browser that the tests of this process share, file after file; it ends with the process. What a test leaves open in
 * it, `closePages` closes.
 */
export async function testBrowser(): Promise<Browser> {
  if (shared === undefined || !(await shared).isConnected())
    shared = launch(SHELL, "no-user-gesture-required");
  return shared;
}

/** One of a test's own, where no sound may be heard before a click. */
export function strictTestBrowser(): Promise<Browser> {
  return launch(SHELL, "document-user-activation-required");
}

/** A page that plays on would slow down all that follow. */
export async function closePages(): Promise<void> {
  if (shared === undefined) return;
  for (const context of (await shared).contexts()) await context.close();
}

async function launch(executablePath: string, autoplay: string): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--autoplay-policy=${autoplay}`,
    ],
  });
  browser.on("context", (context) => context.setDefaultTimeout(PATIENCE_MS));
  return browser;
}

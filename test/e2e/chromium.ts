import { type Browser, chromium } from "playwright-core";

/** What people have: for reports. */
const WHOLE = "/usr/bin/chromium";
/** The same without windows: it starts and opens a page in a quarter of the processor time. For tests. */
const SHELL = "/usr/bin/chromium-headless-shell";

/** As long as Vitest waits for what a test polls. */
const PATIENCE_MS = 108_000;

/** Debian's browser, without what it does over the network by itself. For reports. */
export function launchWholeChromium(): Promise<Browser> {
  return launch(WHOLE, true);
}

let shared: Promise<Browser> | undefined;

/**
 * The browser that the tests of this process share, file after file; it ends with the process. What a test leaves open in
 * it, `closePages` closes.
 */
export async function testBrowser(): Promise<Browser> {
  const open = await shared?.catch(() => undefined);
  if (open?.isConnected() === true) return open;
  shared = launchChromium();
  return shared;
}

/**
 * One of a test's own, for what cannot be shared.
 *
 * @param autoplay whether sound may be heard before a click
 */
export function launchChromium(autoplay = true): Promise<Browser> {
  return launch(SHELL, autoplay);
}

/** A page that plays on would slow down all that follow. */
export async function closePages(): Promise<void> {
  const open = await shared?.catch(() => undefined);
  for (const context of open?.contexts() ?? []) await context.close();
}

async function launch(executablePath: string, autoplay: boolean): Promise<Browser> {
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
      `--autoplay-policy=${autoplay ? "no-user-gesture-required" : "document-user-activation-required"}`,
    ],
  });
  browser.on("context", (context) => context.setDefaultTimeout(PATIENCE_MS));
  return browser;
}

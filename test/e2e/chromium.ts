import { type Browser, chromium } from "playwright-core";

/**
 * Debian's browser, without what it does over the network by itself.
 *
 * @param autoplay whether sound may be heard before a click
 */
export function launchChromium(autoplay = true): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
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
}

import type { HeaderName, HeaderReader } from "./headers.js";
import { readStringList } from "./scan.js";
import type { Client, DeviceClass } from "./types.js";

/** How far a user agent is looked through. */
const MAX_USER_AGENT_LENGTH = 512;
const MAX_FORM_FACTORS = 8;

/** Marks in a user agent in lower case, and what they say; the first that is there counts. */
type Marks = readonly (readonly [mark: string, meaning: string])[];

const TELEVISIONS = [
  "smart-tv",
  "smarttv",
  "googletv",
  "google tv",
  "android tv",
  "appletv",
  "apple tv",
  "hbbtv",
  "netcast",
  "web0s",
  "bravia",
  "crkey",
  "roku",
  "; aft",
  "playstation",
  "xbox",
  "nintendo",
];
const TABLETS = ["ipad", "kindle", "playbook", "tablet"];
const PHONES = ["iphone", "ipod", "mobi", "windows phone", "kaios", "opera mini", "blackberry"];
const DESKTOPS = ["windows nt", "macintosh", "x11", "cros ", "linux"];

const SYSTEMS: Marks = [
  ["windows phone", "windows-phone"],
  ["xbox", "xbox"],
  ["windows", "windows"],
  ["ipad", "ipados"],
  ["iphone", "ios"],
  ["ipod", "ios"],
  ["appletv", "tvos"],
  ["apple tv", "tvos"],
  ["playstation", "playstation"],
  ["mac os x", "macos"],
  ["macintosh", "macos"],
  ["cros ", "chromeos"],
  ["tizen", "tizen"],
  ["web0s", "webos"],
  ["kaios", "kaios"],
  ["openharmony", "harmonyos"],
  ["harmonyos", "harmonyos"],
  ["android", "android"],
  ["linux", "linux"],
];

/** As `Sec-CH-UA-Platform` has them. */
const PLATFORMS: Readonly<Record<string, string>> = {
  Android: "android",
  "Chrome OS": "chromeos",
  "Chromium OS": "chromeos",
  iOS: "ios",
  Linux: "linux",
  macOS: "macos",
  Windows: "windows",
};

const ENGINES: Marks = [
  ["trident/", "trident"],
  ["msie ", "trident"],
  ["edge/", "edgehtml"],
  ["presto/", "presto"],
  ["chrome/", "blink"],
  ["chromium/", "blink"],
  ["firefox/", "gecko"],
  ["applewebkit/", "webkit"],
];

/** As `Sec-CH-UA-Form-Factors` has them. */
const FORM_FACTORS: Readonly<Record<string, DeviceClass>> = {
  Mobile: "mobile",
  Watch: "mobile",
  Tablet: "tablet",
  EInk: "tablet",
  Desktop: "desktop",
  Automotive: "tablet",
  XR: "desktop",
};

type Read = (name: HeaderName) => string | undefined;

/** The device class, and the header that told it. */
export function readDevice(read: Read): { readonly device: DeviceClass; readonly by: HeaderName } {
  for (const factor of readStringList(read("Sec-CH-UA-Form-Factors") ?? "", MAX_FORM_FACTORS)) {
    const device = Object.hasOwn(FORM_FACTORS, factor) ? FORM_FACTORS[factor] : undefined;
    if (device !== undefined) return { device, by: "Sec-CH-UA-Form-Factors" };
  }
  const mobile = read("Sec-CH-UA-Mobile")?.trim();
  if (mobile === "?1") return { device: "mobile", by: "Sec-CH-UA-Mobile" };
  // Android that is not mobile is a tablet or a television; the user agent knows which.
  if (mobile === "?0" && systemOfPlatform(read("Sec-CH-UA-Platform")) !== "android") {
    return { device: "desktop", by: "Sec-CH-UA-Mobile" };
  }
  return { device: deviceOfUserAgent(lower(read("User-Agent"))), by: "User-Agent" };
}

/** Who asks. It decides nothing beyond what `readDevice` does. */
export function readClient({ peek }: HeaderReader): Client {
  const userAgent = lower(peek("User-Agent"));
  const os = systemOfPlatform(peek("Sec-CH-UA-Platform")) ?? firstOf(SYSTEMS, userAgent);
  const onApple = os === "ios" || os === "ipados" || os === "tvos";
  // Only Chromium sends this header.
  const hinted = peek("Sec-CH-UA") === undefined ? undefined : "blink";
  const engine = onApple && userAgent !== "" ? "webkit" : (hinted ?? firstOf(ENGINES, userAgent));
  return { device: readDevice(peek).device, os, engine };
}

function deviceOfUserAgent(userAgent: string): DeviceClass {
  if (hasAny(TELEVISIONS, userAgent)) return "tv";
  const onWindows = userAgent.includes("windows nt");
  // "Tablet PC 2.0" in old user agents is a component of Windows.
  if (!onWindows && hasAny(TABLETS, userAgent)) return "tablet";
  if (hasAny(PHONES, userAgent)) return "mobile";
  if (userAgent.includes("android") && !onWindows) return "tablet";
  return hasAny(DESKTOPS, userAgent) ? "desktop" : "unknown";
}

function systemOfPlatform(header: string | undefined): string | undefined {
  const platform = readStringList(header ?? "", 1)[0] ?? "";
  return Object.hasOwn(PLATFORMS, platform) ? PLATFORMS[platform] : undefined;
}

function firstOf(marks: Marks, userAgent: string): string | undefined {
  return marks.find(([mark]) => userAgent.includes(mark))?.[1];
}

function hasAny(marks: readonly string[], userAgent: string): boolean {
  return marks.some((mark) => userAgent.includes(mark));
}

function lower(userAgent: string | undefined): string {
  return (userAgent ?? "").slice(0, MAX_USER_AGENT_LENGTH).toLowerCase();
}

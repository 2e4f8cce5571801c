import { serverSchema } from "../server/app.js";
import { configSections } from "../server/config/keys.js";
import { flagsHelp } from "../server/config/reference.js";

/** Every setting with its flag, meaning and default. */
export function settingsHelp(): string {
  return `${flagsHelp(configSections(serverSchema))}\n`;
}

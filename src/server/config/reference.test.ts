import { describe, expect, it } from "vitest";
import { serverSchema } from "../app.js";
import { configKeys, configSections } from "./keys.js";
import { configMarkdown, flagsHelp } from "./reference.js";

const sections = configSections(serverSchema);

describe("the reference", () => {
  it("is what docs/configuration.md has: renew it with `npx vitest run --project unit src/server/config -u`", async () => {
    await expect(configMarkdown(sections)).toMatchFileSnapshot("../../../docs/configuration.md");
  });

  it("has every key with its flag, variable and default", () => {
    const page = configMarkdown(sections);
    const help = flagsHelp(sections);
    for (const { name, flag, variable, fallback } of configKeys(sections)) {
      expect(page).toContain(`| \`${name}\` | \`--${flag}\``);
      expect(page).toContain(`\`${variable}\``);
      expect(help).toMatch(new RegExp(`--(\\[no-\\])?${flag}\\b`));
      // Help and page would say "none": whoever starts with an empty file has to know what is in force.
      expect(fallback).toBeDefined();
    }
  });

  it("is complete: without any source the defaults are the whole configuration", () => {
    const defaults: Record<string, unknown> = serverSchema.parse({});
    for (const { path, fallback } of configKeys(sections)) {
      const value = path.reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], defaults);
      expect(value).toEqual(fallback);
    }
  });
});

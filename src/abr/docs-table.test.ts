import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { negotiate } from "./negotiate.js";
import type { Rendition } from "./types.js";

const DOCS = "docs/abr.md";
const START = "<!-- requests: checked by src/abr/docs-table.test.ts -->\n";

/** What the page says the ladder is. */
const LADDER: readonly Rendition[] = [
  { name: "1080p", bitrate: 4_000_000, width: 1920 },
  { name: "720p", bitrate: 2_500_000, width: 1280 },
  { name: "480p", bitrate: 1_200_000, width: 854 },
  { name: "240p", bitrate: 400_000, width: 426 },
  { name: "1080p-av1", bitrate: 4_000_000, codec: "av1" },
  { name: "480p-av1", bitrate: 800_000, codec: "av1" },
  { name: "720p-vp9", bitrate: 2_500_000, codec: "vp9" },
];

interface Row {
  readonly who: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly client: string;
  readonly gets: string;
}

function readTable(): readonly Row[] {
  const [, table = ""] = readFileSync(DOCS, "utf8").split(START);
  const lines = table.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => {
    const [who = "", request = "", client = "", gets = ""] = line.slice(2, -2).split(" | ");
    const headers = new Headers();
    let query = new URLSearchParams();
    for (const [, text = ""] of request.matchAll(/`([^`]+)`/g)) {
      const colon = text.indexOf(": ");
      if (text.startsWith("?")) query = new URLSearchParams(text);
      else headers.set(text.slice(0, colon), text.slice(colon + 2));
    }
    return { who, query, headers, client, gets: gets.replaceAll("`", "") };
  });
}

describe("the table in the docs", () => {
  const rows = readTable();

  it("has forty different requests or more", () => {
    const requests = rows.map(({ query, headers }) => JSON.stringify([`${query}`, ...headers]));
    expect(new Set(requests).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThanOrEqual(40);
  });

  it.each(rows.map((row) => [row.who, row] as const))("is true of: %s", (_, row) => {
    const { rendition, client } = negotiate(row.headers, LADDER, { query: row.query });
    const { device, os, engine } = client;
    expect([device, os, engine].filter((part) => part !== undefined).join(", ")).toBe(row.client);
    expect(rendition?.name).toBe(row.gets);
  });
});

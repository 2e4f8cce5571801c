import type { ConfigKey, ConfigSection } from "./keys.js";

/** All settings as `--help` lists them, lines of at most about 100 characters. */
export function flagsHelp(sections: readonly ConfigSection[]): string {
  return sections
    .map((section) => `${heading(section)}\n${section.keys.map(flagHelp).join("\n")}`)
    .join("\n\n");
}

/** All settings as a page for the documentation. */
export function configMarkdown(sections: readonly ConfigSection[]): string {
  const tables = sections.map((section) => {
    const title = section.name === "" ? "" : `\n## ${section.name}\n\n${section.description}\n`;
    const rows = section.keys.map((key) => {
      const flag = key.kind === "boolean" ? `--${key.flag}\`<br>\`--no-${key.flag}` : `--${key.flag}`;
      return `| \`${key.name}\` | \`${flag}\`<br>\`${key.variable}\` | ${fallbackOf(key)} | ${key.description} Allowed: ${key.allowed}. |`;
    });
    return `${title}\n| key | flag and variable | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `${MARKDOWN_INTRODUCTION}${tables.join("")}`;
}

const MARKDOWN_INTRODUCTION = `# Configuration

<!-- Written from the schema by src/server/config/reference.test.ts; to renew it: npx vitest run --project unit src/server/config -u -->

\`sluice serve\` reads \`sluice.yaml\` in the working directory if it is there, or the file that \`--config FILE\` or
\`SLUICE_CONFIG\` names. Variables go before the file, flags before variables. An empty variable counts as not set. In
code, \`createServer({ rtmp: { port: 1936 } })\` takes the same keys.

A wrong value or an unknown key stops the start. All mistakes are reported at once, each with its key, its place, its
value and what is allowed.

\`\`\`yaml
rtmp:
  port: 1936
publish: takeover
\`\`\`
`;

function heading(section: ConfigSection): string {
  return section.name === "" ? "Settings:" : section.description;
}

function flagHelp(key: ConfigKey): string {
  const flag =
    key.kind === "boolean" ? `--[no-]${key.flag}` : `--${key.flag} ${PLACEHOLDERS[key.kind] ?? choices(key)}`;
  const text = `${key.description} Default: ${fallbackOf(key)}.`.replaceAll("`", "");
  return `  ${flag}\n${wrap(text, 88)
    .map((line) => `      ${line}`)
    .join("\n")}`;
}

const PLACEHOLDERS: Readonly<Record<string, string>> = { number: "N", list: "JSON" };

function choices(key: ConfigKey): string {
  return key.allowed.startsWith("one of ") ? key.allowed.slice(7).replaceAll(", ", "|") : "TEXT";
}

function fallbackOf(key: ConfigKey): string {
  const { fallback } = key;
  if (fallback === undefined) return "none";
  return `\`${typeof fallback === "object" ? JSON.stringify(fallback) : fallback}\``;
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { unknownKey } from "./check.js";
import { type ConfigKey, type ConfigSection, configKeys } from "./keys.js";
import type { Mistake } from "./mistake.js";
import type { Setting, SourceSettings } from "./setting.js";

/**
 * Settings from a YAML file: one map of keys and sections.
 *
 * @param name the file's name as the user knows it, for messages
 */
export function readYaml(text: string, name: string, sections: readonly ConfigSection[]): SourceSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const keys = configKeys(sections);
  const settings: Setting[] = [];
  const mistakes: Mistake[] = [];
  const at = (offset: number | undefined): string => `${name}:${lines.linePos(offset ?? 0).line}`;

  for (const error of document.errors) {
    const where = at(error.pos[0]);
    mistakes.push({ name: where, where, problem: `not valid YAML: ${error.message}` });
  }
  if (mistakes.length > 0 || document.contents === null) return { settings, mistakes };
  if (isMap(document.contents)) visit(document.contents, []);
  else if (!isScalar(document.contents) || document.contents.value !== null) {
    mistakes.push({
      name: `${name}:1`,
      where: `${name}:1`,
      problem: "must be a map of keys, such as `rtmp:`",
    });
  }
  return { settings, mistakes };

  function visit(map: YAMLMap, path: readonly string[]): void {
    for (const pair of map.items) {
      const keyNode = pair.key;
      const where = at(isScalar(keyNode) ? keyNode.range?.[0] : map.range?.[0]);
      const fullPath = [...path, String(isScalar(keyNode) ? keyNode.value : keyNode)];
      const full = fullPath.join(".");
      const node = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
      const isEmpty = node === null || (isScalar(node) && node.value === null);
      const key = keys.find(
        (candidate) => candidate.name === full && candidate.path.length === fullPath.length,
      );
      const value: unknown = isScalar(node) ? node.value : isEmpty ? null : toPlain(node, key);
      if (key !== undefined) settings.push({ key, value, where });
      else if (isSection(full)) {
        if (isMap(node)) visit(node, fullPath);
        else if (!isEmpty)
          mistakes.push({ name: full, where, value, problem: `is a section: ${membersOf(full)}` });
      } else {
        const shown = isScalar(node) ? value : undefined;
        mistakes.push({ name: full, where, value: shown, problem: unknownKey(full, keys) });
      }
    }
  }

  function isSection(full: string): boolean {
    return sections.some((section) => section.name === full || section.name.startsWith(`${full}.`));
  }

  function membersOf(full: string): string {
    const members = sections.find((section) => section.name === full)?.keys ?? [];
    return members.map(({ path }) => path.at(-1)).join(", ");
  }

  function toPlain(node: unknown, key: ConfigKey | undefined): unknown {
    if (key?.kind === "list" && isSeq(node)) return node.toJS(document);
    return isMap(node) ? "a map" : "a list";
  }
}

import { z } from "zod";

/** One setting, as the schema has it: what help, documentation, parsers and messages need to know. */
export interface ConfigKey {
  /** `rtmp.port` */
  readonly name: string;
  readonly path: readonly string[];
  /** `rtmp-port`, without the dashes. */
  readonly flag: string;
  /** `SLUICE_RTMP_PORT` */
  readonly variable: string;
  readonly kind: "boolean" | "number" | "text" | "list";
  /** A phrase such as `a whole number from 0 to 65535`. */
  readonly allowed: string;
  readonly description: string;
  /** Undefined where the key has none. */
  readonly fallback: string | number | boolean | readonly unknown[] | undefined;
}

/** A group of keys, such as `rtmp`; the keys at the top level are in one without a name. */
export interface ConfigSection {
  readonly name: string;
  readonly description: string;
  readonly keys: readonly ConfigKey[];
}

/** The part of a JSON schema that our settings use. */
interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

/**
 * The schema's keys, section by section, in its order.
 *
 * @throws TypeError for a key without a description: it would be in the help without a word
 */
export function configSections(schema: z.ZodType): readonly ConfigSection[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as SchemaNode;
  const sections: ConfigSection[] = [];
  visit(root, [], sections);
  return sections;
}

/** All keys of all sections. */
export function configKeys(sections: readonly ConfigSection[]): readonly ConfigKey[] {
  return sections.flatMap(({ keys }) => keys);
}

/** `flv.metadataAtKey` as words joined by `-`: the name of its flag, and of its variable in capitals with `_`. */
export function kebab(path: readonly string[]): string {
  return path.map((part) => part.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)).join("-");
}

function visit(node: SchemaNode, path: readonly string[], sections: ConfigSection[]): void {
  const keys: ConfigKey[] = [];
  const section = { name: path.join("."), description: node.description ?? "", keys };
  sections.push(section);
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    if (child.properties === undefined) keys.push(toKey(child, [...path, name]));
    else visit(child, [...path, name], sections);
  }
  if (keys.length === 0) sections.splice(sections.indexOf(section), 1);
}

const KINDS: Readonly<Record<string, ConfigKey["kind"]>> = {
  boolean: "boolean",
  string: "text",
  array: "list",
};

function toKey(node: SchemaNode, path: readonly string[]): ConfigKey {
  const name = path.join(".");
  if (node.description === undefined) throw new TypeError(`configuration key ${name} has no description`);
  const flag = kebab(path);
  return {
    name,
    path,
    flag,
    variable: `SLUICE_${flag.toUpperCase().replaceAll("-", "_")}`,
    kind: KINDS[node.type ?? ""] ?? (isNumeric(node) ? "number" : "text"),
    allowed: allowedPhrase(node),
    description: node.description,
    fallback: node.default as ConfigKey["fallback"],
  };
}

function isNumeric(node: SchemaNode): boolean {
  return node.type === "number" || node.type === "integer" || node.anyOf?.some(isNumeric) === true;
}

function allowedPhrase(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(allowedPhrase).join(", or ");
  if (node.const !== undefined) return `${node.const}`;
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  if (node.type === "boolean") return "true or false";
  if (node.format === "uri") return "an address that begins with http:// or https://";
  if (node.type === "string") return (node.minLength ?? 0) > 0 ? "text that is not empty" : "text";
  if (node.type === "array") {
    return `a list of maps with ${Object.keys(node.items?.properties ?? {}).join(", ")}`;
  }
  const what = node.type === "integer" ? "a whole number" : "a number";
  const { minimum, maximum } = node;
  if (minimum !== undefined && maximum !== undefined) return `${what} from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${what}, at least ${minimum}`;
  return maximum === undefined ? what : `${what}, at most ${maximum}`;
}

/** A stream's place: `live` and `room` in `/live/room.flv`; the app may hold slashes. */
export interface StreamName {
  readonly app: string;
  readonly name: string;
}

const MAX_LENGTH = 256;
/** First segments of other addresses on the same port. */
const RESERVED: ReadonlySet<string> = new Set(["api", "watch", "assets"]);

/** The hub's name for a stream. */
export function streamKey({ app, name }: StreamName): string {
  return `${app}/${name}`;
}

/** What is wrong with these as an app and a stream name, in words; undefined where nothing is. */
export function streamNameProblem({ app, name }: StreamName): string | undefined {
  return partProblem("app", app) ?? partProblem("stream name", name) ?? reservedProblem(app);
}

/** `live/room` as app and name, valid or not: the name is what follows the last slash. */
export function splitStreamKey(key: string): StreamName {
  const slash = key.lastIndexOf("/");
  return { app: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}

/** The same; undefined where it is no valid name. */
export function parseStreamKey(key: string): StreamName | undefined {
  const parsed = splitStreamKey(key);
  return streamNameProblem(parsed) === undefined ? parsed : undefined;
}

/** `/live/room.flv` with the extension `.flv`; undefined where the path has another form. */
export function parseStreamPath(path: string, extension: string): StreamName | undefined {
  if (!path.startsWith("/") || !path.endsWith(extension)) return undefined;
  return parseStreamKey(path.slice(1, path.length - extension.length));
}

function partProblem(what: string, text: string): string | undefined {
  if (text.length === 0) return `the ${what} is empty`;
  if (text.length > MAX_LENGTH) return `the ${what} is longer than ${MAX_LENGTH} characters`;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Control characters would end up in logs, headers and file names.
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return `the ${what} has a control character`;
  }
  for (const segment of text.split("/")) {
    if (segment === "" || segment === "." || segment === "..") {
      return `the ${what} has an empty, \`.\` or \`..\` segment`;
    }
  }
  return undefined;
}

function reservedProblem(app: string): string | undefined {
  const [first = ""] = app.split("/", 1);
  return RESERVED.has(first) ? `\`${first}\` is no app name: its address has another use` : undefined;
}

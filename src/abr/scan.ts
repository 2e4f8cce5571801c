// What RFC 9110 and RFC 8941 write, read character by character: no expression here can take longer than its text is.

const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Characters of a token beside letters and digits (RFC 9110 section 5.6.2). */
const TOKEN_MARKS = "!#$%&'*+-.^_`|~";

function isTokenCharacter(code: number): boolean {
  if (code >= 0x61 && code <= 0x7a) return true;
  if (code >= 0x30 && code <= 0x39) return true;
  if (code >= 0x41 && code <= 0x5a) return true;
  return code > 0x20 && code < 0x7f && TOKEN_MARKS.includes(String.fromCharCode(code));
}

/** A place in a text that only moves forward. */
export interface Scanner {
  readonly text: string;
  at: number;
}

export function skipSpace(scanner: Scanner): void {
  const { text } = scanner;
  for (; scanner.at < text.length; scanner.at++) {
    const code = text.charCodeAt(scanner.at);
    if (code !== SPACE && code !== TAB) return;
  }
}

/** Goes past this character. False where another stands here. */
export function take(scanner: Scanner, character: string): boolean {
  if (scanner.text[scanner.at] !== character) return false;
  scanner.at += 1;
  return true;
}

/** A token; undefined where none begins here. */
export function readToken(scanner: Scanner): string | undefined {
  const { text, at } = scanner;
  let end = at;
  while (end < text.length && isTokenCharacter(text.charCodeAt(end))) end += 1;
  scanner.at = end;
  return end === at ? undefined : text.slice(at, end);
}

/** A quoted string without its quotes and backslashes; undefined where none begins here, or it has no end. */
export function readQuoted(scanner: Scanner): string | undefined {
  const { text } = scanner;
  if (text.charCodeAt(scanner.at) !== QUOTE) return undefined;
  let value = "";
  let from = scanner.at + 1;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      scanner.at = i + 1;
      return value + text.slice(from, i);
    }
    if (code === BACKSLASH) {
      value += text.slice(from, i);
      // What follows stands for itself, also a quote.
      from = i + 1;
      i += 1;
    }
  }
  scanner.at = text.length;
  return undefined;
}

/** Goes to the next comma that is not within quotes, or to the end: where the next member of a list begins. */
export function skipMember(scanner: Scanner): void {
  const { text } = scanner;
  while (scanner.at < text.length && text[scanner.at] !== ",") {
    if (text.charCodeAt(scanner.at) === QUOTE) readQuoted(scanner);
    else scanner.at += 1;
  }
}

const MAX_NUMBER_LENGTH = 12;

/** A number without a sign or an exponent, such as `1.5`, alone in its text; undefined for anything else. */
export function readNumber(text: string | undefined): number | undefined {
  const digits = text?.trim() ?? "";
  if (digits === "" || digits.length > MAX_NUMBER_LENGTH) return undefined;
  let dots = 0;
  for (let i = 0; i < digits.length; i++) {
    const code = digits.charCodeAt(i);
    if (code === 0x2e) dots += 1;
    else if (code < 0x30 || code > 0x39) return undefined;
  }
  if (dots > 1 || digits.startsWith(".") || digits.endsWith(".")) return undefined;
  return Number(digits);
}

/** The strings of a structured list (RFC 8941 section 3.1), such as `"Mobile", "XR"`; other members are passed over. */
export function readStringList(text: string, most: number): readonly string[] {
  const scanner: Scanner = { text, at: 0 };
  const strings: string[] = [];
  while (scanner.at < text.length && strings.length < most) {
    skipSpace(scanner);
    const value = readQuoted(scanner);
    if (value !== undefined) strings.push(value);
    skipMember(scanner);
    take(scanner, ",");
  }
  return strings;
}

const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";

/**
 * A document with what lies between its two markers replaced.
 *
 * @throws Error where it has not exactly one of each, in order
 */
export function replaceSection(document: string, section: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin || begin !== document.lastIndexOf(BEGIN) || end !== document.lastIndexOf(END))
    throw new Error(`the document must have one line ${BEGIN} and, below it, one line ${END}`);
  return `${document.slice(0, begin)}${BEGIN}\n${section}\n${document.slice(end)}`;
}

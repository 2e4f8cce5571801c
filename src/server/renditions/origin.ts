// What a Publisher says of where it comes from goes with the stream to the other processes: there too it is known what a
// rendition was made from, and that its times are that one's.

const PREFIX = "rendition-of ";

/** The origin of a rendition's Publisher. @param source the name of the stream that it is made from */
export function madeOrigin(source: string): string {
  return PREFIX + source;
}

/** The name of the stream that it was made from; undefined where it was made from none. */
export function sourceOfOrigin(origin: string | undefined): string | undefined {
  return origin?.startsWith(PREFIX) === true ? origin.slice(PREFIX.length) : undefined;
}

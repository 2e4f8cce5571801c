/** What FFmpeg complained about while it worked, which its exit code does not tell. */
export interface Complaints {
  /** Its words on damage that it met in the input and went past; undefined without any. */
  readonly damage: string | undefined;
  /** What else is to be told, a sentence each. */
  readonly notes: readonly string[];
  /** The errors alone, without warnings. */
  readonly errors: string;
}

/** Broken containers and packets, by the demuxers' and decoders' words. */
const DAMAGE =
  /partial file|File ended prematurely|Packet mismatch|exceeds containing master|Invalid NAL unit size|Error while decoding|Error submitting packet to decoder|Truncat|invalid as first byte of an EBML/i;

const NOTES: readonly (readonly [RegExp, string])[] = [
  // A recording of MPEG-TS ends wherever it was cut: that is no damage.
  [/corrupt input packet/, "some packets of the input were incomplete"],
  [/Non-monoton\w+ DTS/, "some times of the input did not rise, and were moved to the next tick"],
  [/Can't write packet with unknown timestamp/, "some packets of the input had no time"],
];

/** Reads what FFmpeg wrote to standard error with `-loglevel level+warning`. */
export function complaintsIn(stderr: string): Complaints {
  const lines = stderr.split(/[\r\n]+/);
  const errors = lines
    .filter((line) => !line.includes("[warning]"))
    .map((line) => line.replace(/\[(error|fatal|panic)\] /, ""));
  const damage = errors.find((line) => DAMAGE.test(line));
  return {
    damage: damage
      ?.replace(/\[([^\]]*?) @ 0x[0-9a-f]+\] ?/g, "")
      .replace(/\p{Cc}/gu, " ")
      .trim()
      .slice(0, 160),
    notes: NOTES.filter(([pattern]) => pattern.test(stderr)).map(([, sentence]) => sentence),
    errors: errors.join("\n"),
  };
}

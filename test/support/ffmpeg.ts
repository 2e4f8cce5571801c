import { type Program, run } from "./program.js";

/** One packet as FFmpeg reads it. Times in milliseconds, as FLV and RTMP carry them. */
export interface HashedPacket {
  readonly dts: number;
  readonly pts: number;
  readonly size: number;
  /** MD5 of the compressed payload. */
  readonly hash: string;
  /** Its stream: `video` or `audio`. */
  readonly kind: string;
}

/** All packets of a source in the order they came, and the MD5 of each stream's decoder configuration. */
export interface Hashed {
  readonly packets: readonly HashedPacket[];
  readonly configs: Readonly<Record<string, string>>;
}

/** `ffmpeg -re -i FILE -c copy -f flv URL`, as the README has it: real time, payloads untouched. */
export function publishWithFfmpeg(file: string, url: string, input: readonly string[] = []): Program {
  return run("ffmpeg", ["-v", "error", "-re", ...input, "-i", file, "-c", "copy", "-f", "flv", url]);
}

/** `ffmpeg -c copy -f framehash` of a file or an address, timestamps as they are. It ends when the input does. */
export function startFramehash(input: string): {
  readonly program: Program;
  readonly hashed: Promise<Hashed>;
} {
  const copy = ["-map", "0", "-c", "copy", "-f", "framehash", "-hash", "md5", "-"];
  const program = run("ffmpeg", ["-v", "error", "-copyts", "-i", input, ...copy]);
  const hashed = program.output.then(parseFramehash);
  // Who kills it does not want to hear of it.
  hashed.catch(() => {});
  return { program, hashed };
}

export function framehash(input: string): Promise<Hashed> {
  return startFramehash(input).hashed;
}

/** @throws Error when a clock other than milliseconds is used and does not come out even */
function parseFramehash(text: string): Hashed {
  const kinds = new Map<string, string>();
  const clocks = new Map<string, number>();
  const extradata = new Map<string, string>();
  const packets: HashedPacket[] = [];
  for (const line of text.split("\n")) {
    const header = /^#(\w+) (\d+)[:,] +(.*)$/.exec(line);
    if (header !== null) {
      const [, name, stream = "", value = ""] = header;
      if (name === "media_type") kinds.set(stream, value);
      else if (name === "tb")
        clocks.set(stream, (1000 * Number(value.split("/")[0])) / Number(value.split("/")[1]));
      else if (name === "extradata") extradata.set(stream, value.split(/, +/)[1] ?? "");
    } else if (line !== "" && !line.startsWith("#")) {
      const [stream = "", dts, pts, , size, hash = ""] = line.split(/, */);
      const clock = clocks.get(stream) ?? Number.NaN;
      packets.push({
        dts: Number(dts) * clock,
        pts: Number(pts) * clock,
        size: Number(size),
        hash,
        kind: kinds.get(stream) ?? "",
      });
    }
  }
  const configs = Object.fromEntries(
    [...extradata].map(([stream, hash]) => [kinds.get(stream) ?? stream, hash]),
  );
  return { packets, configs };
}

/** MD5s of the payloads that are key frames of the picture, as ffprobe says. */
export async function keyFrames(file: string): Promise<ReadonlySet<string>> {
  const entries = ["-show_packets", "-show_data_hash", "md5", "-show_entries", "packet=flags,data_hash"];
  const text = await run("ffprobe", [
    "-v",
    "error",
    "-select_streams",
    "v",
    ...entries,
    "-of",
    "csv=p=0",
    file,
  ]).output;
  const keys = text.split("\n").filter((line) => line.startsWith("K"));
  return new Set(keys.map((line) => line.slice(line.indexOf("MD5:") + 4).trim()));
}

/** Makes a clip: a moving picture and a tone, coded as told. */
export async function makeClip(file: string, seconds: number, codecs: readonly string[]): Promise<void> {
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=320x180:rate=25:duration=${seconds}`];
  const sound = ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=44100:duration=${seconds}`];
  await run("ffmpeg", ["-v", "error", "-y", ...picture, ...sound, ...codecs, file]).output;
}

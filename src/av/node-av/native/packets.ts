import { Failure } from "./failure.js";
import type { Input, Tools } from "./input.js";
import { END_OF_FILE, INVALID_DATA, type Packet } from "./library.js";

/**
 * The packets of an input in the order of the file. Each is valid until the next is asked for.
 *
 * What is broken inside is left out as FFmpeg's own programs leave it out: only what cannot be read at all is an error.
 */
export async function* packetsOf(
  { library, check }: Tools,
  { format, name, isLocal }: Pick<Input, "format" | "name" | "isLocal">,
): AsyncGenerator<Packet, void, undefined> {
  const packet = new library.Packet();
  packet.alloc();
  try {
    for (;;) {
      // A disk answers at once; a change of threads for each packet would cost more than reading it.
      const code = isLocal ? format.readFrameSync(packet) : await format.readFrame(packet);
      if (code === END_OF_FILE) return;
      if (code === INVALID_DATA)
        throw new Failure("corrupt", `${name}: broken in the middle, nothing more can be read`);
      check(code);
      // An empty one is news about the stream, not media (FFmpeg 8.1 makes one of Enhanced RTMP's channel order).
      if (packet.size > 0) yield packet;
      packet.unref();
    }
  } finally {
    packet.free();
  }
}

// A small reader of fragmented MP4 for tests and fuzzing, written from ISO/IEC 14496-12 and not from our muxer, to check what that writes.

export interface Mp4Box {
  readonly type: string;
  /** Offset of the box in the bytes that `readBoxes` was given. */
  readonly start: number;
  readonly size: number;
  /** What follows size and type. */
  readonly content: Uint8Array;
  readonly children: readonly Mp4Box[];
}

export interface Mp4Sample {
  /** In the track's timescale. */
  readonly dts: number;
  readonly pts: number;
  readonly duration: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

export interface Mp4TrackFragment {
  readonly trackId: number;
  readonly samples: readonly Mp4Sample[];
}

export interface Mp4Fragment {
  readonly sequence: number;
  readonly tracks: readonly Mp4TrackFragment[];
}

export interface Mp4Track {
  readonly id: number;
  readonly handler: string;
  readonly timescale: number;
  /** Type of the sample entry, such as `avc1`. */
  readonly entry: string;
  /** Content of the sample entry. */
  readonly entryContent: Uint8Array;
  /** Boxes in the sample entry, such as avcC. */
  readonly entryBoxes: readonly Mp4Box[];
  readonly defaultFlags: number;
}

const containers = new Set(["moov", "trak", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf"]);

/** The boxes that fill `bytes` exactly; throws an Error where they do not. */
export function readBoxes(bytes: Uint8Array): Mp4Box[] {
  return boxesIn(bytes, 0, bytes.length);
}

function boxesIn(bytes: Uint8Array, from: number, to: number): Mp4Box[] {
  const boxes: Mp4Box[] = [];
  let at = from;
  while (at < to) {
    if (at + 8 > to) throw new Error(`${to - at} bytes too many at ${at}`);
    const size = u32(bytes, at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (size < 8 || at + size > to)
      throw new Error(`box ${type} at ${at} has size ${size}, room for ${to - at}`);
    boxes.push({
      type,
      start: at,
      size,
      content: bytes.subarray(at + 8, at + size),
      children: containers.has(type) ? boxesIn(bytes, at + 8, at + size) : [],
    });
    at += size;
  }
  return boxes;
}

/** All boxes at a path such as `moov/trak/tkhd`. */
export function boxesAt(boxes: readonly Mp4Box[], path: string): Mp4Box[] {
  const [type, ...rest] = path.split("/");
  const found = boxes.filter((box) => box.type === type);
  return rest.length === 0 ? found : found.flatMap((box) => boxesAt(box.children, rest.join("/")));
}

/** The only box at a path. */
export function boxAt(boxes: readonly Mp4Box[], path: string): Mp4Box {
  const [box, second] = boxesAt(boxes, path);
  if (box === undefined || second !== undefined) throw new Error(`not exactly one ${path}`);
  return box;
}

/** The tracks of an initialization segment. */
export function readTracks(init: Uint8Array): Mp4Track[] {
  const boxes = readBoxes(init);
  const extended = new Map(
    boxesAt(boxes, "moov/mvex/trex").map(({ content }) => [u32(content, 4), u32(content, 20)]),
  );
  return boxesAt(boxes, "moov/trak").map((trak) => {
    const id = u32(boxAt(trak.children, "tkhd").content, 12);
    const handler = text(boxAt(trak.children, "mdia/hdlr").content, 8);
    const stsd = boxAt(trak.children, "mdia/minf/stbl/stsd").content;
    if (u32(stsd, 4) !== 1) throw new Error("not exactly one sample entry");
    const entry = boxesIn(stsd, 8, stsd.length)[0] as Mp4Box;
    const fixed = handler === "vide" ? 78 : 28;
    const defaultFlags = extended.get(id);
    if (defaultFlags === undefined) throw new Error(`track ${id} has no trex`);
    return {
      id,
      handler,
      timescale: u32(boxAt(trak.children, "mdia/mdhd").content, 12),
      entry: entry.type,
      entryContent: entry.content,
      entryBoxes: boxesIn(entry.content, fixed, entry.content.length),
      defaultFlags,
    };
  });
}

/** Movie fragments: moof, mdat, moof, mdat, … and nothing else; samples must fill each mdat exactly, in order. */
export function readFragments(bytes: Uint8Array, tracks: readonly Mp4Track[]): Mp4Fragment[] {
  const boxes = readBoxes(bytes);
  const fragments: Mp4Fragment[] = [];
  for (let i = 0; i < boxes.length; i += 2) {
    const moof = boxes[i] as Mp4Box;
    const mdat = boxes[i + 1];
    if (moof.type !== "moof" || mdat?.type !== "mdat") throw new Error("not a moof and its mdat");
    let expected = mdat.start + 8;
    const trackFragments = boxesAt(moof.children, "traf").map((traf): Mp4TrackFragment => {
      const tfhd = boxAt(traf.children, "tfhd").content;
      if (u32(tfhd, 0) !== 0x020000) throw new Error("tfhd flags are not default-base-is-moof alone");
      const trackId = u32(tfhd, 4);
      const track = tracks.find(({ id }) => id === trackId);
      if (track === undefined) throw new Error(`a traf of track ${trackId}, which the moov does not have`);
      const tfdt = boxAt(traf.children, "tfdt").content;
      if (tfdt[0] !== 1) throw new Error("tfdt is not version 1");
      const trun = boxAt(traf.children, "trun").content;
      if (trun[0] !== 1) throw new Error("trun is not version 1");
      const flags = u32(trun, 0) & 0xffffff;
      const count = u32(trun, 4);
      let at = 8;
      const next = (flag: number): number | undefined => {
        if ((flags & flag) === 0) return undefined;
        at += 4;
        return u32(trun, at - 4);
      };
      let offset = moof.start + (next(0x1) ?? Number.NaN);
      if (offset !== expected)
        throw new Error(`data of track ${trackId} begins at ${offset}, not ${expected}`);
      next(0x4);
      let dts = u32(tfdt, 4) * 2 ** 32 + u32(tfdt, 8);
      const samples: Mp4Sample[] = [];
      for (let n = 0; n < count; n++) {
        const duration = next(0x100) ?? Number.NaN;
        const size = next(0x200) ?? Number.NaN;
        const sampleFlags = next(0x400) ?? track.defaultFlags;
        const composition = (next(0x800) ?? 0) | 0;
        samples.push({
          dts,
          pts: dts + composition,
          duration,
          flags: sampleFlags,
          data: bytes.subarray(offset, offset + size),
        });
        dts += duration;
        offset += size;
      }
      if (at !== trun.length) throw new Error(`trun has ${trun.length - at} bytes too many`);
      expected = offset;
      return { trackId, samples };
    });
    if (expected !== mdat.start + mdat.size) throw new Error("the samples do not fill the mdat");
    fragments.push({ sequence: u32(boxAt(moof.children, "mfhd").content, 4), tracks: trackFragments });
  }
  return fragments;
}

export function u16(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(at);
}

export function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at);
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

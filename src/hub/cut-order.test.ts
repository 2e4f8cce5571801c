import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { audioTrack, dataTrack, packet, text, videoTrack } from "../../test/support/toy-format.js";
import type { Packet } from "../media/model/packet.js";
import { CutOrder } from "./cut-order.js";

const video = videoTrack();
const audio = audioTrack();

/** What comes out, as `V0`, `v40`, `a21`, `d5`: a kind and milliseconds. */
function order(tracks = [video, audio]) {
  const out: Packet[] = [];
  const cuts = new CutOrder((each) => out.push(each));
  cuts.setTracks(tracks);
  const write = (...names: string[]): void => {
    for (const name of names) cuts.write(parse(name));
  };
  return { out, cuts, write, log: () => out.map(nameOf) };
}

function parse(name: string): Packet {
  const kind = name[0] as string;
  const ms = Number(name.slice(1));
  if (kind === "a") return packet(audio, ms, { data: name });
  if (kind === "d") return packet(dataTrack, ms, { data: name });
  return packet(video, ms, { key: kind === "V", data: name });
}

function nameOf({ data, dts }: Packet): string {
  return `${text(data)[0]}${dts / 1000}`;
}

describe("the order that a stream can be cut in", () => {
  it("leaves what is interleaved by time as it is, but for a key frame that waits for its sound", () => {
    const { write, log, cuts } = order();
    write("V0", "a0", "a21", "v40", "a42", "a63");
    expect(log()).toEqual(["V0", "a0", "a21", "v40"]);
    write("V80");
    expect(log()).toEqual(["V0", "a0", "a21", "v40", "a42", "a63"]);
    write("a84");
    expect(log().at(-1)).toBe("V80");
    expect([0, 40_000, 80_000].map((dts) => cuts.has(dts))).toEqual([false, false, true]);
    expect(cuts.passed).toBe(80_000);
    write("v120");
    expect(log().slice(-2)).toEqual(["a84", "v120"]);
  });

  it("puts sound that is ahead behind the key frame, and sound that is late before it", () => {
    const { write, log, cuts } = order();
    write("V0", "a0", "a20", "a40", "a60", "a80", "a100", "v40", "V80");
    expect(log()).toEqual(["V0", "a0", "a20", "v40", "a40", "a60", "V80", "a80"]);
    expect(cuts.has(80_000)).toBe(true);
    write("v120", "V160", "v200", "a120", "a140");
    expect(log().slice(8)).toEqual(["a100", "v120", "a120", "a140"]);
    write("a160");
    expect(log().slice(12)).toEqual(["V160", "v200", "a160"]);
    expect(cuts.has(160_000)).toBe(true);
  });

  it("has no place to cut at a key frame right behind another", () => {
    const { write, cuts } = order();
    write("a0", "V0", "a40", "v40", "a80", "V80", "a120", "V120", "a160", "v160", "a200", "V200");
    expect([80_000, 120_000, 200_000].map((dts) => cuts.has(dts))).toEqual([true, false, true]);
  });

  it("does not wait for sound that has yet to begin, has stopped, or comes too late", () => {
    const { write, log, cuts } = order();
    write("V0", "v40", "V80");
    expect(log()).toEqual(["V0", "v40", "V80"]);
    write("a80", "V120", "v160", "v600");
    expect(log().at(-1)).toBe("a80");
    // Half a second is what a key frame waits.
    write("v640");
    expect(log().slice(-4)).toEqual(["V120", "v160", "v600", "v640"]);
    write("V1200");
    expect(log().at(-1)).toBe("V1200");
    expect([80, 120, 1200].map((ms) => cuts.has(ms * 1000))).toEqual([false, false, false]);
  });

  it("does not hold sound for long whose picture does not come, and cuts nowhere then", () => {
    const { write, log, cuts } = order();
    write("V0", "a0", "a500", "a1000", "a1500", "a2000");
    expect(log()).toEqual(["V0", "a0", "a500"]);
    write("V400", "v2100");
    expect(cuts.has(400_000)).toBe(false);
    expect(log().slice(3)).toEqual(["V400", "a1000", "a1500", "a2000", "v2100"]);
  });

  it("gives data that is behind the last cut its time", () => {
    const { write, log, cuts } = order();
    write("V0", "a0", "v40", "a40", "V80", "a80", "d30", "v120", "d100");
    expect(cuts.has(80_000)).toBe(true);
    expect(log().slice(-4)).toEqual(["a80", "d80", "v120", "d100"]);
  });

  it("cuts at every key frame of a picture alone, and nowhere without one, or with two", () => {
    const alone = order([video]);
    alone.write("V0", "v40", "V80");
    expect([alone.log(), alone.cuts.has(0), alone.cuts.has(80_000)]).toEqual([
      ["V0", "v40", "V80"],
      true,
      true,
    ]);
    for (const tracks of [[audio], [video, videoTrack(0, 5), audio]]) {
      const none = order(tracks);
      none.write("a5", "a3", "V0", "a0");
      expect([none.log(), none.cuts.has(0)]).toEqual([["a5", "a3", "V0", "a0"], false]);
    }
  });

  it("loses nothing when a source ends, and begins anew with the next", () => {
    const { write, log, cuts } = order();
    write("V0", "a0", "a90", "V80", "v120");
    cuts.reset();
    write("V200");
    expect(log().sort()).toEqual(["V0", "V200", "V80", "a0", "a90", "v120"].sort());
  });
});

it("whatever the interleaving: nothing is lost, no track is reordered, and at a cut all tracks are cut", () => {
  const step = fc.record({
    kind: fc.constantFrom("video", "video", "key", "audio", "audio", "data"),
    by: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 1500 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const { out, cuts } = order();
      const clocks = { video: 0, audio: 0, data: 0 };
      const written: Packet[] = [];
      for (const [i, { kind, by }] of steps.entries()) {
        const track = kind === "key" ? "video" : kind;
        clocks[track] += by;
        const of = track === "video" ? video : track === "audio" ? audio : dataTrack;
        const made = packet(of, clocks[track], { key: kind !== "video", data: `${i}` });
        written.push(made);
        cuts.write(made);
      }
      cuts.flush();
      for (const kind of ["video", "audio", "data"]) {
        const of = (list: readonly Packet[]) =>
          list.filter(({ track }) => track.kind === kind).map(({ data }) => text(data));
        expect(of(out)).toEqual(of(written));
        let last = Number.NEGATIVE_INFINITY;
        for (const { track, dts } of out) {
          if (track.kind !== kind) continue;
          expect(dts).toBeGreaterThanOrEqual(last);
          last = dts;
        }
      }
      for (const [at, { track, key, dts }] of out.entries()) {
        if (track.kind !== "video" || !key || !cuts.has(dts)) continue;
        // Two key frames of one time: it is the first that can be cut at.
        if (out.slice(0, at).some((before) => before.track.kind === "video" && before.dts === dts)) continue;
        for (const before of out.slice(0, at)) expect(before.dts).toBeLessThan(dts);
        for (const after of out.slice(at)) expect(after.dts).toBeGreaterThanOrEqual(dts);
      }
    }),
    { seed: 3, numRuns: 300 },
  );
});

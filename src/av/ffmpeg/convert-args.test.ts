import { describe, expect, it } from "vitest";
import type { ConvertTask, VideoTask } from "../task.js";
import { convertArgs, joinList } from "./convert-args.js";

const FILE = { kind: "file", path: "/in.mp4" } as const;
const H264: VideoTask = { codec: "h264", filters: [], hardware: "none" };
const NOTHING = { encoder: undefined, part: undefined, version: "5.1.6" };

function args(task: Partial<ConvertTask>, found: Parameters<typeof convertArgs>[1] = NOTHING): string {
  return convertArgs(
    {
      inputs: [{ source: FILE }],
      output: { kind: "file", path: "/out.mp4", container: "mp4" },
      video: "copy",
      audio: "copy",
      ...task,
    },
    found,
  ).join(" ");
}

describe("FFmpeg's arguments", () => {
  it("copy the tracks that are named", () => {
    expect(args({ tracks: [0, 2] })).toMatch(
      / -i file:\/in\.mp4 -map 0:0 -map 0:2 -c:v copy -c:a copy .*-movflags \+faststart -movie_timescale 90000 -f mp4 file:\/out\.mp4$/,
    );
  });

  it("take the first of each kind where none is named, and leave out what is not wanted", () => {
    expect(args({ audio: "none" })).toMatch(/ -map 0:v:0\? -c:v copy -an /);
    expect(args({ video: "none" })).toMatch(/ -map 0:a:0\? -vn -c:a copy /);
  });

  it("begin a copied picture at its key frame, and nothing before", () => {
    const part = { seekUs: 2_000_000, startUs: 2_000_000, endUs: 9_000_000 };
    const cut = args({ inputs: [{ source: FILE, fromUs: 3_500_000 }] }, { ...NOTHING, part });
    expect(cut).toContain(" -fflags +genpts -ss 2.000000 -i file:/in.mp4 ");
    expect(cut).toContain(" -c:v copy -copypriorss:v 0 -c:a copy -copypriorss:a 0 -t 7.000000 ");
  });

  it("encode with filters and each frame's own time", () => {
    const encoded = args({ video: { ...H264, clock: 15_360 } }, { ...NOTHING, encoder: "libx264" });
    expect(encoded).toContain("-filter:v crop=w=trunc(iw/2)*2:h=trunc(ih/2)*2,format=yuv420p");
    expect(encoded).toContain("-fps_mode vfr -enc_time_base 1/15360 -c:v libx264 -preset medium -crf 23");
    const avi = args(
      { video: H264, output: { kind: "file", path: "/o.avi", container: "avi" } },
      { ...NOTHING, encoder: "libx264" },
    );
    expect(avi).toContain("-fps_mode cfr -c:v libx264");
  });

  it("give bytes, which an MP4 can be in fragments only", () => {
    const bytes = args({ output: { kind: "bytes", container: "mp4" }, keepTimestamps: true });
    expect(bytes).toMatch(/ -copyts .*\+frag_keyframe\+delay_moov\+default_base_moof .*-f mp4 pipe:1$/);
  });

  it("take sound from elsewhere, shifted", () => {
    const task = {
      inputs: [{ source: { kind: "bytes", format: "nut" } as const }],
      soundFrom: { source: FILE, shiftUs: -1_400_000 },
      keepTimestamps: true,
      video: H264,
    };
    expect(args(task, { ...NOTHING, encoder: "libx264" })).toMatch(
      / -f nut -i pipe:0 .*-itsoffset -1\.400000 -i file:\/in\.mp4 -map 0:v:0\? -map 1:a:0\? /,
    );
  });

  it("join files that are encoded anew in one shape", () => {
    const joined = args(
      {
        inputs: [{ source: FILE }, { source: { kind: "file", path: "/b.mkv" } }],
        video: {
          ...H264,
          filters: [
            { kind: "fps", fps: 25 },
            { kind: "scale", width: 64, height: 36 },
          ],
        },
        audio: { codec: "aac" },
      },
      { ...NOTHING, encoder: "libx264" },
    );
    expect(joined).toContain("[1:v:0]scale=w=64:h=36:force_original_aspect_ratio=decrease");
    expect(joined).toContain("[v0][a0][v1][a1]concat=n=2:v=1:a=1[vj][a]");
    expect(joined).toContain("-map [v] -map [a] -c:v libx264");
  });

  it("join files as they are by a list, which quotes their names", () => {
    expect(args({ inputs: [{ source: FILE }, { source: FILE }] })).toContain(
      " -f concat -safe 0 -auto_convert 0 -i pipe:0 ",
    );
    expect(joinList([FILE, { kind: "file", path: "/it's.mp4" }])).toBe(
      "ffconcat version 1.0\nfile 'file:/in.mp4'\nfile 'file:/it'\\''s.mp4'\n",
    );
    expect(() => joinList([{ kind: "file", path: "/a\nfile '/etc/passwd'" }])).toThrow(TypeError);
    expect(() => joinList([{ kind: "http", url: "http://h/a.mp4" }])).toThrow(TypeError);
  });
});

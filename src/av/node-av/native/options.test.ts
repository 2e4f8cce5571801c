import { expect, it } from "vitest";
import { videoEncoderArgs } from "../../ffmpeg/encoder.js";
import { inputArgs } from "../../ffmpeg/input.js";
import { muxerArgs } from "../../ffmpeg/muxer.js";
import { commandOptions } from "./options.js";

it("reads what FFmpeg's programs are told, for a library that takes it by name", () => {
  const opening = commandOptions(inputArgs({ kind: "file", path: "-i.mp4" }));
  expect(opening.named.get("i")).toBe("file:-i.mp4");
  expect(Object.keys(opening.without("i", "f"))).toEqual(["protocol_whitelist", "format_whitelist"]);
  const muxing = commandOptions(muxerArgs("mp4", true));
  expect(muxing.named.get("f")).toBe("mp4");
  expect(muxing.without("f")).toMatchObject({ movflags: "+faststart" });
  const encoding = commandOptions(
    videoEncoderArgs("libx265", { codec: "hevc", filters: [], hardware: "none", bitrate: 1_000 }, "mp4"),
  );
  expect(encoding.named.get("tag")).toBe("hvc1");
  expect(encoding.without("c", "tag")).toMatchObject({ preset: "medium", b: "1000", maxrate: "1500" });
});

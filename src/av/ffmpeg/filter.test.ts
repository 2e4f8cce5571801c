import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeFilterValue, filterGraph } from "./filter.js";

/** What FFmpeg's av_get_token makes of a value: one layer of backslashes off, up to one of the ends. */
function token(text: string, ends: string): { value: string; rest: string } {
  let value = "";
  let i = 0;
  for (; i < text.length && !ends.includes(text[i] as string); i++) {
    if (text[i] === "'") throw new Error("an open quote");
    if (text[i] === "\\") i += 1;
    value += text[i] ?? "";
  }
  return { value, rest: text.slice(i) };
}

describe("values in a filter graph", () => {
  it("come through both parsers as they were, whatever is in them", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.string()), (text) => {
        const graph = token(`${escapeFilterValue(text)}[v];null`, "[],;");
        expect(graph.rest).toBe("[v];null");
        const option = token(`${graph.value}:x=1`, ":");
        expect(option).toEqual({ value: text, rest: ":x=1" });
      }),
    );
  });
});

describe("a filter graph", () => {
  it("has the filters in the order given, and what comes last", () => {
    const graph = filterGraph(
      [
        { kind: "crop", width: 100, height: 50, x: 1, y: 2 },
        { kind: "crop", width: 90, height: 40, x: undefined, y: undefined },
        { kind: "fps", fps: 30 },
        { kind: "scale", width: undefined, height: 480 },
      ],
      ["format=yuv420p"],
    );
    expect(graph).toBe("crop=w=100:h=50:x=1:y=2,crop=w=90:h=40,fps=fps=30,scale=w=-2:h=480,format=yuv420p");
    expect(filterGraph([])).toBe("");
  });

  it("lets a percent sign be one, for every FFmpeg", () => {
    const textOf = (text: string) =>
      filterGraph([{ kind: "text", text, place: "center", size: 12, font: undefined }]).split(":")[0];
    expect(textOf("100%")).toBe(textOf("100\\%"));
    expect(textOf("100%")).toBe(`drawtext=text=${escapeFilterValue("100\\%")}`);
    expect(textOf("%{pts}")).toBe(`drawtext=text=${escapeFilterValue("%{pts}")}`);
  });

  it("lays pictures over with labels of their own, and goes on behind them", () => {
    const graph = filterGraph(
      [
        { kind: "scale", width: 64, height: 36 },
        { kind: "watermark", path: "/a b,c.png", place: "top-right" },
        { kind: "watermark", path: "/d.png", place: "center" },
        { kind: "text", text: "50\\%: %{localtime}", place: "bottom-left", size: 12, font: undefined },
      ],
      ["format=yuv420p"],
    );
    expect(graph.split(";")).toEqual([
      "scale=w=64:h=36[v0]",
      "movie=filename=file\\\\\\:/a\\\\\\ b\\\\\\,c.png[w0]",
      "[v0][w0]overlay=x=main_w-overlay_w-main_w/50:y=main_w/50[v2]",
      "movie=filename=file\\\\\\:/d.png[w2]",
      expect.stringMatching(
        /^\[v2\]\[w2\]overlay=x=\(main_w.*,drawtext=text=50.*fontsize=12.*,format=yuv420p$/,
      ),
    ]);
  });

  it("begins with a watermark where nothing comes before", () => {
    expect(filterGraph([{ kind: "watermark", path: "/l.png", place: "bottom-left" }])).toBe(
      "null[v0];movie=filename=file\\\\\\:/l.png[w0];" +
        "[v0][w0]overlay=x=main_w/50:y=main_h-overlay_h-main_w/50",
    );
  });
});

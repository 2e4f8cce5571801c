import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { replaceSection } from "../../bench/section.js";

describe("the README's performance section", () => {
  it("is replaced between its markers, and nothing else is", () => {
    const document = "# A\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n## B\n";
    const replaced = "# A\n<!-- bench: begin -->\nnew\n<!-- bench: end -->\n## B\n";
    expect(replaceSection(document, "new")).toBe(replaced);
    expect(replaceSection(replaced, "new")).toBe(replaced);
  });

  it.each(["", "<!-- bench: begin -->", "<!-- bench: end --><!-- bench: begin -->"])(
    "is not written into a document without them: %j",
    (document) => {
      expect(() => replaceSection(document, "new")).toThrow("must have one line");
    },
  );

  it("has its markers in the README", () => {
    expect(replaceSection(readFileSync("README.md", "utf8"), "TABLE")).toContain("TABLE");
  });
});
